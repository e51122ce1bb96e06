/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.lock.References;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Phaser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Counts of mappings and references do not overflow, however many processes map a folio. */
class MapcountLimitTest extends WholeEngineTest {
    private static final int MAX = FolioMapcounts.MAX_PAGE_MAPPINGS;
    private static final long PUD_PAGES = 1L << 18;
    private static final int NR_ROUNDS = 3000;

    /** Makes a folio look as if so many more leaves mapped it. */
    private static void inject(long folio, int leafOrder, int nrLeaves) {
        int order = FolioStruct.order(folio);
        PageStruct.getAndAddRefcount(folio, nrLeaves);
        if (order == 0) {
            PageStruct.getAndAddMapcount(folio, nrLeaves);
            return;
        }
        FolioStruct.getAndAddLargeMapcount(folio, nrLeaves);
        if (leafOrder == order) {
            FolioStruct.getAndAddEntireMapcount(folio, nrLeaves);
        } else {
            FolioStruct.getAndAddNrPagesMapped(folio, nrLeaves << leafOrder);
        }
    }

    private static List<Long> countsOf(long folio) {
        boolean large = FolioStruct.order(folio) > 0;
        return List.of(
                (long) References.count(folio),
                (long) FolioMapcounts.total(folio),
                large ? FolioMapcounts.entire(folio) : 0L,
                large ? FolioMapcounts.nrPagesMapped(folio) : 0L);
    }

    /** All counts that a folio can have of one kind of leaf are there but the last; then that comes, and one more. */
    @ParameterizedTest
    @CsvSource({"0, 0, 1", "4, 0, 16", "9, 0, 512", "18, 0, 512", "18, 9, 512", "9, 9, 512", "18, 18, 262144"})
    void theLastMappingIsMadeAndTheNextRefused(int order, int leafOrder, int nrPages) {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables();
                PageTables others = engine.newPageTables()) {
            tables.addRegion(0, PUD_PAGES, owner, 0);
            others.addRegion(0, PUD_PAGES, owner, 0);
            long folio = folios.allocate(order);
            owner.adopt(folio, 0);
            int nrInjected = (MAX - nrPages) >> leafOrder;
            inject(folio, leafOrder, nrInjected);

            assertEquals(Errno.OK, map(tables, folio, leafOrder, nrPages));
            List<Long> counts = countsOf(folio);
            assertEquals(Errno.EOVERFLOW, map(others, folio, leafOrder, nrPages));
            assertEquals(counts, countsOf(folio), "counts after a refused mapping");
            assertEquals(1, others.nrTables());
            assertEquals(Errno.EOVERFLOW, others.map(0, folio, 0, 1, false), "a single page is too much, too");

            tables.unmap(0, nrPages);
            assertEquals(Errno.OK, map(others, folio, leafOrder, nrPages));
            assertEquals(counts, countsOf(folio), "counts after another has mapped it instead");
            others.unmap(0, nrPages);
            inject(folio, leafOrder, -nrInjected);
            assertEquals(List.of(1L, 0L, 0L, 0L), countsOf(folio));
            folios.unpin(folio);
        }
    }

    /** The look before is a hint; the addition decides. */
    @ParameterizedTest
    @CsvSource({"0, 0", "4, 0", "9, 0", "9, 9", "18, 9"})
    void aLeafTooManyIsNotCounted(int order, int leafOrder) {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        FolioMapcounts mapcounts = new FolioMapcounts(folios);
        long folio = folios.allocate(order);
        inject(folio, leafOrder, (MAX >> leafOrder) - 1);
        assertTrue(mapcounts.tryAdd(folio, leafOrder, 1));
        List<Long> counts = countsOf(folio);
        assertFalse(mapcounts.tryAdd(folio, leafOrder, 1));
        assertEquals(counts, countsOf(folio));
        inject(folio, leafOrder, -(MAX >> leafOrder));
        assertEquals(List.of(1L, 0L, 0L, 0L), countsOf(folio));
        folios.unpin(folio);
    }

    /** Two processes map at once where there is room for one, with one large entry and with pages: never both do. */
    @Test
    void ofTwoAtOnceOneAtMostPassesTheLimit() throws InterruptedException {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        try (AnonVma owner = engine.newAnonVma();
                PageTables one = engine.newPageTables();
                PageTables other = engine.newPageTables()) {
            one.addRegion(0, 512, owner, 0);
            other.addRegion(0, 512, owner, 0);
            long folio = folios.allocate(9);
            owner.adopt(folio, 0);
            inject(folio, 9, MAX / 512 - 1);
            Phaser rounds = new Phaser(2);
            int[] results = new int[2];
            Thread mapper = Thread.ofPlatform()
                    .daemon()
                    .start(() -> mapInRounds(rounds, () -> results[1] = map(other, folio, 0, 512)));
            int[] nrMapped = {0};
            mapInRounds(rounds, () -> results[0] = map(one, folio, 9, 512), () -> {
                nrMapped[0] += checkRound(folio, results, one, other);
                one.unmap(0, 512);
                other.unmap(0, 512);
            });
            mapper.join();
            assertTrue(nrMapped[0] > 0, "nobody ever passed");
            inject(folio, 9, -(MAX / 512 - 1));
            assertEquals(List.of(1L, 0L, 0L, 0L), countsOf(folio));
            folios.unpin(folio);
        }
    }

    private static void mapInRounds(Phaser rounds, Runnable mapping) {
        mapInRounds(rounds, mapping, () -> {});
    }

    private static void mapInRounds(Phaser rounds, Runnable mapping, Runnable between) {
        for (int round = 0; round < NR_ROUNDS; round++) {
            rounds.arriveAndAwaitAdvance();
            mapping.run();
            rounds.arriveAndAwaitAdvance();
            between.run();
        }
    }

    private static int checkRound(long folio, int[] results, PageTables one, PageTables other) {
        int nrMapped = 0;
        for (int process = 0; process < 2; process++) {
            assertTrue(results[process] == Errno.OK || results[process] == Errno.EOVERFLOW);
            nrMapped += results[process] == Errno.OK ? 1 : 0;
        }
        assertTrue(nrMapped <= 1, "both passed the limit");
        assertEquals(MAX - (1 - nrMapped) * 512L, FolioMapcounts.nrPageMappings(folio));
        assertEquals(results[0] == Errno.OK ? 4 : 1, one.nrTables(), "PGD, PUD and PMD, and one set aside");
        assertEquals(results[1] == Errno.OK ? 4 : 1, other.nrTables(), "PGD, PUD, PMD and PTE table");
        return nrMapped;
    }

    private static int map(PageTables tables, long folio, int leafOrder, int nrPages) {
        return leafOrder == 0 ? tables.map(0, folio, 0, nrPages, false) : tables.mapHuge(0, folio, 0, leafOrder, false);
    }

    /** However many leaves there are, splitting all of them, which cannot be refused, overflows nothing. */
    @Test
    void leavesAtTheLimitCanBeSplitIntoPages() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables()) {
            tables.addRegion(0, PUD_PAGES, owner, 0);
            long folio = engine.folios().allocate(18);
            owner.adopt(folio, 0);
            int nrOthers = MAX / (1 << 18) - 1;
            inject(folio, 18, nrOthers);
            assertEquals(Errno.OK, tables.mapHuge(0, folio, 0, 18, false));
            assertEquals(nrOthers + 1, FolioMapcounts.entire(folio));

            inject(folio, 18, -nrOthers);
            inject(folio, 0, nrOthers << 18);
            tables.unmap(0, 1);
            tables.writeProtect(0, PUD_PAGES);
            // One page, 511 pages, and 511 leaves of 2 MiB.
            assertEquals((nrOthers << 18) + 511 + 511, FolioMapcounts.total(folio));
            assertEquals(MAX - 1, FolioMapcounts.nrPagesMapped(folio));
            assertEquals(FolioMapcounts.total(folio) + 1, References.count(folio));
            tables.unmap(0, PUD_PAGES);
            inject(folio, 0, -(nrOthers << 18));
            engine.folios().unpin(folio);
        }
    }

    /** As many processes as may map a folio of 1 GiB with one entry each, and one more; nothing is made up here. */
    @Test
    void thousandsOfMappersOfOneGibibyte() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        List<PageTables> mappers = new ArrayList<>();
        try (AddressSpace file = engine.newAddressSpace();
                RcuReader reader = engine.newReader()) {
            file.extend(1L << 30);
            assertEquals(Errno.OK, file.populate(0, PUD_PAGES, 18));
            long folio = file.newLookup(reader).pin(0);
            folios.lock(folio);
            for (int mapper = 0; mapper <= 2048; mapper++) {
                PageTables tables = engine.newPageTables();
                mappers.add(tables);
                tables.addRegion(0, PUD_PAGES, file, 0);
                assertEquals(
                        mapper < 2048 ? Errno.OK : Errno.EOVERFLOW,
                        tables.mapHuge(0, folio, 0, 18, false),
                        "mapper " + mapper);
            }
            folios.unlock(folio);
            assertEquals(2048, FolioMapcounts.entire(folio));
            assertEquals(PUD_PAGES + 2048 + 1, folios.references(folio));
            mappers.forEach(PageTables::close);
            assertEquals(PUD_PAGES + 1, folios.references(folio));
            folios.unpin(folio);
        }
    }

    /** Pins that are never given back are refused before their number overflows; everybody else goes on. */
    @Test
    void tooManyPinsAreRefused() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            tables.addRegion(0, 16, owner, 0);
            long folio = folios.allocate(4);
            owner.adopt(folio, 0);
            assertEquals(Errno.OK, tables.map(0, folio, 0, 16, false));
            int nrInjected = References.MAX - folios.references(folio);
            PageStruct.getAndAddRefcount(folio, nrInjected);
            PageWalker walker = tables.newWalker(reader);
            assertThrows(IllegalStateException.class, () -> walker.pin(0, false));
            assertThrows(
                    IllegalStateException.class, () -> walker.pinOrFault(0, false, (process, at, writing) -> false));
            assertFalse(folios.tryPin(folio));
            assertEquals(0, folios.tryPinFolioOf(folio));
            assertTrue(engine.accounting().deferredSplits().add(folio, true));
            assertEquals(0, engine.shrinker().shrink(1));
            assertEquals(References.MAX, folios.references(folio));
            assertEquals(1, engine.accounting().deferredSplits().nrFolios());
            tables.unmap(0, 16);
            PageStruct.getAndAddRefcount(folio, -nrInjected);
            assertEquals(1, folios.references(folio));
            folios.unpin(folio);
        }
    }
}
