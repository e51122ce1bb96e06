/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
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
import dev.quire.engine.struct.PageStruct;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/**
 * What goes wrong changes nothing: memory that runs out, places that are taken, arguments that do not fit, late calls.
 */
class PageTablesFailureTest extends WholeEngineTest {
    private static final long GIB = 1L << 30;

    private static void assertRefused(Class<? extends Exception> type, String message, Executable call) {
        assertEquals(message, assertThrows(type, call).getMessage());
    }

    @Test
    void everyAllocationThatFailsLeavesAllAsItWas() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            tables.addRegion(0, 4L << 18, owner, 0);
            long folio = engine.folios().allocate(18);
            owner.adopt(folio, 1 << 18);
            // Two PTE tables, a PMD table and a PUD table.
            assertEquals(4, failAtEvery(engine, tables, folio, () -> tables.map(GIB + 4096, folio, 1, 1000, true)));
            tables.unmap(0, 4L << 18);
            // A PUD table and the 513 set aside.
            assertEquals(514, failAtEvery(engine, tables, folio, () -> tables.mapHuge(GIB, folio, 0, 18, true)));
            // From here on nothing can fail: the tables are there.
            failures.failAfter(0);
            engine.folios().lock(folio);
            assertTrue(engine.mappers().unmap(folio));
            engine.mappers().remap(folio, 1 << 18);
            engine.folios().unlock(folio);
            failures.stop();
            assertEquals(1 << 18, FolioMapcounts.total(folio));
            assertEquals(folio, pinAndUnpin(tables.newWalker(reader), GIB));
            engine.folios().unpin(folio);
        }
    }

    private static long pinAndUnpin(PageWalker walker, long address) {
        long page = walker.pin(address, true);
        walker.unpin(page);
        return page;
    }

    @FunctionalInterface
    private interface Call {
        int run();
    }

    /** Fails the first, second, ... allocation of a call until it succeeds; returns how many it made. */
    private int failAtEvery(Quire engine, PageTables tables, long folio, Call call) {
        for (int nrAllocations = 0; ; nrAllocations++) {
            failures.failAfter(nrAllocations);
            int result = call.run();
            failures.stop();
            if (result == Errno.OK) {
                return nrAllocations;
            }
            assertEquals(Errno.ENOMEM, result);
            assertEquals(1, tables.nrTables());
            assertEquals(1, engine.folios().references(folio));
            assertEquals(0, FolioMapcounts.total(folio));
        }
    }

    @Test
    void noTablesWithoutARoot() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        failures.failAfter(0);
        assertThrows(OutOfMemoryError.class, engine::newPageTables);
    }

    @Test
    void aPlaceThatIsTakenInPartIsNotMapped() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables()) {
            tables.addRegion(0, 1 << 20, owner, 0);
            long folio = folios.allocate(10);
            owner.adopt(folio, 0);
            assertEquals(Errno.OK, tables.map(700 * 4096, folio, 700, 1, false));
            assertEquals(Errno.EEXIST, tables.map(0, folio, 0, 1024, false));
            assertEquals(Errno.EEXIST, tables.map(700 * 4096, folio, 700, 1, false));
            assertEquals(Errno.EEXIST, tables.mapHuge(512 * 4096, folio, 512, 9, false));
            assertEquals(Errno.OK, tables.mapHuge(0, folio, 0, 9, false));
            assertEquals(Errno.EEXIST, tables.mapHuge(0, folio, 0, 9, false));
            assertEquals(Errno.EEXIST, tables.map(511 * 4096, folio, 511, 2, false));
            assertEquals(3, folios.references(folio));
            // PUD, PMD and PTE table, the root, and one set aside.
            assertEquals(5, tables.nrTables());
            folios.unpin(folio);
        }
    }

    @Test
    void argumentsThatDoNotFitAreNamed() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        try (AnonVma owner = engine.newAnonVma();
                AnonVma stranger = engine.newAnonVma();
                PageTables tables = engine.newPageTables()) {
            Region region = tables.addRegion(GIB, 1024, owner, 100);
            long folio = folios.allocate(9);
            owner.adopt(folio, 100);
            Class<IllegalArgumentException> illegal = IllegalArgumentException.class;
            assertRefused(
                    illegal,
                    "address out of range: address=0x1000000000000, end=0x1000000000000",
                    () -> tables.map(1L << 48, folio, 0, 1, false));
            assertRefused(
                    illegal,
                    "address not a multiple of 4096: address=0x40000001",
                    () -> tables.map(GIB + 1, folio, 0, 1, false));
            assertRefused(
                    illegal,
                    "nrPages out of range: nrPages=0, address=0x40000000, end=0x1000000000000",
                    () -> tables.unmap(GIB, 0));
            assertRefused(
                    illegal,
                    "pages not in the folio: firstPage=500, nrPages=13, folio's pages=512",
                    () -> tables.map(GIB, folio, 500, 13, false));
            assertRefused(
                    illegal,
                    "the page does not belong at this address: index=101, index at address=100",
                    () -> tables.map(GIB, folio, 1, 1, false));
            assertRefused(
                    illegal,
                    "not in one region: start=0x3ffff000, end=0x40000000",
                    () -> tables.map(GIB - 4096, folio, 0, 1, false));
            assertRefused(
                    illegal,
                    "no large entry of this order: order=10, allowed=9 and 18",
                    () -> tables.mapHuge(GIB, folio, 0, 10, false));
            assertRefused(
                    illegal,
                    "not aligned to a large entry: address=0x40001000, firstPage=0, order=9",
                    () -> tables.mapHuge(GIB + 4096, folio, 0, 9, false));
            assertRefused(
                    illegal,
                    "addresses are part of another region: start=0x403ff000, end=0x40400000, other start=0x40000000, "
                            + "other end=0x40400000",
                    () -> tables.addRegion(GIB + 1023 * 4096, 1, owner, 0));
            assertRefused(illegal, "firstIndex out of range: firstIndex=-1", () -> tables.addRegion(0, 1, owner, -1));
            assertThrows(illegal, () -> tables.map(GIB, folio + 1, 0, 1, false));
            assertThrows(illegal, () -> tables.map(GIB, folio + PageStruct.BYTES, 0, 1, false));
            assertThrows(illegal, () -> owner.adopt(folio, 0));
            Region strangers = tables.addRegion(0, 512, stranger, 100);
            assertThrows(illegal, () -> tables.map(0, folio, 0, 1, false));
            assertEquals(1, folios.references(folio));
            assertEquals(1, tables.nrTables());
            assertSame(region, tables.regionAt(GIB + 1024 * 4096 - 1));
            assertNull(tables.regionAt(GIB - 1));
            assertSame(strangers, tables.regionAt(0));
            assertRefused(IllegalStateException.class, "the owner still has regions: regions=1", stranger::close);
            strangers.close();
            strangers.close();
            assertNull(tables.regionAt(0));
            folios.unpin(folio);
        }
    }

    @Test
    void aFilesFolioIsMappedUnderItsLockOnly() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        try (AddressSpace file = engine.newAddressSpace();
                PageTables tables = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            assertEquals(Errno.OK, file.populate(0, 1, 0));
            FolioLookup lookup = file.newLookup(reader);
            long folio = lookup.pin(0);
            tables.addRegion(0, 1, file, 0);
            assertThrows(IllegalStateException.class, () -> tables.map(0, folio, 0, 1, false));
            engine.folios().unpin(folio);
        }
    }

    @Test
    void lateCallsAreRefused() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        AnonVma owner = engine.newAnonVma();
        PageTables tables = engine.newPageTables();
        Region region = tables.addRegion(0, 16, owner, 0);
        long folio = engine.folios().allocate(4);
        owner.adopt(folio, 0);
        assertEquals(Errno.OK, tables.map(0, folio, 0, 16, true));
        try (RcuReader reader = engine.newReader()) {
            PageWalker walker = tables.newWalker(reader);
            tables.close();
            tables.close();
            assertTrue(tables.isClosed());
            assertEquals(1, engine.folios().references(folio));
            assertEquals(PageWalker.NOT_PINNED, walker.pin(0, false));
            assertEquals(PageTableEntry.NONE, walker.entry(0));
            assertEquals(false, walker.touch(0, false));
            walker.forEachLeaf(0, 16 * 4096, (address, order, entry) -> assertEquals(-1, address, "nothing is left"));
        }
        region.close();
        Class<IllegalStateException> illegal = IllegalStateException.class;
        String closed = "the page tables are closed";
        assertRefused(illegal, closed, () -> tables.map(0, folio, 0, 16, true));
        assertRefused(illegal, closed, () -> tables.unmap(0, 16));
        assertRefused(illegal, closed, () -> tables.writeProtect(0, 16));
        assertRefused(illegal, closed, () -> tables.awaitMigration(0));
        assertRefused(illegal, closed, () -> tables.addRegion(0, 16, owner, 0));
        engine.folios().unpin(folio);
        owner.close();
        owner.close();
    }

    @Test
    void aReaderOfAnotherEngineIsRefused() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Quire other = open(HeadMapKind.HEAD_BITS);
        try (PageTables tables = engine.newPageTables();
                RcuReader reader = other.newReader()) {
            assertThrows(IllegalArgumentException.class, () -> tables.newWalker(reader));
        }
    }
}
