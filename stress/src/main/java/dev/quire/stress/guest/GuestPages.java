/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.guest;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.guest.ConversionResult;
import dev.quire.engine.guest.GuestAccess;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.GuestSplitPolicy;
import dev.quire.engine.guest.SecondaryMmu;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.stress.GuardedState;
import dev.quire.stress.Progress;
import dev.quire.stress.Slots;

/**
 * One guest memory, of which each state of a scenario has a huge page of 2 MiB for itself. The page that is raced for
 * is number {@link #PAGE} in it; the one after it may be shared all the time, so that a conversion of the page alone
 * changes no folio.
 */
final class GuestPages {
    /** The fault was refused: the page is in the other state. */
    static final int REFUSED = 0;

    /** The page was held, in the state asked for and as it should be, until the conversion was over. */
    static final int HELD = 1;

    /** The page was converted while it was held, or was held in a folio that does not fit; or another result. */
    static final int WRONG = 9;

    /** Added if the fault came while the conversion was under way. */
    static final int CAME_DURING = 10;

    private static final int NR_SLOTS = 1 << 14;
    private static final int HUGE_ORDER = Geometry.PMD_ORDER;
    private static final long PAGE = 2;

    /** Another page, which the guest maps. */
    private static final long BESIDE = 7;

    private final GuestMemory guest;
    private final Folios folios;
    private final GuestAccess access;
    private final Slots slots = new Slots(NR_SLOTS);
    private final LeafTable leaves = new LeafTable(NR_SLOTS, BESIDE);
    private final boolean isNeighbourShared;

    /** Makes private memory that the guest maps nothing of. */
    GuestPages(boolean isNeighbourShared) {
        this(isNeighbourShared, false);
    }

    private GuestPages(boolean isNeighbourShared, boolean isMapped) {
        long sizeBytes = NR_SLOTS * Geometry.bytesIn(HUGE_ORDER);
        Quire quire = Quire.builder().capacityBytes(sizeBytes).open();
        folios = quire.folios();
        guest = quire.newGuestMemory(
                sizeBytes, HUGE_ORDER, GuestSplitPolicy.NON_UNIFORM, isMapped ? leaves : SecondaryMmu.NONE);
        access = guest.newAccess(quire.newReader());
        this.isNeighbourShared = isNeighbourShared;
    }

    /** Makes private memory that the guest maps. */
    static GuestPages mapped() {
        return new GuestPages(false, true);
    }

    /** Takes a huge page that is not populated for a new state; its page is private. */
    OwnPage takeMissing() {
        OwnPage page = new OwnPage(slots.tryTake());
        page.guardAction(page::empty);
        return page;
    }

    /** Takes a huge page for a new state; its page is shared or not. */
    OwnPage take(boolean shared) {
        OwnPage page = new OwnPage(slots.tryTake());
        page.guardAction(() -> page.populate(shared));
        return page;
    }

    private static void requireOk(int result) {
        if (result != Errno.OK) {
            throw new IllegalStateException("the state cannot be made: result=" + Errno.name(result));
        }
    }

    /** Whether a conversion of a page is under way; those of other states change the sequence, but not that. */
    private boolean isBeingConverted(long index) {
        long sequence;
        boolean isInvalidated;
        do {
            sequence = guest.invalidateSequence();
            isInvalidated = guest.isInvalidated(sequence, index, index + 1);
        } while (guest.invalidateSequence() != sequence);
        return isInvalidated;
    }

    /** The page of one state. */
    final class OwnPage extends GuardedState {
        private final long hugeBytes;
        private final long index;

        private OwnPage(int slot) {
            super(slot);
            hugeBytes = slot * Geometry.bytesIn(HUGE_ORDER);
            index = ((long) slot << HUGE_ORDER) + PAGE;
        }

        private void empty() {
            requireOk(guest.punchHole(hugeBytes, Geometry.bytesIn(HUGE_ORDER)).error());
        }

        private void populate(boolean shared) {
            leaves.clear(slot());
            requireOk(guest.allocate(hugeBytes, Geometry.bytesIn(HUGE_ORDER)));
            if (isNeighbourShared) {
                requireOk(convertPage(index + 1, true));
            }
            if (shared) {
                requireOk(convertPage(index, true));
            }
        }

        private int convertPage(long pageIndex, boolean toShared) {
            long offsetBytes = pageIndex << Geometry.PAGE_SHIFT;
            ConversionResult result = toShared
                    ? guest.convertToShared(offsetBytes, Geometry.PAGE_BYTES)
                    : guest.convertToPrivate(offsetBytes, Geometry.PAGE_BYTES);
            return result.error();
        }

        /** Converts the page; 0 or an error number. */
        int convert(boolean toShared) {
            return guard(() -> convertPage(index, toShared));
        }

        /** Faults the page in as the host or the guest, and holds it until the conversion is over. */
        int faultAndHold(boolean asHost, Progress conversion) {
            return guard(() -> {
                int cameDuring = isBeingConverted(index) ? CAME_DURING : 0;
                long folio = fault(index, asHost);
                if (folio < 0) {
                    return cameDuring + (folio == Errno.EACCES ? REFUSED : WRONG);
                }
                boolean isRight = isAsAskedFor(folio, index, asHost);
                conversion.await();
                isRight &= isAsAskedFor(folio, index, asHost);
                folios.unpin(folio);
                return cameDuring + (isRight ? HELD : WRONG);
            });
        }

        /**
         * Faults a page in that lies beside, which is being converted or not, and gives it back; {@link #CAME_DURING}
         * if it need not wait.
         */
        int faultBeside(long distancePages, boolean asHost) {
            return guard(() -> {
                long beside = index + distancePages;
                boolean during = isBeingConverted(index);
                long folio = fault(beside, asHost);
                during &= isBeingConverted(index);
                boolean isRight = folio > 0 && isAsAskedFor(folio, beside, asHost);
                if (folio > 0) {
                    folios.unpin(folio);
                }
                return (during ? CAME_DURING : 0) + (isRight ? HELD : WRONG);
            });
        }

        private long fault(long pageIndex, boolean asHost) {
            return asHost ? access.hostFault(pageIndex) : access.guestFault(pageIndex, true);
        }

        /**
         * Maps the page beside, in as large a leaf as its folio: 1; 0 if the leaf has a page that is being converted.
         */
        int map() {
            return guard(this::mapBeside);
        }

        private int mapBeside() {
            long beside = index - PAGE + BESIDE;
            while (true) {
                long sequence = guest.invalidateSequence();
                long folio = access.guestFault(beside, true);
                int order = folios.order(folio);
                folios.unpin(folio);
                // Not held any more: the leaf counts on the zap alone.
                if (leaves.map(guest, sequence, slot(), order)) {
                    return 1;
                }
                // Or another state's page was converted.
                if (isBeingConverted(index)) {
                    return 0;
                }
            }
        }

        /** Whether the leaf that was mapped has lost the page if it was converted, and then nothing else. */
        boolean isMappedRightly(int conversionResult) {
            return !leaves.isZappedBeyond(slot()) && (conversionResult != Errno.OK || !leaves.maps(slot(), index));
        }

        /** Makes the huge page private, and gives it back; what its actors saw; {@link #BROKEN}; or {@link #WRONG}. */
        int recycle(int seen) {
            int result = guard(() -> guest.convertToPrivate(hugeBytes, Geometry.bytesIn(HUGE_ORDER))
                    .error());
            boolean inOrder = result == Errno.OK;
            recycleSlot(slots, inOrder);
            return verdict(seen, inOrder);
        }
    }

    private boolean isAsAskedFor(long folio, long index, boolean asHost) {
        long start = folios.index(folio);
        int order = folios.order(folio);
        boolean covers = index >= start && index < start + Geometry.pagesIn(order);
        return covers && guest.isShared(index) == asHost && (!asHost || order == 0);
    }
}
