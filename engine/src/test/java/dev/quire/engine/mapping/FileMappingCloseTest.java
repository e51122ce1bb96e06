/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.pagetable.AnonymousMemory;
import dev.quire.engine.pagetable.LargeFolioOrders;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.Region;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Mappings of files where something fails, and where what they rest on is closed before or after them. */
class FileMappingCloseTest extends FileMappingFixture {
    // ---- failures

    @Test
    void anErrorOfTheFileIsTold() throws IOException {
        FaultyFile faulty = new FaultyFile(new MemoryFile(new byte[16 * PAGE]), new SplittableRandom(1));
        faulty.failReadsOf(4 * PAGE, 5 * PAGE);
        try (OpenFile failing = engine.pageCache().open(faulty, reader);
                FileMapping mapping = failing.map(tables, BASE, 16, 0)) {
            assertThrows(IOException.class, () -> mapping.faultIn(BASE + 4 * PAGE, false));
            assertThrows(UncheckedIOException.class, () -> walker.pinOrFault(BASE + 4 * PAGE, false, mapping));
            assertEquals(0, read(mapping, BASE + 3 * PAGE));
            assertEquals(0, read(mapping, BASE + 5 * PAGE));
            assertFalse(leaves(mapping).contains("4"));
            faulty.failReadsOf(0, 0);
            assertEquals(0, read(mapping, BASE + 4 * PAGE));
        }
    }

    @Test
    void withoutMemoryAFaultIsRefusedAndNothingIsMapped() throws IOException {
        write(0, 16);
        try (FileMapping mapping = file.map(tables, BASE, 64, 0)) {
            long nrTables = tables.nrTables();
            failures.failAfter(0);
            assertEquals(Errno.ENOMEM, mapping.faultIn(BASE, false), "no table");
            assertEquals(Errno.ENOMEM, mapping.faultIn(BASE + 40 * PAGE, false), "no page");
            failures.stop();
            assertEquals(nrTables, tables.nrTables());
            assertEquals(List.of(), leaves(mapping));
            assertEquals(valueOf(1), read(mapping, BASE + PAGE));
            assertEquals(0, read(mapping, BASE + 40 * PAGE));
        }
    }

    /** A cache full of pages that are mapped, and not used since, gives room for others. */
    @Test
    void aFaultTakesMemoryFromWhatIsMapped() throws IOException {
        int nrPages = 64 << 8;
        file.truncate(2L * nrPages * PAGE);
        try (FileMapping mapping = file.map(tables, BASE, 2L * nrPages, 0)) {
            for (int page = 0; page < 2 * nrPages; page++) {
                assertEquals(Errno.OK, mapping.faultIn(BASE + (long) page * PAGE, false));
            }
            assertTrue(file.nrCachedPages() < nrPages);
        }
    }

    @Test
    void whatCannotBeMappedIsRefused() throws IOException {
        try (Quire other = Quire.builder().capacityBytes(16 << 20).open();
                PageTables foreign = other.newPageTables();
                AnonymousMemory process = engine.newAnonymousMemory(SplitPolicies.UNIFORM, LargeFolioOrders.ALL);
                FileMapping mapping = file.map(tables, BASE, 16, 0)) {
            assertThrows(IllegalArgumentException.class, () -> file.map(foreign, BASE, 16, 0));
            assertEquals(
                    "the tables are those of anonymous memory: start=0x10000000000",
                    assertThrows(IllegalArgumentException.class, () -> file.map(process.tables(), BASE, 16, 0))
                            .getMessage());
            assertThrows(IllegalArgumentException.class, () -> file.map(tables, BASE + 15 * PAGE, 1, 0));
            assertThrows(IllegalArgumentException.class, () -> file.map(tables, 2 * BASE + 1, 1, 0));
            assertThrows(IllegalArgumentException.class, () -> file.map(tables, 2 * BASE, 0, 0));
            assertThrows(IllegalArgumentException.class, () -> file.map(tables, 2 * BASE, 1, -1));
            assertThrows(IllegalArgumentException.class, () -> file.map(tables, -PAGE, 1, 0));
            assertEquals(Errno.EFAULT, mapping.faultIn(BASE - 1, false));
            assertEquals(Errno.EFAULT, mapping.faultIn(BASE + 16 * PAGE, false));
            assertEquals(Errno.EFAULT, mapping.faultIn(-1, false));
            assertFalse(mapping.fault(process.tables(), BASE, false));
            assertEquals(List.of(), leaves(mapping));
        }
    }

    // ---- the end

    @Test
    void aMappingOutlivesTheOpenFileAndWritesBackWhatIsDirty() throws IOException {
        write(0, 3);
        FileMapping mapping = file.map(tables, BASE, 16, 0);
        file.close();
        assertThrows(ClosedChannelException.class, () -> file.map(tables, 2 * BASE, 1, 0));
        assertFalse(memory.isClosed());
        assertEquals(0, memory.content()[0]);
        assertEquals(valueOf(2), read(mapping, BASE + 2 * PAGE));
        mapping.close();
        assertTrue(memory.isClosed());
        assertEquals(valueOf(0), memory.content()[0]);
        mapping.close();
        assertEquals(Errno.EFAULT, mapping.faultIn(BASE, false));
        assertEquals(-1, read(mapping, BASE));
        assertNull(tables.regionAt(BASE));
    }

    @Test
    void anErrorOfWritingBackIsToldByTheMappingThatClosesTheFile() throws IOException {
        FaultyFile faulty = new FaultyFile(new MemoryFile(new byte[PAGE]), new SplittableRandom(1));
        OpenFile failing = engine.pageCache().open(faulty, reader);
        FileMapping mapping = failing.map(tables, BASE, 1, 0);
        failing.write(MemorySegment.ofArray(new byte[] {1}), 0);
        failing.close();
        faulty.fail(1000);
        assertThrows(IOException.class, mapping::close);
        faulty.fail(0);
        mapping.close();
        engine.pageCache().sync();
    }

    @Test
    void closingThePageTablesUnmapsAndTheFileStaysOpen() throws IOException {
        write(0, 16);
        FileMapping mapping = file.map(tables, BASE, 16, 0);
        assertEquals(Errno.OK, mapping.faultIn(BASE, false));
        tables.close();
        long folio = pin(0);
        assertEquals(0, FolioMapcounts.total(folio));
        folios.unpin(folio);
        assertEquals(Errno.EFAULT, mapping.faultIn(BASE, false));
        file.close();
        assertFalse(memory.isClosed());
        mapping.close();
        assertTrue(memory.isClosed());
        assertThrows(IllegalStateException.class, () -> file.file().space().newLookup(reader));
    }

    @Test
    void aRegionThatIsTakenAwayIsMappedNoMore() throws IOException {
        FileMapping mapping = file.map(tables, BASE, 16, 0);
        assertEquals(0, read(mapping, BASE));
        Region region = tables.regionAt(BASE);
        assertEquals(16, region == null ? 0 : region.nrPages());
        if (region != null) {
            region.close();
        }
        assertEquals(PageTableEntry.NONE, walker.entry(BASE));
        assertEquals(Errno.EFAULT, mapping.faultIn(BASE, false));
        try (FileMapping next = file.map(tables, BASE, 8, 8)) {
            assertEquals(Errno.EFAULT, mapping.faultIn(BASE, false));
            assertEquals(0, read(next, BASE));
            mapping.close();
            assertEquals(0, read(next, BASE));
        }
    }

    @Test
    void aClosedEngineLeavesMappingsThatRefuse() throws IOException {
        Quire closing = Quire.builder().capacityBytes(16 << 20).open();
        PageTables itsTables = closing.newPageTables();
        OpenFile itsFile = closing.pageCache().open(new MemoryFile(new byte[PAGE]), closing.newReader());
        FileMapping open = itsFile.map(itsTables, BASE, 1, 0);
        FileMapping closed = itsFile.map(itsTables, 2 * BASE, 1, 0);
        assertEquals(Errno.OK, open.faultIn(BASE, false));
        closed.close();
        closing.close();
        assertThrows(IllegalStateException.class, () -> open.faultIn(BASE, false));
        assertThrows(IllegalStateException.class, open::close);
        closed.close();
        assertThrows(IllegalStateException.class, () -> itsFile.map(itsTables, 3 * BASE, 1, 0));
    }
}
