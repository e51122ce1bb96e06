/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.AnonymousMemory;
import dev.quire.engine.pagetable.LargeFolioOrders;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.pagetable.Protection;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.Alarm;
import dev.quire.stress.GuardedState;
import dev.quire.stress.SlotStates;

/**
 * An engine with many processes, of which each state of a scenario has one for itself. It has 4 pages of anonymous
 * memory, in one folio of order 2, to which the state has a reference, and moves them into the range of another table.
 */
final class MovedMemory {
    /** Where a walk saw the page: nowhere, at one of the places, or at both; or what it saw was another page. */
    private static final int NOWHERE = 0;

    private static final int AT_OLD_PLACE = 1;
    private static final int AT_NEW_PLACE = 2;
    private static final int OTHER_PAGE = 9;

    /** Added for what shows that the actors met. */
    private static final int MET = 10;

    /** Added if a fault slept on although the page was mapped and its folio unlocked. */
    private static final int OVERSLEPT = 100;

    private static final int ORDER = 2;
    private static final int NR_PAGES = 1 << ORDER;
    private static final int NR_SLOTS = 1 << 14;
    private static final int PATIENCE = 100;
    private static final int MOVE_DELAY_SPINS = 100;
    private static final long START = 1L << 30;
    private static final long TARGET = START + Geometry.HUGE_PAGE_BYTES;
    private static final long LENGTH_BYTES = Geometry.bytesIn(ORDER);
    private static final LargeFolioOrders ORDERS = new LargeFolioOrders(1L << ORDER, 0);

    private final Quire quire = Quire.builder()
            .capacityBytes(16L * NR_SLOTS * LENGTH_BYTES)
            .addressSpaces(2 * NR_SLOTS)
            .open();
    private final Folios folios = quire.folios();
    private final ThreadLocal<RcuReader> readers = ThreadLocal.withInitial(quire::newReader);
    private final SlotStates<MovedPages> processes = new SlotStates<>(NR_SLOTS, MovedPages::new);

    /** The process of a new state, all of whose pages were written to. */
    MovedPages take() {
        MovedPages process = processes.take();
        process.begin();
        return process;
    }

    /** Whether a folio is locked. */
    boolean isFolioLocked(long folio) {
        return folios.isLocked(folio);
    }

    /** Wakes all who wait for a page of a folio that is mapped again. */
    void wakeWaitersFor(long folio) {
        quire.mappers().remap(folio, NR_PAGES);
    }

    /** The process of one state after another. */
    final class MovedPages extends GuardedState {
        private final AnonymousMemory memory = quire.newAnonymousMemory(SplitPolicies.UNIFORM, ORDERS);
        private long folio;

        private MovedPages(int slot) {
            super(slot);
        }

        private void begin() {
            folio = guardHandle(() -> {
                require(memory.map(START, LENGTH_BYTES, Protection.READ_WRITE));
                long page = walker().pinOrFault(START, true, memory);
                if (folios.headOf(page) != page || folios.order(page) != ORDER) {
                    throw new IllegalStateException("the first fault has not brought in all pages");
                }
                return page;
            });
        }

        /** Takes the memory from the process for the next state. */
        void recycle() {
            guardAction(() -> {
                require(memory.unmap(START, TARGET + LENGTH_BYTES - START));
                folios.unpin(folio);
            });
            processes.recycle(this, true);
        }

        // ---- what readers do

        /**
         * Looks for a page again and again, until it is at the new place; where it was seen at last, and 10 more if it
         * was nowhere before.
         */
        int watch() {
            return guard(() -> {
                PageWalker walker = walker();
                int page = slot() % NR_PAGES;
                int before = 0;
                int seen = look(walker, page);
                for (int i = 0; i < PATIENCE && seen <= AT_OLD_PLACE; i++) {
                    before |= seen == NOWHERE ? MET : 0;
                    seen = look(walker, page);
                }
                return before + seen;
            });
        }

        /**
         * Uses a page at the old place, waiting while it is on its way; where it was, and 10 more if it was on its way
         * when this came, 100 more if the alarm woke it.
         */
        int fault(Alarm alarm) {
            if (isBroken()) {
                return BROKEN;
            }
            alarm.beforeSleep(folio);
            int found = guard(() -> {
                PageWalker walker = walker();
                int page = slot() % NR_PAGES;
                long address = START + (long) page * Geometry.PAGE_BYTES;
                int met = PageTableEntry.isMigration(walker.entry(address)) ? MET : 0;
                long pinned = walker.pinOrFault(address, true, memory);
                if (pinned == PageWalker.NOT_PINNED) {
                    return met + NOWHERE;
                }
                walker.unpin(pinned);
                return met + (pinned == folio + (long) page * PageStruct.BYTES ? AT_OLD_PLACE : OTHER_PAGE);
            });
            return found + (alarm.afterSleep() ? OVERSLEPT : 0);
        }

        /** Looks at the new place first: what is there has left the old one for good. */
        private int look(PageWalker walker, int page) {
            long atNew = walker.entry(TARGET + (long) page * Geometry.PAGE_BYTES);
            long atOld = walker.entry(START + (long) page * Geometry.PAGE_BYTES);
            return isOther(atNew, page) || isOther(atOld, page)
                    ? OTHER_PAGE
                    : (atNew == PageTableEntry.NONE ? 0 : AT_NEW_PLACE)
                            + (atOld == PageTableEntry.NONE ? 0 : AT_OLD_PLACE);
        }

        private boolean isOther(long entry, int page) {
            return entry != PageTableEntry.NONE
                    && PageTableEntry.pfn(entry) != quire.arena().pfnOf(folio) + page;
        }

        /** Pages that are mapped just once, at the new place, and counted as they should be. */
        int nrPagesArrived() {
            return guard(() -> {
                PageWalker walker = walker();
                int nrArrived = 0;
                for (int page = 0; page < NR_PAGES; page++) {
                    long piece = folio + (long) page * PageStruct.BYTES;
                    boolean isCounted = folios.order(piece) == 0
                            && FolioMapcounts.total(piece) == 1
                            && folios.references(piece) == (page == 0 ? 2 : 1);
                    long entry = walker.entry(TARGET + (long) page * Geometry.PAGE_BYTES);
                    boolean isThere = look(walker, page) == AT_NEW_PLACE && PageTableEntry.isPresent(entry);
                    nrArrived += isCounted && isThere ? 1 : 0;
                }
                return nrArrived;
            });
        }

        /** The same of a folio that has not been split. */
        int nrPagesMoved() {
            return guard(() -> {
                PageWalker walker = walker();
                boolean isCounted = FolioMapcounts.total(folio) == NR_PAGES && folios.references(folio) == NR_PAGES + 1;
                int nrMoved = 0;
                for (int page = 0; page < NR_PAGES; page++) {
                    long entry = walker.entry(TARGET + (long) page * Geometry.PAGE_BYTES);
                    boolean isThere = look(walker, page) == AT_NEW_PLACE && PageTableEntry.isPresent(entry);
                    nrMoved += isCounted && isThere ? 1 : 0;
                }
                return nrMoved;
            });
        }

        // ---- what writers do

        /** Moves the memory while migration entries stand for its pages; 0 or an error number. */
        int moveOnItsWay() {
            return guard(() -> {
                folios.lock(folio);
                quire.mappers().unmap(folio);
                // A fault that comes at this moment is to meet the migration entries before they move.
                for (int spin = 0; spin < MOVE_DELAY_SPINS; spin++) {
                    Thread.onSpinWait();
                }
                int result = memory.remap(START, LENGTH_BYTES, TARGET, LENGTH_BYTES);
                quire.mappers().remap(folio, NR_PAGES);
                folios.unlock(folio);
                return result;
            });
        }

        /** Moves the memory; 0 or an error number. */
        int move() {
            return guard(() -> memory.remap(START, LENGTH_BYTES, TARGET, LENGTH_BYTES));
        }

        /** The same; 10 if a migration entry stood for the first page just before it or after it. */
        int moveBesideSplit() {
            return guard(() -> {
                PageWalker walker = walker();
                boolean isMigrating = PageTableEntry.isMigration(walker.entry(START));
                int result = memory.remap(START, LENGTH_BYTES, TARGET, LENGTH_BYTES);
                isMigrating |= PageTableEntry.isMigration(walker.entry(TARGET));
                return result == Errno.OK && isMigrating ? MET : result;
            });
        }

        /** Splits the folio into pages, of which the first keeps the state's reference; 0 or an error number. */
        int split() {
            return guard(() -> {
                folios.lock(folio);
                int result = quire.splitter().splitUniform(folio, 0);
                folios.unlock(folio);
                return result;
            });
        }

        private PageWalker walker() {
            return memory.tables().newWalker(readers.get());
        }
    }

    private static void require(int result) {
        if (result != Errno.OK) {
            throw new IllegalStateException("a call is refused: result=" + Errno.name(result));
        }
    }
}
