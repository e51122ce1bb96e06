/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.DeferredSplitQueue;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Anonymous folios come to the queue of those to be split as parts of them are unmapped, and leave it by themselves.
 */
@SuppressWarnings("NullAway.Init")
class PartialUnmapTest extends WholeEngineTest {
    private static final int MAX_ORDER = 18;
    private static final long NR_PAGES = 1L << MAX_ORDER;

    private Quire engine;
    private Folios folios;
    private AnonVma owner;
    private PageTables tables;

    private void openProcess() {
        engine = open(HeadMapKind.HEAD_BITS);
        folios = engine.folios();
        owner = engine.newAnonVma();
        tables = newProcess();
    }

    private PageTables newProcess() {
        PageTables process = engine.newPageTables();
        process.addRegion(0, NR_PAGES, owner, 0);
        return process;
    }

    private void closeProcess() {
        tables.close();
        owner.close();
    }

    /** A folio at index 0, mapped as a whole with leaves of one order, to which the test holds a reference. */
    private long mapFolio(int order, int leafOrder) {
        long folio = folios.allocate(order);
        owner.adopt(folio, 0);
        map(tables, folio, leafOrder);
        return folio;
    }

    private static void map(PageTables tables, long folio, int leafOrder) {
        long nrPages = 1L << FolioStruct.order(folio);
        if (leafOrder == 0) {
            assertEquals(Errno.OK, tables.map(0, folio, 0, nrPages, false));
        } else {
            for (long page = 0; page < nrPages; page += 1L << leafOrder) {
                assertEquals(Errno.OK, tables.mapHuge(page << 12, folio, page, leafOrder, false));
            }
        }
    }

    private void assertQueued(boolean expected, long folio, String when) {
        DeferredSplitQueue queue = engine.accounting().deferredSplits();
        assertEquals(expected ? 1 : 0, queue.nrFolios(), when + ": folios on the queue");
        assertEquals(expected ? 1 : 0, engine.accounting().counters().nrPartiallyMapped(), when + ": counted");
        if (FolioStruct.order(folio) > 0) {
            long flags1 = FolioStruct.flags1(folio);
            assertEquals(expected, PageFlag.PARTIALLY_MAPPED.isSet(flags1), when + ": partially mapped");
            assertEquals(expected, PageFlag.DEFERRED_SPLIT.isSet(flags1), when + ": on the queue");
        }
    }

    /** What is left of a folio, after a part is unmapped, decides. */
    @ParameterizedTest
    @CsvSource({
        "2, 0, 0, 1, true",
        "2, 0, 3, 1, true",
        "2, 0, 0, 3, true",
        "2, 0, 0, 4, false",
        "5, 0, 31, 1, true",
        "9, 0, 0, 511, true",
        "9, 0, 0, 512, false",
        "9, 9, 0, 512, false",
        "9, 9, 0, 1, true",
        "9, 9, 511, 1, true",
        "10, 0, 512, 512, true",
        "10, 9, 0, 512, true",
        "10, 9, 0, 1024, false",
        "10, 9, 300, 500, true",
        "18, 18, 0, 262144, false",
        "18, 18, 0, 512, true",
        "18, 18, 7, 1, true",
        "18, 9, 512, 512, true"
    })
    void whatIsPartlyUnmappedIsQueuedUntilTheRestIs(int order, int leafOrder, long page, long nrPages, boolean queued) {
        openProcess();
        long folio = mapFolio(order, leafOrder);
        assertQueued(false, folio, "mapped as a whole");
        tables.unmap(page << 12, nrPages);
        assertQueued(queued, folio, "unmapped in part");
        tables.writeProtect(0, NR_PAGES);
        assertQueued(queued, folio, "protected");
        tables.unmap(0, NR_PAGES);
        assertEquals(0, FolioMapcounts.total(folio));
        assertQueued(false, folio, "unmapped");
        folios.unpin(folio);
        closeProcess();
    }

    @ParameterizedTest
    @CsvSource({"2, 0", "9, 9", "10, 9"})
    void aFolioThatIsFreedLeavesTheQueue(int order, int leafOrder) {
        openProcess();
        long folio = mapFolio(order, leafOrder);
        folios.unpin(folio);
        tables.unmap(0, 1);
        assertQueued(true, folio, "unmapped in part");
        tables.unmap(0, NR_PAGES);
        assertEquals(0, folios.references(folio), "freed");
        assertEquals(0, engine.accounting().deferredSplits().nrFolios());
        assertEquals(0, engine.accounting().counters().nrPartiallyMapped());
        closeProcess();
    }

    @ParameterizedTest
    @CsvSource({"2, 0, 0", "4, 0, 2", "9, 9, 0", "10, 9, 9"})
    void aFolioThatIsSplitLeavesTheQueue(int order, int leafOrder, int newOrder) {
        openProcess();
        long folio = mapFolio(order, leafOrder);
        tables.unmap(0, 1);
        assertQueued(true, folio, "unmapped in part");
        folios.lock(folio);
        assertEquals(Errno.OK, engine.splitter().splitUniform(folio, newOrder));
        folios.unlock(folio);
        assertQueued(false, folio, "split");
        folios.unpin(folio);
        closeProcess();
    }

    /** The purpose of it all: what nobody maps any more becomes free memory. */
    @Test
    void theShrinkerFreesWhatWasUnmapped() {
        openProcess();
        folios.unpin(mapFolio(9, 9));
        tables.unmap(100 << 12, 400);
        assertEquals(1, engine.shrinker().shrink(Long.MAX_VALUE));
        assertEquals(112 + tables.nrTables(), engine.leaks().nrPages());
        assertEquals(0, engine.accounting().deferredSplits().nrFolios());
        assertEquals(0, engine.accounting().counters().nrPartiallyMapped());
        closeProcess();
    }

    /** A split takes all mappings away and brings them back; if it fails, the folio is mapped as before. */
    @ParameterizedTest
    @CsvSource({"4, 0", "9, 0", "9, 9", "10, 9", "18, 18"})
    void aFolioThatMigratesIsNotQueued(int order, int leafOrder) {
        openProcess();
        long folio = mapFolio(order, leafOrder);
        folios.lock(folio);
        assertTrue(engine.mappers().unmap(folio));
        assertQueued(false, folio, "migrating");
        assertEquals(1, folios.references(folio));
        engine.mappers().remap(folio, 1L << order);
        assertQueued(false, folio, "mapped again");
        folios.unlock(folio);
        folios.unpin(folio);
        closeProcess();
    }

    /** While another process maps all pages, nothing of the folio is unused. */
    @Test
    void onlyTheLastMapperOfAPageCounts() {
        openProcess();
        try (PageTables other = newProcess()) {
            long folio = mapFolio(9, 9);
            map(other, folio, 0);
            tables.unmap(0, 100);
            assertQueued(false, folio, "the other maps all");
            other.unmap(0, 512);
            assertQueued(true, folio, "412 pages mapped");
            tables.unmap(0, 512);
            assertQueued(false, folio, "unmapped");
            folios.unpin(folio);
        }
        closeProcess();
    }

    @Test
    void foliosOfFilesAndOfTheSwapCacheAreNotQueued() {
        openProcess();
        long folio = mapFolio(4, 0);
        long slot = engine.swapTable().allocate(4);
        folios.lock(folio);
        assertEquals(Errno.OK, engine.swapTable().add(folio, slot));
        folios.unlock(folio);
        tables.unmap(0, 4);
        assertQueued(false, folio, "in the swap cache");
        folios.lock(folio);
        engine.swapTable().remove(folio);
        folios.unlock(folio);
        engine.swapTable().free(slot, 16);
        folios.unpin(folio);
        tables.unmap(0, NR_PAGES);

        try (AddressSpace file = engine.newAddressSpace();
                PageTables process = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            file.extend(16 << 12);
            assertEquals(Errno.OK, file.populate(0, 16, 4));
            process.addRegion(0, 16, file, 0);
            long cached = file.newLookup(reader).pin(0);
            folios.lock(cached);
            assertEquals(Errno.OK, process.map(0, cached, 0, 16, false));
            folios.unlock(cached);
            process.unmap(0, 4);
            assertQueued(false, cached, "of a file");
            assertTrue(engine.accounting().deferredSplits().add(cached, true));
            process.unmap(0, 16);
            assertQueued(true, cached, "added by hand, and nobody's to take off");
            folios.unpin(cached);
        }
        closeProcess();
    }

    /** Of two processes that unmap their halves at once, each sees a folio that is mapped in part, or unmapped. */
    @Test
    void processesThatUnmapBesideEachOtherLeaveTheQueueAsTheCountsSay() throws InterruptedException {
        openProcess();
        try (PageTables other = newProcess()) {
            for (int round = 0; round < 2000; round++) {
                long folio = mapFolio(2, 0);
                tables.unmap(2 << 12, 2);
                assertEquals(Errno.OK, other.map(2 << 12, folio, 2, 2, false));
                Thread thread = new Thread(() -> other.unmap(0, 4));
                thread.start();
                tables.unmap(0, 4);
                thread.join();
                assertQueued(false, folio, "unmapped, round " + round);
                folios.unpin(folio);
            }
        }
        closeProcess();
    }

    /**
     * The caller of the splitter decides what is kept; what it keeps is not partially mapped, whatever is mapped of it.
     */
    @Test
    void largePiecesOfAPartlyMappedFolioAreNotQueued() {
        openProcess();
        long folio = mapFolio(10, 0);
        tables.unmap(100 << 12, 100);
        folios.lock(folio);
        assertEquals(
                Errno.OK,
                engine.splitter().split(folio, SplitPolicies.UNIFORM, 0, 1, 9, SplitPolicies.ALL_ORDERS, true));
        folios.unlock(folio);
        assertQueued(false, folio, "first piece");
        assertEquals(412, FolioMapcounts.total(folio));
        tables.unmap(0, 1);
        assertQueued(true, folio, "unmapped further");
        long second = folio + 512L * PageStruct.BYTES;
        tables.unmap(0, NR_PAGES);
        assertQueued(false, folio, "unmapped");
        folios.unpin(folio);
        folios.unpin(second);
        closeProcess();
    }
}
