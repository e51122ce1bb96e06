/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.lock.References;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.stress.FolioSource;
import dev.quire.stress.GuardedState;
import dev.quire.stress.PinCheck;
import dev.quire.stress.Progress;
import dev.quire.stress.SlotStates;

/**
 * An engine with many files in memory, of which each state of a scenario has one for itself, because only a whole file
 * can be truncated. A file has 16 pages, cached in two folios of order 3.
 */
final class OwnFiles {
    private static final int NR_SLOTS = 1 << 14;
    private static final int FOLIO_ORDER = 3;
    private static final int PAGE_BITS = FOLIO_ORDER + 1;
    private static final int NR_PAGES = 1 << PAGE_BITS;
    private static final long SIZE_BYTES = (long) NR_PAGES * Geometry.PAGE_BYTES;

    private final Quire quire;
    private final PinCheck check;
    private final FolioSource source;
    private final RcuReader reader;
    private final SlotStates<OwnFile> files;

    /** Makes no file yet. */
    OwnFiles(HeadMapKind headMap) {
        quire = Quire.builder()
                .capacityBytes(8 * NR_SLOTS * SIZE_BYTES)
                .addressSpaces(NR_SLOTS + 1)
                .headMap(headMap)
                .open();
        check = new PinCheck(quire, FOLIO_ORDER);
        source = new FolioSource(quire);
        reader = quire.newReader();
        files = new SlotStates<>(NR_SLOTS, OwnFile::new);
    }

    /** The file of a new state, with all its pages. */
    OwnFile take() {
        OwnFile file = files.take();
        file.guardAction(file::fill);
        return file;
    }

    /** The file of one state after another. Its reader looks for one page, and its writer truncates it to one size. */
    final class OwnFile extends GuardedState {
        /** Where the reader's page is: before the new end. */
        static final int KEPT = 0;

        /** Beyond the new end, which is inside the page's folio. */
        static final int CUT_OFF = 1;

        /** Beyond the new end, with its whole folio. */
        static final int DROPPED = 2;

        /** Added to what a reader pinned if it came while the page's folio was frozen, or free. */
        private static final int CAME_FROZEN = 10;

        private static final int[] NEW_ENDS = {0, 3, 8, 13};
        private static final int END_BITS = 2;

        private final int page;
        private final int newEnd;
        private final boolean holds;
        private final AddressSpace file;
        private final FolioLookup lookup;
        private long folioOfPage;

        private OwnFile(int slot) {
            super(slot);
            page = slot & (NR_PAGES - 1);
            newEnd = NEW_ENDS[(slot >>> PAGE_BITS) & (NEW_ENDS.length - 1)];
            holds = ((slot >>> (PAGE_BITS + END_BITS)) & 1) == 1;
            file = quire.newAddressSpace();
            lookup = file.newLookup(reader);
        }

        private void fill() {
            file.extend(SIZE_BYTES);
            for (int index = 0; index < NR_PAGES; index += 1 << FOLIO_ORDER) {
                long folio = source.allocate(FOLIO_ORDER);
                check.stamp(folio, stampOf(index));
                int result = file.add(folio, index);
                if (result != Errno.OK) {
                    throw new IllegalStateException("cannot cache the folio: result=" + Errno.name(result));
                }
                quire.folios().unpin(folio);
                folioOfPage = index <= page ? folio : folioOfPage;
            }
        }

        /** Where the reader's page is. */
        int place() {
            if (page < newEnd) {
                return KEPT;
            }
            boolean isInside =
                    page >>> FOLIO_ORDER == newEnd >>> FOLIO_ORDER && !Geometry.isAligned(newEnd, FOLIO_ORDER);
            return isInside ? CUT_OFF : DROPPED;
        }

        /** Pins the folio of the page by its index, and lets go of it; see {@link PinCheck#inspectAndUnpin}. */
        int lookUp() {
            return guard(() -> check.inspectAndUnpin(lookup.pin(page), page, stampOf(page)));
        }

        /**
         * The same, noting whether the folio was frozen. Every other file holds what it has pinned until the truncation
         * is over, so that this often meets a folio in use; the others let go at once, so that it often meets one that
         * can be split.
         */
        int lookUpBeside(Progress truncation) {
            return guard(() -> {
                int cameFrozen = References.count(folioOfPage) == 0 ? CAME_FROZEN : 0;
                long pinned = lookup.pin(page);
                int seen = holds
                        ? check.inspectHoldAndUnpin(pinned, page, stampOf(page), truncation)
                        : check.inspectAndUnpin(pinned, page, stampOf(page));
                return seen + cameFrozen;
            });
        }

        void truncate() {
            guardAction(() -> file.truncate((long) newEnd * Geometry.PAGE_BYTES, SplitPolicies.RANGE));
        }

        /**
         * Empties the file for the next state; what actors have seen, {@link PinCheck#WRONG} if it cannot be emptied,
         * or {@link #BROKEN}.
         */
        int recycle(int seen) {
            boolean isEmpty = guard(this::cutAll) == 0;
            files.recycle(this, isEmpty);
            return verdict(seen, isEmpty);
        }

        /** Cuts the whole file off; returns how many pages are left. */
        private int cutAll() {
            // As large as before first: else what a broken engine has left beyond its end would stay.
            file.extend(SIZE_BYTES);
            file.truncate(0, SplitPolicies.RANGE);
            return (int) file.nrPages();
        }

        private long stampOf(int index) {
            return (long) slot() * NR_PAGES + index + 1;
        }
    }
}
