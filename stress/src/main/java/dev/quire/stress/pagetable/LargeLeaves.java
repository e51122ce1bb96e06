/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.AnonVma;
import dev.quire.engine.pagetable.FaultHandler;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.FolioSource;
import dev.quire.stress.Slots;

/**
 * One process with anonymous memory, of which each state of a scenario has 2 MiB for itself, mapped by one large leaf.
 * No frame is ever touched, so that a state takes little memory.
 */
final class LargeLeaves {
    private static final int ORDER = Geometry.PMD_ORDER;
    private static final long NR_PAGES = Geometry.pagesIn(ORDER);
    private static final int NR_SLOTS = 1 << 14;
    private static final FaultHandler NOTHING_TO_MAP = (tables, address, forWriting) -> false;

    private final Quire quire;
    private final Folios folios;
    private final AnonVma owner;
    private final PageTables tables;
    private final PageWalker walker;
    private final FolioSource source;
    private final Slots slots = new Slots(NR_SLOTS);

    /** Makes a process that maps nothing. */
    LargeLeaves() {
        quire = Quire.builder()
                .capacityBytes(4L * NR_SLOTS * Geometry.HUGE_PAGE_BYTES)
                .open();
        folios = quire.folios();
        owner = quire.newAnonVma();
        tables = quire.newPageTables();
        tables.addRegion(0, NR_SLOTS * NR_PAGES, owner, 0);
        source = new FolioSource(quire);
        walker = tables.newWalker(quire.newReader());
    }

    /** Maps a folio in the range of a new state. */
    State take() {
        return new State();
    }

    /** Whether the folio that holds a page now is locked. */
    boolean isFolioLocked(long page) {
        return folios.isLocked(folios.headOf(page));
    }

    /** Wakes all who wait for a page that is mapped again. */
    void wakeWaitersFor(long page) {
        long folio = folios.headOf(page);
        quire.mappers().remap(folio, Geometry.pagesIn(folios.order(folio)));
    }

    /** A range; its reader looks for the last page. */
    final class State extends MappedPage {
        private final long startAddress;
        private final long lastAddress;
        private final long folio;

        private State() {
            super(slots.tryTake());
            startAddress = slot() * Geometry.HUGE_PAGE_BYTES;
            lastAddress = startAddress + Geometry.HUGE_PAGE_BYTES - 1;
            folio = guardHandle(this::map);
        }

        private long map() {
            long mapped = source.allocate(ORDER);
            owner.adopt(mapped, slot() * NR_PAGES);
            int result = tables.mapHuge(startAddress, mapped, 0, ORDER, true);
            if (result != Errno.OK) {
                throw new IllegalStateException("cannot map the folio: result=" + Errno.name(result));
            }
            return mapped;
        }

        // ---- what readers do

        @Override
        long page() {
            return folio + (NR_PAGES - 1) * PageStruct.BYTES;
        }

        /** Whether the page is mapped: not while it migrates, nor while its leaf is being split. */
        @Override
        boolean isMapped() {
            return PageTableEntry.isPresent(walker.entry(lastAddress));
        }

        @Override
        long pin() {
            return walker.pin(lastAddress, true);
        }

        @Override
        long pinOrFault() {
            return walker.pinOrFault(lastAddress, true, NOTHING_TO_MAP);
        }

        @Override
        boolean isRight(long pinned) {
            return pinned == page();
        }

        @Override
        void unpin(long pinned) {
            walker.unpin(pinned);
        }

        // ---- what writers do

        /** Splits the folio into two, with its mapping; 0 or an error number. The state gets a reference to each. */
        int split() {
            return guard(() -> {
                folios.lock(folio);
                int result = quire.splitter()
                        .split(folio, SplitPolicies.UNIFORM, 0, 1, ORDER - 1, SplitPolicies.ALL_ORDERS, true);
                folios.unlock(folio);
                return result;
            });
        }

        /** Splits the leaf. */
        void unmapFirstPage() {
            guardAction(() -> tables.unmap(startAddress, 1));
        }

        // ---- the end of the state

        /** Unmaps the range and lets go of all folios; what actors have seen, or {@link #BROKEN}. */
        int recycle(int seen) {
            guardAction(() -> {
                tables.unmap(startAddress, NR_PAGES);
                long end = folio + NR_PAGES * PageStruct.BYTES;
                for (long piece = folio; piece < end; ) {
                    long next = piece + Geometry.pagesIn(folios.order(piece)) * PageStruct.BYTES;
                    folios.unpin(piece);
                    piece = next;
                }
            });
            recycleSlot(slots, true);
            return verdict(seen, true);
        }
    }
}
