/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.NonWritableChannelException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** Files are written to through page tables, and writeback loses nothing of it. */
class WritableMappingTest extends FileMappingFixture {
    @Test
    void whatIsWrittenReachesTheFileByASync() throws IOException {
        try (FileMapping mapping = file.map(tables, BASE, 16, 4, true)) {
            assertTrue(mapping.isWritable());
            assertTrue(write(mapping, BASE + 3 * PAGE + 5, 77));
            assertEquals(0, memory.content()[7 * PAGE + 5]);
            assertEquals(77, read(mapping, BASE + 3 * PAGE + 5));
            file.sync();
            byte[] expected = new byte[NR_PAGES * PAGE];
            expected[7 * PAGE + 5] = 77;
            assertArrayEquals(expected, memory.content());
        }
    }

    @Test
    void aReadFaultLetsNobodyWriteToAFolioThatIsClean() throws IOException {
        write(0, 4);
        file.sync();
        try (FileMapping mapping = file.map(tables, BASE, 4, 0, true)) {
            assertEquals(valueOf(0), read(mapping, BASE));
            assertEquals(pages(0, 4), leaves(mapping));
            assertFalse(isWritable(BASE));
            assertFalse(isDirty(0));
            assertFalse(walker.touch(BASE, true));
            assertEquals(PageWalker.NOT_PINNED, walker.pin(BASE, true));

            assertEquals(Errno.OK, mapping.faultIn(BASE + PAGE, true));
            assertTrue(isDirty(0));
            assertTrue(isWritable(BASE + PAGE));
            assertFalse(isWritable(BASE), "each page faults for itself");
            assertTrue(walker.touch(BASE + PAGE, true));
        }
    }

    @Test
    void aReadFaultOnADirtyFolioSparesTheNextOne() throws IOException {
        write(0, 4);
        try (FileMapping mapping = file.map(tables, BASE, 4, 0, true);
                FileMapping readOnly = file.map(tables, 2 * BASE, 4, 0)) {
            assertEquals(valueOf(0), read(mapping, BASE));
            assertTrue(isWritable(BASE + 3 * PAGE));
            assertEquals(valueOf(0), read(readOnly, 2 * BASE));
            assertFalse(isWritable(2 * BASE));
            assertEquals(Errno.EFAULT, readOnly.faultIn(2 * BASE, true));
            assertFalse(isWritable(2 * BASE));
        }
    }

    @Test
    void writebackTakesTheLeaveToWriteFromAllWhoMapTheFolio() throws IOException {
        write(0, 512);
        try (PageTables other = engine.newPageTables();
                FileMapping large = file.map(tables, BASE, 512, 0, true);
                FileMapping small = file.map(tables, 2 * BASE + PAGE, 512, 0, true);
                FileMapping others = file.map(other, PAGE, 512, 0, true)) {
            PageWalker otherWalker = other.newWalker(reader);
            assertTrue(write(large, BASE + 2 * PAGE, 1));
            assertTrue(write(small, 2 * BASE + PAGE + 3 * PAGE, 2));
            assertEquals(Errno.OK, others.faultIn(5 * PAGE, true));
            assertEquals(List.of("0/9"), leaves(large));
            assertTrue(walker.touch(BASE, true));
            assertTrue(otherWalker.touch(5 * PAGE, true));

            file.sync();
            assertEquals(1, memory.content()[2 * PAGE]);
            assertEquals(2, memory.content()[3 * PAGE]);
            assertFalse(isDirty(0));
            assertEquals(List.of("0/9"), leaves(large), "nothing is unmapped");
            assertEquals(PageTableEntry.ACCESSED, walker.entry(BASE) & bits());
            assertEquals(0, walker.entry(2 * BASE + PAGE + 3 * PAGE) & bits());
            assertEquals(PageTableEntry.ACCESSED, otherWalker.entry(5 * PAGE) & bits());

            assertTrue(write(large, BASE + 2 * PAGE, 3));
            assertTrue(isDirty(0));
            assertTrue(isWritable(BASE + 511 * PAGE));
            assertFalse(isWritable(2 * BASE + PAGE + 2 * PAGE));
            file.sync();
            assertEquals(3, memory.content()[2 * PAGE]);
        }
    }

    private static long bits() {
        return PageTableEntry.WRITABLE | PageTableEntry.DIRTY | PageTableEntry.ACCESSED;
    }

    /** The pin outlives the writeback; the bytes come too late for it. */
    @Test
    void whoHasPinnedAPageBeforeAWritebackSaysThatItHasWritten() throws IOException {
        try (FileMapping mapping = file.map(tables, BASE, 1, 0, true)) {
            long page = walker.pinOrFault(BASE, true, mapping);
            file.sync();
            assertFalse(isDirty(0));
            NativeMemory.setByte(engine.arena().frameOf(page), (byte) 9);
            mapping.unpinWritten(page);
            assertTrue(isDirty(0));
            assertEquals(0, file.evict(0, PAGE));
            file.sync();
            assertEquals(9, memory.content()[0]);
        }
    }

    @Test
    void whatIsWrittenWhileBytesAreOnTheirWayIsWrittenAgain() throws IOException {
        CallingFile calling = new CallingFile(new byte[2 * PAGE]);
        try (OpenFile slow = engine.pageCache().open(calling, reader);
                FileMapping mapping = slow.map(tables, BASE, 2, 0, true)) {
            assertTrue(write(mapping, BASE, 1));
            long[] pinned = {PageWalker.NOT_PINNED};
            calling.callAt(CallingFile.Request.WRITE, () -> {
                assertFalse(isWritable(BASE));
                assertEquals(PageWalker.NOT_PINNED, walker.pin(BASE, true));
                assertEquals(
                        Errno.OK, beside(() -> mapping.faultIn(BASE, true)), "a fault does not wait for the writeback");
                pinned[0] = walker.pin(BASE, true);
                assertTrue(isWritable(BASE));
            });
            slow.sync();
            assertTrue(calling.hasCalled());
            NativeMemory.setByte(engine.arena().frameOf(pinned[0]), (byte) 2);
            // The fault has made it dirty; nothing has to be said.
            walker.unpin(pinned[0]);
            slow.sync();
            slow.evict(0, PAGE);
            tables.unmap(BASE, 2);
            assertEquals(1, slow.evict(0, PAGE));
            assertEquals(2, read(mapping, BASE));
        }
    }

    /** In a thread that holds no lock of the file. */
    private static int beside(Callable<Integer> call) throws IOException {
        FutureTask<Integer> task = new FutureTask<>(call);
        new Thread(task).start();
        try {
            return task.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new IOException(e);
        }
    }

    @Test
    void unmappingAWrittenPageLeavesItDirtyOnlyIfItWas() throws IOException {
        try (FileMapping mapping = file.map(tables, BASE, 1, 0, true)) {
            assertEquals(Errno.OK, mapping.faultIn(BASE, true));
            assertTrue(walker.touch(BASE, true));
            tables.unmap(BASE, 1);
            assertTrue(isDirty(0));
            file.sync();
            assertFalse(isDirty(0));
            // The mark follows the flag: what is written next is found by the next sync.
            assertTrue(write(mapping, BASE, 8));
            file.sync();
            assertEquals(8, memory.content()[0]);
        }
    }

    @Test
    void cutsTakeWhatWasWritten() throws IOException {
        try (FileMapping mapping = file.map(tables, BASE, 8, 0, true)) {
            assertTrue(write(mapping, BASE + PAGE, 1));
            assertTrue(write(mapping, BASE + 2 * PAGE, 2));
            long page = walker.pinOrFault(BASE + 2 * PAGE, true, mapping);
            file.punchHole(PAGE, PAGE);
            file.truncate(2 * PAGE);
            NativeMemory.setByte(engine.arena().frameOf(page), (byte) 3);
            mapping.unpinWritten(page);
            assertFalse(write(mapping, BASE + 2 * PAGE, 4));
            assertEquals(Errno.EFAULT, mapping.faultIn(BASE + 2 * PAGE, true));
            assertEquals(0, read(mapping, BASE + PAGE));
            file.truncate(4 * PAGE);
            assertEquals(0, read(mapping, BASE + 2 * PAGE));
            file.sync();
            assertArrayEquals(new byte[4 * PAGE], memory.content());
        }
    }

    /** The last page is mapped as a whole; what is behind the end is not the file's. */
    @Test
    void whatIsWrittenBehindTheEndIsZeroWhenTheFileGrows() throws IOException {
        file.truncate(10);
        try (FileMapping mapping = file.map(tables, BASE, 1, 0, true)) {
            assertTrue(write(mapping, BASE + 9, 1));
            assertTrue(write(mapping, BASE + 10, 2));
            assertTrue(write(mapping, BASE + 100, 3));
            file.sync();
            assertEquals(10, memory.content().length);
            file.truncate(50);
            assertEquals(0, read(mapping, BASE + 10));
            assertTrue(write(mapping, BASE + 60, 4));
            assertEquals(1, file.write(MemorySegment.ofArray(new byte[] {5}), 200));
            file.sync();
            byte[] expected = new byte[201];
            expected[9] = 1;
            expected[200] = 5;
            assertArrayEquals(expected, memory.content());
            assertEquals(1, file.write(MemorySegment.ofArray(new byte[] {6}), 201));
            assertEquals(5, read(mapping, BASE + 200));
        }
    }

    /**
     * A byte behind the end is stored, and its folio written back, while a write that lets the file grow waits for
     * memory.
     */
    @Test
    void whatIsStoredBehindTheEndWhileTheFileGrowsIsTheSameInMemoryAndInTheFile() throws IOException {
        CallingFile calling = new CallingFile(new byte[PAGE]);
        MemoryFile shortFile = new MemoryFile(new byte[10]);
        try (OpenFile dirty = engine.pageCache().open(calling, reader);
                OpenFile growing = engine.pageCache().open(shortFile, reader);
                FileMapping mapping = growing.map(tables, BASE, 1, 0, true)) {
            assertEquals(1, dirty.write(MemorySegment.ofArray(new byte[] {1}), 0));
            long held = walker.pinOrFault(BASE, false, mapping);
            calling.callAt(CallingFile.Request.WRITE, () -> {
                failures.stop();
                beside(() -> storeAndSync(mapping, shortFile));
            });
            failures.failAfter(0);
            assertEquals(1, growing.write(MemorySegment.ofArray(new byte[] {5}), 2 * PAGE + 1));
            assertTrue(calling.hasCalled());
            walker.unpin(held);
            int cached = read(mapping, BASE + 20);
            growing.sync();
            tables.unmap(BASE, 1);
            assertEquals(1, growing.evict(0, PAGE));
            assertEquals(cached, read(mapping, BASE + 20));
        }
    }

    private int storeAndSync(FileMapping mapping, MemoryFile stored) throws IOException {
        try (RcuReader own = engine.newReader();
                OpenFile opened = engine.pageCache().open(stored, own)) {
            PageWalker ownWalker = tables.newWalker(own);
            long page = ownWalker.pinOrFault(BASE, true, mapping);
            NativeMemory.setByte(engine.arena().frameOf(page) + 20, (byte) 9);
            // The fault has made it dirty, and nothing was written back since.
            ownWalker.unpin(page);
            opened.sync();
            return Errno.OK;
        }
    }

    @Test
    void reclaimWritesBackAndUnmapsWhatWasWritten() throws IOException {
        try (FileMapping mapping = file.map(tables, BASE, 1, 0, true)) {
            assertTrue(write(mapping, BASE, 7));
            while (file.nrCachedPages() > 0) {
                assertNotEquals(0, engine.pageCache().reclaim(NR_PAGES));
            }
            assertEquals(List.of(), leaves(mapping));
            assertEquals(7, memory.content()[0]);
            assertEquals(7, read(mapping, BASE));
        }
    }

    // ---- what is refused

    @Test
    void aFileThatMayNotBeWrittenToIsNotMappedWritable() throws IOException {
        MemoryFile unwritable = new MemoryFile(new byte[PAGE]) {
            @Override
            public boolean isWritable() {
                return false;
            }
        };
        try (OpenFile readOnly = engine.pageCache().open(unwritable, reader)) {
            assertThrows(NonWritableChannelException.class, () -> readOnly.map(tables, BASE, 1, 0, true));
            try (FileMapping mapping = readOnly.map(tables, BASE, 1, 0, false)) {
                assertEquals(0, read(mapping, BASE));
                assertFalse(mapping.isWritable());
            }
        }
    }

    @Test
    void leavesThatWouldLetUnannouncedWritesThroughAreRefused() throws IOException {
        write(0, 2);
        file.sync();
        try (FileMapping mapping = file.map(tables, BASE, 2, 0, true)) {
            long folio = pin(0);
            folios.lock(folio);
            assertThrows(IllegalArgumentException.class, () -> tables.map(BASE, folio, 0, 2, true));
            assertThrows(IllegalArgumentException.class, () -> tables.allowWriting(BASE, folio, 0));
            assertEquals(Errno.OK, tables.map(BASE, folio, 0, 1, false));
            assertThrows(IllegalArgumentException.class, () -> tables.allowWriting(BASE, folio, 0));
            folios.unlock(folio);
            assertThrows(IllegalStateException.class, () -> tables.allowWriting(BASE, folio, 0));
            folios.unpin(folio);
            assertEquals(List.of("0"), leaves(mapping));
            assertFalse(isWritable(BASE));
        }
    }

    @Test
    void onlyWhatWasPinnedForWritingIsUnpinnedAsWritten() throws IOException {
        byte[] before = Arrays.copyOf(memory.content(), PAGE);
        try (OpenFile otherFile = engine.pageCache().open(new MemoryFile(before), reader);
                FileMapping others = otherFile.map(tables, 2 * BASE, 1, 0, true);
                FileMapping mapping = file.map(tables, BASE, 1, 0, true);
                FileMapping readOnly = file.map(tables, 3 * BASE, 1, 0)) {
            long page = walker.pinOrFault(BASE, true, mapping);
            file.sync();
            assertThrows(IllegalStateException.class, () -> readOnly.unpinWritten(page));
            assertThrows(IllegalArgumentException.class, () -> others.unpinWritten(page));
            assertThrows(IllegalArgumentException.class, () -> mapping.unpinWritten(12345));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> mapping.unpinWritten(
                            engine.arena().pageAt(engine.arena().nrPages() - 1)));
            assertFalse(isDirty(0));
            mapping.unpinWritten(page);
            assertTrue(isDirty(0));
        }
    }

    /** The file that has the struct next is another one. */
    @Test
    void aMappingOfAClosedFileRefusesPagesOfTheNext() throws IOException {
        OpenFile closed = engine.pageCache().open(new MemoryFile(new byte[PAGE]), reader);
        long address = closed.file().space().address();
        FileMapping stale = closed.map(tables, 2 * BASE, 1, 0, true);
        closed.close();
        stale.close();
        MemoryFile next = new MemoryFile(new byte[PAGE]);
        try (OpenFile other = engine.pageCache().open(next, reader);
                FileMapping mapping = other.map(tables, 2 * BASE, 1, 0, true)) {
            assertEquals(address, other.file().space().address(), "the struct is used again");
            long page = walker.pinOrFault(2 * BASE, true, mapping);
            other.sync();
            NativeMemory.setByte(engine.arena().frameOf(page), (byte) 5);
            assertEquals(
                    "the page is of another owner: page=0x" + Long.toHexString(page) + ", owner=0x"
                            + Long.toHexString(address),
                    assertThrows(IllegalArgumentException.class, () -> stale.unpinWritten(page))
                            .getMessage());
            assertEquals(List.of(), engine.pageCache().unwrittenFiles());
            mapping.unpinWritten(page);
            other.sync();
            assertEquals(5, next.content()[0]);
        }
    }

    private boolean isDirty(long index) {
        long folio = pin(index);
        boolean dirty = PageFlag.DIRTY.isSet(PageStruct.flagsAcquire(folio));
        folios.unpin(folio);
        return dirty;
    }
}
