/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.FolioMappers;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.machine.NativeMemory;
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
 * One process with anonymous memory, of which each state of a scenario has a range of 4 pages for itself, mapped from
 * one folio of order 2 or from single pages. Every page frame holds its own index, so that a reader can tell whose
 * bytes it reads. The state has a reference to each of its folios besides those of the page tables.
 */
final class MappedFolios {
    /** Log2 pages of each state's folio. */
    private static final int ORDER = 2;

    /** What a pin came to: its page, in the merged folio. */
    static final int PAGE_OF_WHOLE = 2;

    private static final int NR_PAGES = 1 << ORDER;
    private static final int NR_SLOTS = 1 << 14;
    private static final FaultHandler NOTHING_TO_MAP = (tables, address, forWriting) -> false;

    private final Quire quire;
    private final Folios folios;
    private final FolioMappers mappers;
    private final AnonVma owner;
    private final PageTables tables;
    private final PageWalker walker;

    /** For arbiters, which run in the threads of all actors. */
    private final ThreadLocal<PageWalker> arbiterWalker;

    private final FolioSource source;
    private final Slots slots = new Slots(NR_SLOTS);

    /** Makes a process that maps nothing, in an engine that finds heads by head bits. */
    MappedFolios() {
        this(HeadMapKind.HEAD_BITS);
    }

    /** Makes a process that maps nothing. */
    MappedFolios(HeadMapKind headMap) {
        quire = Quire.builder()
                .capacityBytes(8L * NR_SLOTS * NR_PAGES * Geometry.PAGE_BYTES)
                .headMap(headMap)
                .open();
        folios = quire.folios();
        mappers = quire.mappers();
        owner = quire.newAnonVma();
        tables = quire.newPageTables();
        tables.addRegion(0, (long) NR_SLOTS * NR_PAGES, owner, 0);
        source = new FolioSource(quire);
        walker = tables.newWalker(quire.newReader());
        arbiterWalker = ThreadLocal.withInitial(() -> tables.newWalker(quire.newReader()));
    }

    /** Maps a folio in the range of a new state. */
    State take() {
        return new State();
    }

    /** Maps single pages in the range of a new state. */
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
        mappers.remap(folio, Geometry.pagesIn(folios.order(folio)));
    }

    /** A range; its reader looks for one page of it. */
    final class State extends MappedPage {
        private final long firstIndex;
        private final int readPage;
        private final long folio;

        private State() {
            super(slots.tryTake());
            firstIndex = (long) slot() << ORDER;
            readPage = slot() & (NR_PAGES - 1);
            folio = guardHandle(this::map);
        }

        private long map() {
            long mapped = source.allocate(ORDER);
            for (int i = 0; i < NR_PAGES; i++) {
                NativeMemory.setLong(frame(pageAt(mapped, i)), firstIndex + i);
            }
            owner.adopt(mapped, firstIndex);
            int result = tables.map(addressOf(0), mapped, 0, NR_PAGES, true);
            if (result != Errno.OK) {
                throw new IllegalStateException("cannot map the folio: result=" + Errno.name(result));
            }
            return mapped;
        }

        // ---- what readers do

        @Override
        long page() {
            return pageAt(folio, readPage);
        }

        @Override
        boolean isMapped() {
            return PageTableEntry.isPresent(walker.entry(addressOf(readPage)));
        }

        @Override
        long pin() {
            return walker.pin(addressOf(readPage), true);
        }

        @Override
        long pinOrFault() {
            return walker.pinOrFault(addressOf(readPage), true, NOTHING_TO_MAP);
        }

        @Override
        boolean isRight(long pinned) {
            return NativeMemory.getLong(frame(pinned)) == firstIndex + readPage;
        }

        @Override
        void unpin(long pinned) {
            walker.unpin(pinned);
        }

        /**
         * Pins the page and holds it; what it came to, or {@link #PAGE_OF_WHOLE} if the page is in the folio that all
         * pages are merged into.
         */
        int pinAndHoldPiece() {
            int found = pinAndHold();
            return found == PAGE && folios.order(folios.headOf(held())) == ORDER ? PAGE_OF_WHOLE : found;
        }

        // ---- what writers do

        /** Unmaps the range; returns how many references to the folio there are afterwards beside the state's own. */
        int unmapAndCount() {
            return guard(() -> {
                tables.unmap(addressOf(0), NR_PAGES);
                return folios.references(folio) - 1;
            });
        }

        /**
         * Splits the folio into pages, with its mappings; 0 or an error number. The state gets a reference to each
         * page.
         */
        int split() {
            return guard(() -> {
                folios.lock(folio);
                int result =
                        quire.splitter().split(folio, SplitPolicies.UNIFORM, 0, 1, 0, SplitPolicies.ALL_ORDERS, true);
                folios.unlock(folio);
                return result;
            });
        }

        /** Merges the pages, with their mappings; 0 or an error number. */
        int merge() {
            return guard(() -> {
                folios.lock(folio);
                int result = quire.merger().merge(folio, ORDER);
                folios.unlock(folio);
                return result;
            });
        }

        // ---- the end of the state

        /**
         * Lets go of all folios, and unmaps the range; the number of folios, 0 if their counts or entries are not in
         * order.
         */
        int recycle() {
            letGo();
            int nrFolios = isBroken() ? 0 : nrFolios();
            if (nrFolios > 0) {
                giveBack();
            } else {
                recycleSlot(slots, false);
            }
            return isBroken() ? 0 : nrFolios;
        }

        /** The same, whatever is mapped; what actors have seen, or {@link #BROKEN}. */
        int recycle(int seen) {
            letGo();
            giveBack();
            return verdict(seen, true);
        }

        private void giveBack() {
            guardAction(() -> {
                tables.unmap(addressOf(0), NR_PAGES);
                for (int i = 0; i < NR_PAGES; ) {
                    long piece = pageAt(folio, i);
                    i += 1 << folios.order(piece);
                    folios.unpin(piece);
                }
            });
            recycleSlot(slots, true);
        }

        private int nrFolios() {
            int nrFolios = 0;
            for (int i = 0; i < NR_PAGES; nrFolios++) {
                long piece = pageAt(folio, i);
                int nrPages = 1 << folios.order(piece);
                boolean isCounted = FolioMapcounts.total(piece) == nrPages && folios.references(piece) == nrPages + 1;
                if (i + nrPages > NR_PAGES || folios.isLocked(piece) || !isCounted || !areAllMapped(piece, i)) {
                    return 0;
                }
                i += nrPages;
            }
            return nrFolios;
        }

        /** Whether all pages of a folio are mapped where they belong, and lead to it. */
        private boolean areAllMapped(long piece, int firstPage) {
            for (int i = 0; i < 1 << folios.order(piece); i++) {
                long page = pageAt(piece, i);
                long entry = arbiterWalker.get().entry(addressOf(firstPage + i));
                boolean isPage = PageTableEntry.isPresent(entry)
                        && PageTableEntry.pfn(entry) == quire.arena().pfnOf(page);
                if (!isPage || folios.headOf(page) != piece) {
                    return false;
                }
            }
            return true;
        }

        private long addressOf(int page) {
            return (firstIndex + page) << Geometry.PAGE_SHIFT;
        }
    }

    private static long pageAt(long folio, int page) {
        return folio + (long) page * PageStruct.BYTES;
    }

    private long frame(long page) {
        return quire.arena().frameOf(page);
    }
}
