/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What moves to other addresses is as it was at the old ones: each entry, whether it is large, and how often a folio is
 * mapped.
 */
@SuppressWarnings("NullAway.Init")
class MoveLeavesTest extends WholeEngineTest {
    private static final long BASE = 1L << 30;
    private static final long PAGE = 4096;
    private static final long HUGE = 512 * PAGE;
    private static final long TARGET = BASE + 8 * HUGE;

    private Quire engine;
    private AnonymousMemory memory;
    private RcuReader reader;
    private PageWalker walker;

    private void open(LargeFolioOrders orders) {
        engine = open(Quire.builder().capacityBytes(1 << 24));
        memory = engine.newAnonymousMemory(SplitPolicies.UNIFORM, orders);
        reader = engine.newReader();
        walker = memory.tables().newWalker(reader);
        assertEquals(Errno.OK, memory.map(BASE, 2 * HUGE, Protection.READ_WRITE));
    }

    private void close() {
        reader.close();
        memory.close();
    }

    private List<Long> entries(long start, int nrPages) {
        List<Long> entries = new ArrayList<>();
        for (int page = 0; page < nrPages; page++) {
            entries.add(walker.entry(start + page * PAGE));
        }
        return entries;
    }

    /** The pages lie in two tables, and at the new place in two others, whose border is elsewhere. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 511})
    void smallLeavesKeepTheirBits(long shiftPages) {
        open(LargeFolioOrders.NONE);
        long start = BASE + 508 * PAGE;
        long target = TARGET + shiftPages * PAGE;
        for (int page = 0; page < 8; page++) {
            if (page != 6) {
                assertEquals(Errno.OK, memory.faultIn(start + page * PAGE, true));
            }
        }
        assertTrue(walker.touch(start + PAGE, false));
        assertTrue(walker.touch(start + 2 * PAGE, true));
        assertTrue(walker.touch(start + 5 * PAGE, true));
        memory.tables().writeProtect(start + 3 * PAGE, 3);
        List<Long> before = entries(start, 8);
        long exclusiveAndWritable = PageTableEntry.EXCLUSIVE | PageTableEntry.WRITABLE;
        long used = PageTableEntry.ACCESSED | PageTableEntry.DIRTY;
        assertBits(exclusiveAndWritable, before.get(0));
        assertBits(exclusiveAndWritable | PageTableEntry.ACCESSED, before.get(1));
        assertBits(exclusiveAndWritable | used, before.get(2));
        assertBits(PageTableEntry.EXCLUSIVE, before.get(3));
        assertBits(PageTableEntry.EXCLUSIVE | used, before.get(5));
        assertEquals(PageTableEntry.NONE, before.get(6));

        assertEquals(Errno.OK, memory.remap(start, 8 * PAGE, target, 8 * PAGE));

        assertEquals(before, entries(target, 8));
        assertEquals(List.of(0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L), entries(start, 8));
        close();
    }

    private static void assertBits(long expected, long leaf) {
        assertEquals(expected | PageTableEntry.PRESENT, leaf & (PAGE - 1));
    }

    @ParameterizedTest
    @CsvSource({"false, false", "true, false", "true, true"})
    void aLargeLeafStaysOneWhereItFits(boolean written, boolean readOnly) {
        open(LargeFolioOrders.ALWAYS_2_MIB);
        useLargeLeaf(written, readOnly);
        long before = walker.entry(BASE);
        long nrTables = memory.tables().nrTables();

        assertEquals(Errno.OK, memory.remap(BASE, HUGE, TARGET, HUGE));

        assertEquals(before, walker.entry(TARGET + 77 * PAGE));
        assertEquals(PageTableEntry.HUGE, before & PageTableEntry.HUGE);
        assertEquals(PageTableEntry.NONE, walker.entry(BASE));
        assertEquals(nrTables, memory.tables().nrTables());
        // The table that was set aside for it has come along.
        failures.failAfter(0);
        memory.tables().unmap(TARGET + 77 * PAGE, 1);
        failures.stop();
        assertEquals(before & ~PageTableEntry.HUGE, walker.entry(TARGET));
        close();
    }

    /** At the first address it does not fit; of the second it is the second half that moves; of the third the first. */
    @ParameterizedTest
    @CsvSource({
        "0, 512, 3, false",
        "0, 512, 3, true",
        "256, 256, 0, false",
        "256, 256, 0, true",
        "0, 256, 0, false",
        "0, 256, 0, true"
    })
    void theEntriesThatALargeLeafIsSplitIntoAreAsItWas(
            int firstPage, int nrPages, long shiftPages, boolean writtenAndReadOnly) {
        open(LargeFolioOrders.ALWAYS_2_MIB);
        useLargeLeaf(writtenAndReadOnly, writtenAndReadOnly);
        long leaf = walker.entry(BASE) & ~PageTableEntry.HUGE;
        long target = TARGET + shiftPages * PAGE;

        assertEquals(Errno.OK, memory.remap(BASE + firstPage * PAGE, nrPages * PAGE, target, nrPages * PAGE));

        List<Long> expected = new ArrayList<>();
        for (int page = 0; page < nrPages; page++) {
            expected.add(leaf + (firstPage + page) * PAGE);
        }
        assertEquals(expected, entries(target, nrPages));
        assertEquals(0, engine.accounting().counters().nrDeferredSplits());
        close();
    }

    private void useLargeLeaf(boolean written, boolean readOnly) {
        assertEquals(Errno.OK, memory.faultIn(BASE, true));
        assertTrue(walker.touch(BASE + 5 * PAGE, written));
        if (readOnly) {
            memory.tables().writeProtect(BASE, 512);
        }
        assertEquals(readOnly, !PageTableEntry.isWritable(walker.entry(BASE)));
        assertEquals(written, PageTableEntry.isDirty(walker.entry(BASE)));
    }

    /** While its folio is unmapped for a split: the split finds the entries at the new place. Nobody waits for it. */
    @ParameterizedTest
    @ValueSource(longs = {0, 3})
    void migrationEntriesMoveToo(long shiftPages) {
        open(LargeFolioOrders.ALWAYS_2_MIB);
        useLargeLeaf(true, false);
        Folios folios = engine.folios();
        long target = TARGET + shiftPages * PAGE;
        long leaf = walker.entry(BASE) & ~PageTableEntry.HUGE;
        long folio = walker.pin(BASE, true);
        folios.lock(folio);
        assertTrue(engine.mappers().unmap(folio));
        List<Long> before = entries(BASE, 512);
        assertTrue(PageTableEntry.isMigration(before.get(0)));

        assertTimeoutPreemptively(
                Duration.ofSeconds(20), () -> assertEquals(Errno.OK, memory.remap(BASE, HUGE, target, HUGE)));

        assertEquals(before, entries(target, 512));
        assertEquals(PageTableEntry.NONE, walker.entry(BASE));
        engine.mappers().remap(folio, 512);
        assertEquals(leaf, walker.entry(target) & ~PageTableEntry.HUGE);
        assertEquals(shiftPages == 0, (walker.entry(target) & PageTableEntry.HUGE) != 0);
        folios.unlock(folio);
        folios.unpin(folio);
        close();
    }

    /**
     * Moving takes no reference and maps nothing twice: neither a held folio nor one mapped as often as can be is in
     * its way.
     */
    @Test
    void aFolioMovesHoweverOftenItIsMapped() {
        open(LargeFolioOrders.ALWAYS_2_MIB);
        assertEquals(Errno.OK, memory.faultIn(BASE, true));
        long folio = walker.pin(BASE, true);
        int nrMore = FolioMapcounts.MAX_PAGE_MAPPINGS / 512 - 1;
        FolioMapcounts mapcounts = new FolioMapcounts(engine.folios());
        assertTrue(mapcounts.tryAdd(folio, 9, nrMore));

        assertEquals(Errno.OK, memory.remap(BASE, HUGE, TARGET, HUGE));
        assertEquals(Errno.OK, memory.remap(TARGET, HUGE, BASE + PAGE, HUGE));

        assertEquals(folio, walker.pin(BASE + PAGE, true));
        walker.unpin(folio);
        mapcounts.remove(folio, 9, nrMore);
        walker.unpin(folio);
        close();
    }

    /** Whichever table cannot be had: everything stays where it was, and the tables made for nothing are given back. */
    @ParameterizedTest
    @CsvSource({"0, 3", "3, 4"})
    void withoutMemoryForTablesNothingMoves(long shiftPages, int nrTablesNeeded) {
        open(LargeFolioOrders.ALWAYS_2_MIB);
        long target = (1L << 40) + shiftPages * PAGE;
        useLargeLeaf(true, true);
        assertEquals(Errno.OK, memory.advise(BASE + HUGE, PAGE, Advice.NO_HUGE_PAGE));
        assertEquals(Errno.OK, memory.faultIn(BASE + HUGE, true));
        assertEquals(Errno.OK, memory.advise(BASE + HUGE, PAGE, Advice.HUGE_PAGE));
        assertEquals(Errno.OK, memory.advise(BASE, HUGE, Advice.HUGE_PAGE));
        assertEquals(1, memory.nrFaults(0));
        List<Long> before = smallEntries();
        long nrTables = memory.tables().nrTables();
        int nrAllocations = 0;
        while (remapWith(nrAllocations, target) == Errno.ENOMEM) {
            nrAllocations++;
            assertEquals(before, smallEntries());
            assertEquals(nrTables, memory.tables().nrTables());
            assertEquals(2, memory.nrRegions());
        }
        assertEquals(nrTablesNeeded, nrAllocations);
        close();
    }

    /** Entries of 513 pages, as if none were large. */
    private List<Long> smallEntries() {
        List<Long> small = new ArrayList<>();
        for (int page = 0; page < 513; page++) {
            long entry = walker.entry(BASE + page * PAGE);
            boolean large = (entry & PageTableEntry.HUGE) != 0;
            small.add(large ? (entry & ~PageTableEntry.HUGE) + page * PAGE : entry);
        }
        return small;
    }

    private int remapWith(int nrAllocations, long target) {
        failures.failAfter(nrAllocations);
        int result = memory.remap(BASE, HUGE + PAGE, target, HUGE + PAGE);
        failures.stop();
        return result;
    }

    /** A processor that uses the memory up to the last moment: what it was let do shows at the new place. */
    @ParameterizedTest
    @CsvSource({"false, 0", "true, 0", "true, 3"})
    void noUseIsLostThatAProcessorNotesBesideTheMove(boolean large, long shiftPages) throws Exception {
        open(large ? LargeFolioOrders.ALWAYS_2_MIB : LargeFolioOrders.NONE);
        int nrPages = large ? 1 : 256;
        int nrRounds = 300;
        int[] lastTouched = new int[1];
        CyclicBarrier together = new CyclicBarrier(2);
        FutureTask<Void> processor = new FutureTask<>(() -> {
            try (RcuReader ownReader = engine.newReader()) {
                PageWalker ownWalker = memory.tables().newWalker(ownReader);
                for (int round = 0; round < nrRounds; round++) {
                    together.await();
                    int page = 0;
                    while (page < nrPages && ownWalker.touch(BASE + page * PAGE, true)) {
                        page++;
                    }
                    lastTouched[0] = page;
                    together.await();
                }
            }
            return null;
        });
        new Thread(processor).start();
        long target = TARGET + shiftPages * PAGE;
        for (int round = 0; round < nrRounds; round++) {
            assertEquals(Errno.OK, memory.map(BASE, HUGE, Protection.READ_WRITE));
            assertEquals(Errno.OK, memory.advise(BASE, nrPages * PAGE, Advice.POPULATE_WRITE));
            together.await();
            assertEquals(Errno.OK, memory.remap(BASE, HUGE, target, HUGE));
            together.await();
            for (int page = 0; page < nrPages; page++) {
                boolean dirty = PageTableEntry.isDirty(walker.entry(target + page * PAGE));
                assertEquals(page < lastTouched[0], dirty, "page " + page + " in round " + round);
            }
        }
        processor.get();
        close();
    }

    /** A leaf of 1 GiB: to a multiple of 1 GiB, of 2 MiB, of 4 KiB; and its second half. */
    @ParameterizedTest
    @CsvSource({"0, 262144, 0, 1", "0, 262144, 512, 512", "0, 262144, 1, 262144", "131072, 131072, 0, 256"})
    void aLeafOf1GiBMovesInPiecesAsLargeAsFit(int firstPage, int nrPages, long shiftPages, int nrLeaves) {
        Quire large = open(HeadMapKind.HEAD_BITS);
        long start = 4L << 30;
        long target = (8L << 30) + shiftPages * PAGE;
        try (AnonVma owner = large.newAnonVma();
                PageTables tables = large.newPageTables();
                RcuReader ownReader = large.newReader()) {
            PageWalker ownWalker = tables.newWalker(ownReader);
            tables.addRegion(start, 1 << 18, owner, 0);
            tables.addRegion(target, nrPages, owner, firstPage);
            long folio = large.folios().allocate(18);
            owner.adopt(folio, 0);
            assertEquals(Errno.OK, tables.mapHuge(start, folio, 0, 18, true));
            assertTrue(ownWalker.touch(start, true));
            long bits = ownWalker.entry(start) & (PAGE - 1) & ~PageTableEntry.HUGE;

            long movedStart = start + firstPage * PAGE;
            assertEquals(Errno.OK, tables.moveLeaves(movedStart, movedStart + nrPages * PAGE, target));

            long firstPfn = large.arena().pfnOf(folio) + firstPage;
            List<Long> pages = new ArrayList<>();
            ownWalker.forEachLeaf(target, target + nrPages * PAGE, (address, order, leaf) -> {
                assertEquals(firstPfn + (address - target) / PAGE, PageTableEntry.pfn(leaf));
                assertEquals(bits, leaf & (PAGE - 1) & ~PageTableEntry.HUGE);
                assertEquals(nrPages / nrLeaves, 1 << order);
                pages.add(leaf);
            });
            assertEquals(nrLeaves, pages.size());
            assertEquals(PageTableEntry.NONE, ownWalker.entry(movedStart));
            assertEquals(firstPage == 0, ownWalker.entry(start) == PageTableEntry.NONE);
            large.folios().unpin(folio);
        }
    }

    /** Somebody has mapped a page at the new place, in the first table or in the second. */
    @ParameterizedTest
    @ValueSource(ints = {0, 511, 512, 1023})
    void nothingMovesToAPlaceThatIsTakenInPart(int takenPage) {
        Quire small = open(Quire.builder().capacityBytes(1 << 24));
        try (AnonVma owner = small.newAnonVma();
                PageTables tables = small.newPageTables();
                RcuReader ownReader = small.newReader()) {
            PageWalker ownWalker = tables.newWalker(ownReader);
            tables.addRegion(BASE, 1024, owner, 0);
            tables.addRegion(TARGET, 1024, owner, 0);
            long folio = small.folios().allocate(10);
            owner.adopt(folio, 0);
            assertEquals(Errno.OK, tables.mapHuge(BASE, folio, 0, 9, true));
            assertEquals(Errno.OK, tables.map(BASE + HUGE, folio, 512, 512, true));
            assertEquals(Errno.OK, tables.map(TARGET + takenPage * PAGE, folio, takenPage, 1, true));
            long nrTables = tables.nrTables();

            assertEquals(Errno.EEXIST, tables.moveLeaves(BASE, BASE + 2 * HUGE, TARGET));

            assertEquals(nrTables, tables.nrTables());
            List<Integer> orders = new ArrayList<>();
            ownWalker.forEachLeaf(BASE, BASE + 2 * HUGE, (address, order, leaf) -> orders.add(order));
            assertEquals(513, orders.size());
            assertEquals(9, orders.get(0));
            small.folios().unpin(folio);
        }
    }
}
