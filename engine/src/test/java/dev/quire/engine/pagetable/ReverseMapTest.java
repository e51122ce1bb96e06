/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Walks from a folio to all who map it: no mapper is forgotten, and all get back what they had. */
class ReverseMapTest extends WholeEngineTest {
    private static final int NR_MAPPERS = 513;
    private static final int ORDER = 9;
    private static final int NR_PAGES = 1 << ORDER;

    private static long baseOf(int mapper) {
        return 0x10_0000_0000L + mapper * (4L << 30);
    }

    /** Opens a process per mapper with a region of the owner each, and closes them after the test. */
    private static void withMappers(Quire engine, Mapping mapping, Runnable test) {
        List<PageTables> all = new ArrayList<>();
        try {
            for (int mapper = 0; mapper < NR_MAPPERS; mapper++) {
                PageTables tables = engine.newPageTables();
                all.add(tables);
                mapping.map(mapper, tables);
            }
            test.run();
        } finally {
            all.forEach(PageTables::close);
        }
    }

    @FunctionalInterface
    private interface Mapping {
        void map(int mapper, PageTables tables);
    }

    /** Every third maps with pages, the others with one large entry, which has to be split first. */
    private static void mapShared(PageTables tables, int mapper, long folio) {
        int result = mapper % 3 == 0
                ? tables.map(baseOf(mapper), folio, 0, NR_PAGES, false)
                : tables.mapHuge(baseOf(mapper), folio, 0, ORDER, false);
        assertEquals(Errno.OK, result);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void findsEveryOneOf513MappersOfAnonymousMemory(HeadMapKind headMap) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        try (AnonVma owner = engine.newAnonVma()) {
            long folio = folios.allocate(ORDER);
            owner.adopt(folio, 0);
            withMappers(
                    engine,
                    (mapper, tables) -> {
                        tables.addRegion(baseOf(mapper), NR_PAGES, owner, 0);
                        mapShared(tables, mapper, folio);
                    },
                    () -> splitAmongMappers(engine, folio));
        }
    }

    private static void splitAmongMappers(Quire engine, long folio) {
        Folios folios = engine.folios();
        int nrByPages = (NR_MAPPERS + 2) / 3;
        assertEquals(nrByPages * NR_PAGES + NR_MAPPERS - nrByPages, FolioMapcounts.total(folio));
        assertEquals(NR_MAPPERS - nrByPages, FolioMapcounts.entire(folio));
        folios.lock(folio);
        int result = engine.splitter().split(folio, SplitPolicies.UNIFORM, 0, 1, 0, SplitPolicies.ALL_ORDERS, true);
        assertEquals(Errno.OK, result);
        folios.unlock(folio);
        for (int page = 0; page < NR_PAGES; page++) {
            long piece = folio + (long) page * PageStruct.BYTES;
            assertEquals(NR_MAPPERS, FolioMapcounts.total(piece));
            assertEquals(NR_MAPPERS + 1, folios.references(piece));
            folios.unpin(piece);
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void findsEveryOneOf513MappersOfAFile(HeadMapKind headMap) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        try (AddressSpace file = engine.newAddressSpace();
                RcuReader reader = engine.newReader()) {
            file.extend((long) NR_PAGES << 12);
            assertEquals(Errno.OK, file.populate(0, NR_PAGES, ORDER));
            FolioLookup lookup = file.newLookup(reader);
            long folio = lookup.pin(0);
            withMappers(
                    engine,
                    (mapper, tables) -> {
                        tables.addRegion(baseOf(mapper), NR_PAGES, file, 0);
                        folios.lock(folio);
                        mapShared(tables, mapper, folio);
                        folios.unlock(folio);
                    },
                    () -> {
                        folios.lock(folio);
                        long middle = folio + 100L * PageStruct.BYTES;
                        assertEquals(Errno.OK, engine.splitter().splitNonUniform(folio, middle, 0));
                        // Who needs a page of a file faults it in again.
                        assertEquals(0, FolioMapcounts.total(folio));
                        folios.unlock(folio);
                    });
            folios.unpin(folio);
        }
    }

    @ParameterizedTest
    @CsvSource({"HEAD_BITS, 18", "HEAD_BITS, 10", "HEAD_BITS, 4", "HEAD_BITS, 0", "TAIL_WORDS, 10", "TAIL_WORDS, 18"})
    void aFailedSplitGivesEveryMapperTheWholeFolioBack(HeadMapKind headMap, int order) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        long nrPages = 1L << order;
        try (AnonVma owner = engine.newAnonVma();
                PageTables one = engine.newPageTables();
                PageTables other = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            long folio = folios.allocate(order);
            owner.adopt(folio, 1L << 20);
            one.addRegion(1L << 40, nrPages, owner, 1L << 20);
            // The other process sees the second half only, at an address that is aligned to nothing.
            long second = nrPages / 2;
            other.addRegion(5 * 4096, nrPages - second, owner, (1L << 20) + second);
            mapAsLargeAsPossible(one, 1L << 40, folio, order);
            assertEquals(Errno.OK, other.map(5 * 4096, folio, second, nrPages - second, false));
            int references = folios.references(folio);
            int total = FolioMapcounts.total(folio);
            long pinned = other.newWalker(reader).pin(5 * 4096, false);
            assertEquals(folio + second * PageStruct.BYTES, pinned);

            folios.lock(folio);
            assertTrue(engine.mappers().unmap(folio));
            assertEquals(2, folios.references(folio), "the caller's and the pin");
            assertEquals(0, FolioMapcounts.total(folio));
            if (order > 1) {
                assertEquals(Errno.EAGAIN, engine.splitter().splitNonUniform(folio, folio, 0));
            }
            engine.mappers().remap(folio, nrPages);
            folios.unlock(folio);

            // What was one entry of 1 GiB comes back as entries of 2 MiB, all else as it was.
            long nrLeaves = order < 9 ? nrPages : nrPages >>> 9;
            assertEquals(nrLeaves + nrPages - second, FolioMapcounts.total(folio));
            assertEquals(references - total + FolioMapcounts.total(folio) + 1, folios.references(folio));
            for (long page = 0; page < nrPages; page += Math.max(1, nrPages / 64)) {
                assertMaps(one.newWalker(reader).entry((1L << 40) + page * 4096), engine, folio, page);
                if (page >= second) {
                    assertMaps(other.newWalker(reader).entry((5 + page - second) * 4096), engine, folio, page);
                }
            }
            folios.unpin(folio);
            folios.unpin(folio);
        }
    }

    private static void mapAsLargeAsPossible(PageTables tables, long address, long folio, int order) {
        if (order < 9) {
            assertEquals(Errno.OK, tables.map(address, folio, 0, 1L << order, false));
            return;
        }
        int leafOrder = order == 18 ? 18 : 9;
        for (long page = 0; page < 1L << order; page += 1L << leafOrder) {
            assertEquals(Errno.OK, tables.mapHuge(address + page * 4096, folio, page, leafOrder, false));
        }
    }

    private static void assertMaps(long entry, Quire engine, long folio, long page) {
        assertTrue(PageTableEntry.isPresent(entry));
        boolean large = (entry & PageTableEntry.HUGE) != 0;
        assertEquals(engine.arena().pfnOf(folio) + (large ? page & -NR_PAGES : page), PageTableEntry.pfn(entry));
        assertFalse(PageTableEntry.isExclusive(entry));
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aMappingThatIsUnmappedWhileItMigratesStaysAway(HeadMapKind headMap) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            Region region = tables.addRegion(0, 16, owner, 0);
            long folio = folios.allocate(4);
            owner.adopt(folio, 0);
            assertEquals(Errno.OK, tables.map(0, folio, 0, 16, true));
            folios.lock(folio);
            assertTrue(engine.mappers().unmap(folio));
            assertEquals(Errno.EEXIST, tables.map(0, folio, 0, 1, true), "a migration entry keeps the place");
            tables.unmap(4 * 4096, 4);
            engine.mappers().remap(folio, 16);
            folios.unlock(folio);
            assertEquals(12, FolioMapcounts.total(folio));
            assertEquals(13, folios.references(folio));
            PageWalker walker = tables.newWalker(reader);
            for (int page = 0; page < 16; page++) {
                assertEquals(page < 4 || page >= 8, walker.entry(page * 4096L) != PageTableEntry.NONE);
            }
            folios.lock(folio);
            assertTrue(engine.mappers().unmap(folio));
            region.close();
            engine.mappers().remap(folio, 16);
            folios.unlock(folio);
            assertEquals(0, FolioMapcounts.total(folio));
            assertEquals(1, tables.nrTables());
            folios.unpin(folio);
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aFaultSleepsWhileItsPageMigratesAndWakesWhenItIsBack(HeadMapKind headMap) throws Exception {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables()) {
            tables.addRegion(0, 4, owner, 0);
            long folio = folios.allocate(2);
            owner.adopt(folio, 0);
            assertEquals(Errno.OK, tables.map(0, folio, 0, 4, true));
            assertFalse(tables.awaitMigration(0), "mapped");
            assertFalse(tables.awaitMigration(1L << 40), "no table");
            folios.lock(folio);
            assertTrue(engine.mappers().unmap(folio));
            FutureTask<Boolean> fault = new FutureTask<>(() -> tables.awaitMigration(3 * 4096));
            Thread thread = new Thread(fault);
            thread.start();
            while (thread.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            assertEquals(1, folios.references(folio), "the sleeper has no reference");
            assertFalse(fault.isDone());
            engine.mappers().remap(folio, 2);
            assertEquals(Thread.State.WAITING, thread.getState(), "its page is not among those");
            engine.mappers().remap(folio, 4);
            assertTrue(fault.get());
            folios.unlock(folio);
            folios.unpin(folio);
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void truncationUnmapsWhatItDrops(HeadMapKind headMap) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        try (AddressSpace file = engine.newAddressSpace();
                PageTables tables = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            file.extend(1L << 20);
            assertEquals(Errno.OK, file.populate(0, 256, 4));
            tables.addRegion(1L << 30, 256, file, 0);
            FolioLookup lookup = file.newLookup(reader);
            for (int index = 0; index < 256; index += 16) {
                long folio = lookup.pin(index);
                assertNotEquals(0, folio);
                folios.lock(folio);
                assertEquals(Errno.OK, tables.map((1L << 30) + index * 4096L, folio, 0, 16, true));
                folios.unlock(folio);
                folios.unpin(folio);
            }
            file.truncate(128L << 12, SplitPolicies.RANGE);
            PageWalker walker = tables.newWalker(reader);
            for (int page = 0; page < 256; page++) {
                assertEquals(page < 128, walker.entry((1L << 30) + page * 4096L) != PageTableEntry.NONE);
            }
        }
    }

    /**
     * A folio that cannot be split, because somebody holds it, stays beyond the end of the file, but is mapped no more.
     */
    @Test
    void afterAFailedSplitNothingBeyondTheEndIsMapped() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        try (AddressSpace file = engine.newAddressSpace();
                PageTables tables = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            file.extend((long) NR_PAGES << 12);
            assertEquals(Errno.OK, file.populate(0, NR_PAGES, ORDER));
            long folio = file.newLookup(reader).pin(0);
            tables.addRegion(baseOf(0), NR_PAGES, file, 0);
            folios.lock(folio);
            assertEquals(Errno.OK, tables.mapHuge(baseOf(0), folio, 0, ORDER, false));
            folios.unlock(folio);

            file.truncate(100 << 12, SplitPolicies.RANGE);
            assertEquals(ORDER, folios.order(folio));
            assertEquals(0, FolioMapcounts.total(folio));
            assertEquals(0, tables.newWalker(reader).entry(baseOf(0) + 300 * 4096));
            assertEquals(NR_PAGES + 1, folios.references(folio));
            folios.unpin(folio);
        }
    }
}
