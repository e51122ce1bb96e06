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
 * One process with anonymous memory, of which each state of a scenario has a folio for itself, mapped by large leaves
 * of 2 MiB. No frame is ever touched, so that a state takes little memory.
 */
final class LargeLeaves {
    /** Looks that a walk takes while what it sees does not change. */
    private static final int PATIENCE = 100;

    /** A walk saw the page through an entry of its own, through a large leaf, or not: it was on its way. */
    static final int SMALL_LEAF = 1;

    static final int LARGE_LEAF = 2;
    static final int MIGRATING = 3;

    private static final int LEAF_ORDER = Geometry.PMD_ORDER;
    private static final long NR_LEAF_PAGES = Geometry.pagesIn(LEAF_ORDER);
    private static final int NR_SLOTS = 1 << 14;
    private static final FaultHandler NOTHING_TO_MAP = (tables, address, forWriting) -> false;

    private final int order;
    private final long nrPages;
    private final Quire quire;
    private final Folios folios;
    private final AnonVma owner;
    private final PageTables tables;
    private final PageWalker walker;
    private final FolioSource source;
    private final Slots slots = new Slots(NR_SLOTS);

    /** Makes a process that maps nothing; each state will have one large leaf. */
    LargeLeaves() {
        this(LEAF_ORDER);
    }

    /** Makes a process that maps nothing; each state will have a folio of an order of at least 9. */
    LargeLeaves(int order) {
        this.order = order;
        nrPages = Geometry.pagesIn(order);
        quire = Quire.builder()
                .capacityBytes(4L * NR_SLOTS * Geometry.bytesIn(order))
                .open();
        folios = quire.folios();
        owner = quire.newAnonVma();
        tables = quire.newPageTables();
        tables.addRegion(0, NR_SLOTS * nrPages, owner, 0);
        source = new FolioSource(quire);
        walker = tables.newWalker(quire.newReader());
    }

    /** Maps a folio in the range of a new state. */
    State take() {
        return new State();
    }

    /** Maps a folio in the range of a new state, and splits it into pieces smaller than its large leaves were. */
    State takeInPieces() {
        State state = new State();
        if (state.split() != Errno.OK) {
            state.giveUp();
        }
        return state;
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

    /** A range; its reader looks for the last page of its first 2 MiB. */
    final class State extends MappedPage {
        private final long startAddress;
        private final long lastAddress;
        private final long folio;
        private int lastSeen;

        private State() {
            super(slots.tryTake());
            startAddress = slot() * Geometry.bytesIn(order);
            lastAddress = startAddress + Geometry.HUGE_PAGE_BYTES - 1;
            folio = guardHandle(this::map);
        }

        private long map() {
            long mapped = source.allocate(order);
            owner.adopt(mapped, slot() * nrPages);
            for (long page = 0; page < nrPages; page += NR_LEAF_PAGES) {
                long address = startAddress + page * Geometry.PAGE_BYTES;
                int result = tables.mapHuge(address, mapped, page, LEAF_ORDER, true);
                if (result != Errno.OK) {
                    throw new IllegalStateException("cannot map the folio: result=" + Errno.name(result));
                }
            }
            return mapped;
        }

        // ---- what readers do

        @Override
        long page() {
            return folio + (NR_LEAF_PAGES - 1) * PageStruct.BYTES;
        }

        /** Whether the page is mapped: not while it migrates, nor while its leaf is being split. */
        @Override
        boolean isMapped() {
            return walker.touch(lastAddress, false);
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

        /** Visits what maps the page; says what it came to, as a fault does. */
        int visit() {
            return guard(() -> {
                int came = isMapped() ? 0 : CAME_IN_TIME;
                int seen = look();
                return came + (seen == SMALL_LEAF || seen == LARGE_LEAF ? PAGE : seen);
            });
        }

        /**
         * Looks at what maps the page again and again until it is a large leaf, or patience is lost; what it was in the
         * end, {@link #NOTHING} or {@link #OTHER_PAGE} if it ever was; 10 more if the page was on its way before.
         */
        int watch() {
            return guard(() -> {
                int before = 0;
                int seen = look();
                for (int i = 0; i < PATIENCE && (seen == SMALL_LEAF || seen == MIGRATING); i++) {
                    before |= seen == MIGRATING ? CAME_IN_TIME : 0;
                    seen = look();
                }
                return before + seen;
            });
        }

        private int look() {
            lastSeen = NOTHING;
            walker.forEachLeaf(lastAddress + 1 - Geometry.PAGE_BYTES, lastAddress + 1, this::see);
            return lastSeen;
        }

        private void see(long address, int leafOrder, long entry) {
            long pageInLeaf = (lastAddress - address) / Geometry.PAGE_BYTES;
            if (PageTableEntry.pfn(entry) + pageInLeaf != quire.arena().pfnOf(page())) {
                lastSeen = OTHER_PAGE;
            } else if (PageTableEntry.isMigration(entry)) {
                lastSeen = MIGRATING;
            } else {
                lastSeen = leafOrder == LEAF_ORDER ? LARGE_LEAF : SMALL_LEAF;
            }
        }

        // ---- what writers do

        /**
         * Splits the folio into pieces of 1 MiB, with its mapping; 0 or an error number. The state gets a reference to
         * each.
         */
        int split() {
            return guard(() -> {
                folios.lock(folio);
                int result = quire.splitter()
                        .split(folio, SplitPolicies.UNIFORM, 0, 1, LEAF_ORDER - 1, SplitPolicies.ALL_ORDERS, true);
                folios.unlock(folio);
                return result;
            });
        }

        /** Merges the pieces, with their mappings; 0 or an error number. */
        int merge() {
            return guard(() -> {
                folios.lock(folio);
                int result = quire.merger().merge(folio, order);
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
                tables.unmap(startAddress, nrPages);
                long end = folio + nrPages * PageStruct.BYTES;
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
