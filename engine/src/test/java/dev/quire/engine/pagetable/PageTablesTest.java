/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Mapping, unmapping and splitting leaves, with the counts and references that each step must leave behind. */
class PageTablesTest extends WholeEngineTest {
    private static final long BASE = 0x7f00_0000_0000L;
    private static final long PMD_BYTES = 1L << 21;

    private static long anonymousFolio(Quire engine, AnonVma owner, int order, long index) {
        long folio = engine.folios().allocate(order);
        assertNotEquals(0, folio);
        owner.adopt(folio, index);
        return folio;
    }

    private static void assertCounts(long folio, int total, int entire, int nrPagesMapped) {
        assertEquals(total, FolioMapcounts.total(folio), "leaves");
        assertEquals(entire, FolioMapcounts.entire(folio), "leaves that map the whole folio");
        assertEquals(nrPagesMapped, FolioMapcounts.nrPagesMapped(folio), "pages mapped by smaller leaves");
    }

    @Test
    void ownersOfAnotherEngineAreRefused() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Quire other = open(HeadMapKind.HEAD_BITS);
        try (PageTables tables = engine.newPageTables();
                AnonVma foreignOwner = other.newAnonVma();
                AddressSpace foreignFile = other.newAddressSpace()) {
            for (int round = 0; round < 2; round++) {
                assertThrows(IllegalArgumentException.class, () -> tables.addRegion(BASE, 1, foreignOwner, 0));
                assertThrows(IllegalArgumentException.class, () -> tables.addRegion(BASE, 1, foreignFile, 0));
            }
            assertNull(tables.regionAt(BASE));
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void mapsPinsAndUnmapsOneFolio(HeadMapKind headMap) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            assertEquals(1, tables.nrTables());
            Region region = tables.addRegion(BASE, 1024, owner, 100);
            long folio = anonymousFolio(engine, owner, 4, 104);
            assertEquals(Errno.OK, tables.map(BASE + 4 * 4096, folio, 0, 16, true));
            assertEquals(17, folios.references(folio));
            assertCounts(folio, 16, 0, 16);
            assertEquals(4, tables.nrTables());
            PageWalker walker = tables.newWalker(reader);
            for (int page = 0; page < 16; page++) {
                long pinned = walker.pin(BASE + (4 + page) * 4096L + page, true);
                assertEquals(folio + page * (long) PageStruct.BYTES, pinned);
                assertEquals(18, folios.references(folio));
                walker.unpin(pinned);
            }
            assertEquals(0, walker.pin(BASE + 3 * 4096, false));
            assertEquals(0, walker.pin(BASE + 20 * 4096, false));
            folios.unpin(folio);
            tables.unmap(BASE + 4 * 4096, 15);
            assertEquals(1, folios.references(folio));
            assertEquals(4, tables.nrTables());
            tables.unmap(BASE, 1024);
            assertEquals(0, folios.references(folio));
            assertEquals(1, tables.nrTables());
            region.close();
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void splitsAPudLeafIntoPmdLeavesAndThoseIntoPages(HeadMapKind headMap) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        long address = 1L << 40;
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            tables.addRegion(address, 1 << 18, owner, 0);
            PageWalker walker = tables.newWalker(reader);
            long folio = anonymousFolio(engine, owner, 18, 0);
            assertEquals(Errno.OK, tables.mapHuge(address, folio, 0, 18, true));
            assertEquals(2, folios.references(folio));
            assertCounts(folio, 1, 1, 0);
            assertEquals(2 + 513, tables.nrTables());
            assertTrue(walker.touch(address + 12345 * 4096L, true));
            assertEquals(folio + 77_777L * 64, pinAndUnpin(walker, address + 77_777 * 4096L));

            // One page in the middle: its PUD leaf becomes 512 PMD leaves, one of those 512 PTEs, one of which goes.
            tables.unmap(address + 100_000 * 4096L, 1);
            assertEquals(2 + 511 + 511 - 1, folios.references(folio));
            assertCounts(folio, 511 + 511, 0, (1 << 18) - 1);
            assertTrue(FolioMapcounts.isPartiallyMapped(folio));
            assertEquals(2 + 513, tables.nrTables(), "the tables set aside are in use now");
            assertEquals(0, walker.pin(address + 100_000 * 4096L, false));
            assertEquals(folio + 99_999L * 64, pinAndUnpin(walker, address + 99_999 * 4096L));
            assertEquals(folio + 77_777L * 64, pinAndUnpin(walker, address + 77_777 * 4096L));
            List<Integer> orders = new ArrayList<>();
            walker.forEachLeaf(address, address + (1L << 30), (at, order, entry) -> {
                assertTrue(PageTableEntry.isDirty(entry) && PageTableEntry.isAccessed(entry), "inherited use");
                assertTrue(PageTableEntry.isWritable(entry) && PageTableEntry.isExclusive(entry));
                orders.add(order);
            });
            assertEquals(511, orders.stream().filter(order -> order == 9).count());
            assertEquals(511, orders.stream().filter(order -> order == 0).count());
            folios.unpin(folio);
        }
    }

    private static long pinAndUnpin(PageWalker walker, long address) {
        long page = walker.pin(address, false);
        if (page != 0) {
            walker.unpin(page);
        }
        return page;
    }

    @ParameterizedTest
    @CsvSource({"HEAD_BITS, 9", "HEAD_BITS, 18", "TAIL_WORDS, 9"})
    void aLargeLeafOfAFileIsClearedAsAWholeAndTellsItsUse(HeadMapKind headMap, int order) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        long address = 1L << 40;
        try (AddressSpace file = engine.newAddressSpace();
                PageTables tables = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            FolioLookup lookup = file.newLookup(reader);
            PageWalker walker = tables.newWalker(reader);
            assertEquals(Errno.OK, file.populate(0, 1L << order, order));
            tables.addRegion(address, 1L << order, file, 0);
            long folio = lookup.pin(0);
            folios.lock(folio);
            assertEquals(Errno.OK, tables.mapHuge(address, folio, 0, order, true));
            assertEquals(Errno.EEXIST, tables.map(address + 4096, folio, 1, 1, true));
            folios.unlock(folio);
            assertEquals((1 << order) + 2, folios.references(folio));
            assertTrue(walker.touch(address + 4096, true));
            tables.unmap(address + 4096, 1);
            assertEquals((1 << order) + 1, folios.references(folio));
            assertCounts(folio, 0, 0, 0);
            assertEquals(0, walker.pin(address, false));
            assertTrue(PageFlag.DIRTY.isSet(PageStruct.flagsAcquire(folio)));
            assertTrue(PageFlag.REFERENCED.isSet(PageStruct.flagsAcquire(folio)));
            assertEquals(1, tables.nrTables());
            folios.unpin(folio);
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void migrationEntriesStandForWhatWasMappedAndComeBackAsItWas(HeadMapKind headMap) {
        Quire engine = open(headMap);
        Folios folios = engine.folios();
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            tables.addRegion(0, 512, owner, 0);
            PageWalker walker = tables.newWalker(reader);
            long folio = anonymousFolio(engine, owner, 9, 0);
            assertEquals(Errno.OK, tables.mapHuge(0, folio, 0, 9, true));
            assertTrue(walker.touch(0, false));
            folios.lock(folio);
            assertTrue(engine.mappers().unmap(folio));
            assertEquals(1, folios.references(folio));
            assertCounts(folio, 0, 0, 0);
            for (int page = 0; page < 512; page++) {
                long entry = walker.entry(page * 4096L);
                assertTrue(PageTableEntry.isMigration(entry));
                assertEquals(PageTableEntry.WRITABLE_EXCLUSIVE, PageTableEntry.migrationKind(entry));
                assertTrue(PageTableEntry.isAccessed(entry));
                assertFalse(PageTableEntry.isDirty(entry));
                assertEquals(engine.arena().pfnOf(folio) + page, PageTableEntry.pfn(entry));
            }
            assertEquals(0, walker.pin(4096, false));
            assertFalse(walker.touch(4096, false));
            tables.writeProtect(4096, 1);
            engine.mappers().remap(folio, 512);
            folios.unlock(folio);
            assertEquals(513, folios.references(folio));
            assertCounts(folio, 512, 0, 512);
            assertTrue(walker.touch(0, true));
            assertFalse(walker.touch(4096, true));
            long readOnly = walker.entry(4096);
            assertTrue(PageTableEntry.isExclusive(readOnly) && PageTableEntry.isAccessed(readOnly));
            folios.unpin(folio);
        }
        assertEquals(PMD_BYTES, TableTree.bytesAt(TableTree.PMD_LEVEL));
    }
}
