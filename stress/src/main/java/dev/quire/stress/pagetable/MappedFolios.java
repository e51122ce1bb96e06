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
import dev.quire.stress.Alarm;
import dev.quire.stress.Slots;

/**
 * One process with anonymous memory, of which each state of a scenario has a range of 4 pages for itself, mapped from one
 * folio of order 2. Every page frame holds its own index, so that a reader can tell whose bytes it reads. The state has a
 * reference to its folio besides those of the page tables.
 */
final class MappedFolios {
    /** Log2 pages of each state's folio. */
    static final int ORDER = 2;

    /** What {@link #fault} came to: nothing was mapped at the page. */
    private static final int FOUND_NOTHING = 0;

    /** What {@link #fault} came to: its page. */
    private static final int FOUND_PAGE = 1;

    /** What {@link #fault} came to: another page. */
    private static final int FOUND_OTHER = 9;

    /** Added if there was a migration entry when the fault came. */
    private static final int MET_MIGRATION = 10;

    /** Added if the fault slept on although the page was mapped and its folio unlocked. */
    private static final int OVERSLEPT = 100;

    private static final int NR_PAGES = 1 << ORDER;
    private static final int NR_SLOTS = 1 << 14;
    private static final FaultHandler NOTHING = (tables, address, forWriting) -> false;

    private final Quire quire;
    private final Folios folios;
    private final FolioMappers mappers;
    private final AnonVma owner;
    private final PageTables tables;
    private final PageWalker walker;

    /** For arbiters, which run in the threads of all actors. */
    private final ThreadLocal<PageWalker> arbiterWalker;

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
        walker = tables.newWalker(quire.newReader());
        arbiterWalker = ThreadLocal.withInitial(() -> tables.newWalker(quire.newReader()));
    }

    // ---- the state

    /** Maps a folio in a new state's range. */
    long take() {
        int slot = slots.take();
        long folio = folios.allocate(ORDER);
        if (folio == 0) {
            quire.awaitReclaim();
            folio = folios.allocate(ORDER);
        }
        long base = (long) slot * NR_PAGES;
        for (int page = 0; page < NR_PAGES; page++) {
            NativeMemory.setLong(frame(folio, page), base + page);
        }
        owner.adopt(folio, base);
        int result = tables.map(addressOf(base, 0), folio, 0, NR_PAGES, true);
        if (result != Errno.OK) {
            throw new IllegalStateException("cannot map the folio: result=" + Errno.name(result));
        }
        return folio;
    }

    /** Maps single pages in a new state's range, which has a reference to each; returns the first. */
    long takeInPieces() {
        long folio = take();
        int result = split(folio);
        if (result != Errno.OK) {
            throw new IllegalStateException("cannot split the folio: result=" + Errno.name(result));
        }
        return folio;
    }

    /** First index of a state's range. */
    long baseOf(long folio) {
        return NativeMemory.getLong(frame(folio, 0));
    }

    /** The page of a range that its reader looks for: all of them in turn. */
    static int pageOf(long base) {
        return (int) (base / NR_PAGES) % NR_PAGES;
    }

    /** Unmaps a state's range and lets go of its folio, or of all the folios that it was split into. */
    void giveBack(long base, long folio) {
        tables.unmap(addressOf(base, 0), NR_PAGES);
        for (int page = 0; page < NR_PAGES; ) {
            long piece = pageAt(folio, page);
            page += 1 << folios.order(piece);
            folios.unpin(piece);
        }
        slots.giveBack((int) (base / NR_PAGES));
    }

    /** Gives a state back that nobody else uses any more; the number of its folios, 0 if counts or entries are not in order. */
    int recycle(long base, long folio) {
        int nrFolios = nrFolios(base, folio);
        if (nrFolios > 0) {
            giveBack(base, folio);
        } else {
            slots.abandon((int) (base / NR_PAGES));
        }
        return nrFolios;
    }

    private int nrFolios(long base, long folio) {
        int nrFolios = 0;
        for (int page = 0; page < NR_PAGES; nrFolios++) {
            long piece = pageAt(folio, page);
            int nrPages = 1 << folios.order(piece);
            boolean isCounted = FolioMapcounts.total(piece) == nrPages && folios.references(piece) == nrPages + 1;
            if (page + nrPages > NR_PAGES || folios.isLocked(piece) || !isCounted || !isMapped(base, piece, page)) {
                return 0;
            }
            page += nrPages;
        }
        return nrFolios;
    }

    /** Whether all pages of a folio are mapped where they belong, and lead to it. */
    private boolean isMapped(long base, long piece, int firstPage) {
        for (int i = 0; i < 1 << folios.order(piece); i++) {
            long page = pageAt(piece, i);
            long entry = arbiterWalker.get().entry(addressOf(base, firstPage + i));
            boolean isPage = PageTableEntry.isPresent(entry)
                    && PageTableEntry.pfn(entry) == quire.arena().pfnOf(page);
            if (!isPage || folios.headOf(page) != piece) {
                return false;
            }
        }
        return true;
    }

    /** Handle of a page of a state's folio. */
    static long pageAt(long folio, int page) {
        return folio + (long) page * PageStruct.BYTES;
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

    // ---- what writers do

    /** Unmaps a range; returns how many references to the folio there are afterwards beside the state's own. */
    int unmapAndCount(long base, long folio) {
        tables.unmap(addressOf(base, 0), NR_PAGES);
        return folios.references(folio) - 1;
    }

    /** Splits the folio into pages, with its mappings; 0 or an error number. The state gets a reference to each page. */
    int split(long folio) {
        folios.lock(folio);
        int result = quire.splitter().split(folio, SplitPolicies.UNIFORM, 0, 1, 0, SplitPolicies.ALL_ORDERS, true);
        folios.unlock(folio);
        return result;
    }

    /** Merges the pages, with their mappings; 0 or an error number. */
    int mergeMapped(long folio) {
        folios.lock(folio);
        int result = quire.merger().merge(folio, ORDER);
        folios.unlock(folio);
        return result;
    }

    // ---- what readers do

    /** Whether nothing is mapped at a page just now. */
    boolean isUnmapped(long base, int page) {
        return walker.entry(addressOf(base, page)) == PageTableEntry.NONE;
    }

    /** Whether a page migrates just now. */
    boolean isMigrating(long base, int page) {
        return PageTableEntry.isMigration(walker.entry(addressOf(base, page)));
    }

    /** Pins a page if it is mapped. */
    long pin(long base, int page) {
        return walker.pin(addressOf(base, page), true);
    }

    /** Pins a page, waiting while it migrates; 0 if it meets an address at which nothing is mapped. */
    long pinOrFault(long base, int page) {
        return walker.pinOrFault(addressOf(base, page), true, NOTHING);
    }

    /** Pins a page and lets go of it, waiting while it migrates; says what it came to. The alarm wakes it if nobody else does. */
    int fault(long base, long folio, int page, Alarm alarm) {
        int met = isMigrating(base, page) ? MET_MIGRATION : 0;
        alarm.beforeSleep(pageAt(folio, page));
        long pinned = pinOrFault(base, page);
        met += alarm.afterSleep() ? OVERSLEPT : 0;
        if (pinned == 0) {
            return met + FOUND_NOTHING;
        }
        int found = isRight(pinned, base, page) ? FOUND_PAGE : FOUND_OTHER;
        unpin(pinned);
        return met + found;
    }

    void unpin(long pinned) {
        walker.unpin(pinned);
    }

    /** Whether a pinned page is in the folio that all pages of its state are merged into. */
    boolean isMerged(long pinned) {
        return folios.order(folios.headOf(pinned)) == ORDER;
    }

    /** Whether a pinned page is the one that belongs at a page of a range. */
    boolean isRight(long pinned, long base, int page) {
        return NativeMemory.getLong(quire.arena().frameOf(pinned)) == base + page;
    }

    private static long addressOf(long base, int page) {
        return (base + page) << Geometry.PAGE_SHIFT;
    }

    private long frame(long head, int page) {
        return quire.arena().frameOf(head) + (long) page * Geometry.PAGE_BYTES;
    }
}
