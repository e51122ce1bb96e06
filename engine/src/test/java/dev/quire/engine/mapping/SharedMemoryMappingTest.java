/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Shared memory in page tables: holes, what is in memory, and what is in swap. */
@SuppressWarnings("NullAway.Init")
class SharedMemoryMappingTest extends FileMappingFixture {
    private final MemoryFile swapFile = new MemoryFile(new byte[0]);
    private SwapArea swap;
    private SharedMemory shared;
    private OpenFile opened;

    @BeforeEach
    void openSharedMemory() {
        swap = engine.pageCache().swapOn(swapFile);
        shared = engine.pageCache().newSharedMemory((long) NR_PAGES * PAGE);
        opened = shared.open(reader);
    }

    @AfterEach
    void closeSharedMemory() throws IOException {
        opened.close();
        shared.close();
        swap.close();
    }

    @Test
    void aFaultFillsAHoleWithTheLargestFolioThatFits() throws IOException {
        opened.truncate(700 * PAGE);
        try (FileMapping mapping = shared.map(tables, BASE, NR_PAGES, 0, true)) {
            assertEquals(0, read(mapping, BASE + 3 * PAGE));
            assertEquals(512, shared.nrPages());
            assertEquals(List.of("0/9"), leaves(mapping));
            assertFalse(isWritable(BASE), "nobody has written to it");
            assertEquals(0, read(mapping, BASE + 699 * PAGE));
            assertEquals(512 + 4, shared.nrPages());
            assertEquals(0, read(mapping, BASE + 513 * PAGE));
            assertEquals(512 + 4 + 128, shared.nrPages());
            assertEquals(Errno.EFAULT, mapping.faultIn(BASE + 700 * PAGE, false));
            assertEquals(Errno.EFAULT, mapping.faultIn(BASE + 700 * PAGE, true));
        }
    }

    @Test
    void processesSeeWhatOneOfThemWrites() throws IOException {
        try (PageTables other = engine.newPageTables();
                FileMapping mapping = shared.map(tables, BASE, 16, 0, true);
                FileMapping others = shared.map(other, PAGE, 16, 0, true);
                FileMapping readOnly = opened.map(tables, 2 * BASE, 16, 0)) {
            assertTrue(write(mapping, BASE + 2 * PAGE + 1, 42));
            assertEquals(42, read(readOnly, 2 * BASE + 2 * PAGE + 1));
            assertFalse(write(readOnly, 2 * BASE, 1));
            PageWalker otherWalker = other.newWalker(reader);
            long page = otherWalker.pinOrFault(PAGE + 2 * PAGE, true, others);
            assertEquals(42, NativeMemory.getByte(engine.arena().frameOf(page) + 1));
            NativeMemory.setByte(engine.arena().frameOf(page) + 2, (byte) 43);
            others.unpinWritten(page);
            byte[] bytes = new byte[2];
            assertEquals(2, opened.read(MemorySegment.ofArray(bytes), 2 * PAGE + 1));
            assertEquals(42, bytes[0]);
            assertEquals(43, bytes[1]);
        }
    }

    @Test
    void whatIsMappedIsSwappedOutWithWhatWasWrittenThroughIt() throws IOException {
        try (FileMapping mapping = shared.map(tables, BASE, NR_PAGES, 0, true)) {
            assertTrue(write(mapping, BASE + 7 * PAGE, 7));
            assertEquals(List.of("0/9"), leaves(mapping));
            assertEquals(512, shared.swapOut(0, 512 * PAGE));
            assertEquals(List.of(), leaves(mapping));
            assertEquals(512, shared.nrSwappedPages());
            assertEquals(7, read(mapping, BASE + 7 * PAGE));
            assertEquals(0, shared.nrSwappedPages());
            assertTrue(isWritable(BASE), "it is dirty, as the swap area has it no more");
            assertTrue(write(mapping, BASE + 8 * PAGE, 8));
            assertEquals(512, shared.swapOut(0, 512 * PAGE));
            assertTrue(write(mapping, BASE + 9 * PAGE, 9));
            assertEquals(7, read(mapping, BASE + 7 * PAGE));
            assertEquals(8, read(mapping, BASE + 8 * PAGE));
        }
    }

    @Test
    void whatNobodyHasWrittenToLeavesAHole() throws IOException {
        try (FileMapping mapping = shared.map(tables, BASE, 4, 0, true)) {
            assertEquals(0, read(mapping, BASE));
            long nrPages = shared.nrPages();
            assertEquals(nrPages, shared.swapOut(0, (long) NR_PAGES * PAGE));
            assertEquals(0, shared.nrSwappedPages());
            assertEquals(0, shared.nrPages());
            assertTrue(write(mapping, BASE, 1));
            assertEquals(nrPages, shared.swapOut(0, (long) NR_PAGES * PAGE));
            assertEquals(nrPages, shared.nrSwappedPages());
        }
    }

    @Test
    void whatSomebodyHasPinnedToWriteToStays() throws IOException {
        try (FileMapping mapping = shared.map(tables, BASE, 4, 0, true)) {
            long page = walker.pinOrFault(BASE, true, mapping);
            assertEquals(0, shared.swapOut(0, (long) NR_PAGES * PAGE));
            NativeMemory.setByte(engine.arena().frameOf(page), (byte) 5);
            walker.unpin(page);
            assertTrue(shared.swapOut(0, (long) NR_PAGES * PAGE) > 0);
            assertEquals(5, read(mapping, BASE));
        }
    }

    @Test
    void cutsUnmap() throws IOException {
        try (FileMapping mapping = shared.map(tables, BASE, NR_PAGES, 0, true)) {
            for (int page = 0; page < 512; page++) {
                assertTrue(write(mapping, BASE + (long) page * PAGE, valueOf(page)));
            }
            opened.punchHole(100 * PAGE, 100 * PAGE);
            assertEquals(412, shared.nrPages());
            assertEquals(List.of(), leaves(mapping));
            assertEquals(valueOf(99), read(mapping, BASE + 99 * PAGE));
            assertEquals(0, read(mapping, BASE + 100 * PAGE));
            opened.truncate(50 * PAGE + 1);
            assertEquals(valueOf(50), read(mapping, BASE + 50 * PAGE));
            assertEquals(-1, read(mapping, BASE + 51 * PAGE));
            assertFalse(write(mapping, BASE + 51 * PAGE, 1));
        }
    }

    /** Its large folio cannot be split, but no page of it behind the end may be reached. */
    @Test
    void aHeldFolioAcrossANewEndIsUnmapped() throws IOException {
        try (FileMapping mapping = shared.map(tables, BASE, NR_PAGES, 0, true)) {
            assertTrue(write(mapping, BASE + 10 * PAGE, 1));
            long page = walker.pinOrFault(BASE + 10 * PAGE, true, mapping);
            opened.truncate(5 * PAGE);
            assertEquals(List.of(), leaves(mapping));
            assertFalse(write(mapping, BASE + 10 * PAGE, 2));
            NativeMemory.setByte(engine.arena().frameOf(page), (byte) 3);
            mapping.unpinWritten(page);
            opened.truncate(20 * PAGE);
            assertEquals(0, read(mapping, BASE + 10 * PAGE));
        }
    }

    @Test
    void whatIsBehindTheEndIsZeroAlsoInSwap() throws IOException {
        opened.truncate(10);
        try (FileMapping mapping = shared.map(tables, BASE, 1, 0, true)) {
            assertTrue(write(mapping, BASE + 9, 1));
            assertTrue(write(mapping, BASE + 100, 2));
            assertEquals(1, shared.swapOut(0, 10));
            opened.truncate(200);
            assertEquals(1, read(mapping, BASE + 9));
            assertEquals(0, read(mapping, BASE + 100));
        }
    }

    @Test
    void aMappingIsAUser() throws IOException {
        SharedMemory other = engine.pageCache().newSharedMemory(PAGE);
        FileMapping mapping = other.map(tables, BASE, 1, 0, true);
        assertEquals(
                "the shared memory is in use: users=1",
                assertThrows(IllegalStateException.class, other::close).getMessage());
        assertTrue(write(mapping, BASE, 1));
        mapping.close();
        assertEquals(-1, read(mapping, BASE));
        other.close();
        assertThrows(IllegalStateException.class, () -> other.map(tables, BASE, 1, 0, true));
        assertEquals(null, tables.regionAt(BASE));
    }

    @Test
    void whatCannotBeMappedIsRefusedAndLeavesNothing() throws IOException {
        assertThrows(IllegalArgumentException.class, () -> shared.map(tables, BASE + 1, 1, 0, true));
        assertThrows(IllegalArgumentException.class, () -> shared.map(tables, BASE, 0, 0, true));
        assertThrows(IllegalArgumentException.class, () -> shared.map(tables, BASE, 1, -1, true));
        assertEquals(null, tables.regionAt(BASE));
    }
}
