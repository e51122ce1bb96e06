/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaChecker;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the swap file refuses, and what there is no memory for, loses nothing. */
@SuppressWarnings("NullAway.Init")
class SharedMemoryFailureTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final int NR_PAGES = 128;
    private static final int ALWAYS = 1000;

    private final byte[] content = new byte[NR_PAGES * PAGE];
    private final MemoryFile swapFile = new MemoryFile(new byte[0]);
    private final FaultyFile faulty = new FaultyFile(swapFile, new SplittableRandom(2));
    private Quire engine;
    private RcuReader reader;
    private SwapArea swap;
    private SharedMemory memory;
    private OpenFile file;

    @BeforeEach
    void openMemory() throws IOException {
        engine = open(Quire.builder().capacityBytes(2 << 20).headMap(HeadMapKind.HEAD_BITS));
        reader = engine.newReader();
        swap = engine.pageCache().swapOn(faulty);
        memory = engine.pageCache().newSharedMemory(0);
        file = memory.open(reader);
        new SplittableRandom(1).nextBytes(content);
        assertEquals(content.length, file.write(ByteBuffer.wrap(content), 0));
    }

    @AfterEach
    void closeMemory() throws IOException {
        faulty.fail(0);
        failures.stop();
        XaChecker.check(memory.file().space().index());
        file.close();
        memory.close();
        swap.close();
        reader.close();
    }

    private void swapOut() throws IOException {
        memory.swapOut(0, content.length);
        assertEquals(NR_PAGES, memory.nrSwappedPages());
    }

    private void assertReads() throws IOException {
        ByteBuffer into = ByteBuffer.allocate(content.length + 1);
        assertEquals(content.length, file.read(into, 0));
        assertArrayEquals(content, Arrays.copyOf(into.array(), content.length));
    }

    @Test
    void whatCannotBeWrittenStaysInMemoryAndDirty() throws IOException {
        faulty.fail(ALWAYS);
        assertEquals(
                "swapping out failed: injected: write",
                assertThrows(IOException.class, this::swapOut).getMessage());
        assertEquals(0, engine.pageCache().reclaim(1));
        assertEquals(NR_PAGES, memory.nrPages());
        assertEquals(0, swap.nrUsedSlots());
        file.forEachFolio((index, order, folio) ->
                assertTrue(PageFlag.DIRTY.isSet(PageStruct.flagsAcquire(folio)), "clean: " + index));
        file.sync();
        faulty.fail(0);
        assertReads();
        swapOut();
        assertReads();
    }

    @Test
    void whatCannotBeReadIsToldAndTheNextTriesAgain() throws IOException {
        swapOut();
        faulty.fail(ALWAYS);
        assertThrows(IOException.class, this::assertReads);
        assertThrows(IOException.class, () -> file.view(5 * PAGE));
        assertThrows(IOException.class, () -> file.write(ByteBuffer.wrap(new byte[PAGE]), 0));
        assertEquals(NR_PAGES, memory.nrSwappedPages());
        assertEquals(0, memory.nrPages());
        faulty.fail(0);
        assertReads();
        assertEquals(0, swap.nrUsedSlots());
    }

    @ParameterizedTest
    @ValueSource(classes = {IllegalStateException.class, AssertionError.class})
    void aSwapFileThatThrowsNoErrorOfAFileHasFailedAllTheSame(Class<?> thrown) throws IOException {
        AtomicBoolean fails = new AtomicBoolean();
        MemoryFile failing = new MemoryFile(new byte[0]) {
            @Override
            public synchronized void read(ByteBuffer into, long offsetBytes) throws IOException {
                failIfWanted();
                super.read(into, offsetBytes);
            }

            @Override
            public synchronized void write(ByteBuffer from, long offsetBytes) throws IOException {
                failIfWanted();
                super.write(from, offsetBytes);
            }

            private void failIfWanted() {
                if (fails.get() && thrown == AssertionError.class) {
                    throw new AssertionError("unexpected");
                }
                if (fails.get()) {
                    throw new IllegalStateException("unexpected");
                }
            }
        };
        Quire other = open(Quire.builder().capacityBytes(2 << 20));
        try (RcuReader own = other.newReader();
                SwapArea area = other.pageCache().swapOn(failing);
                SharedMemory lost = other.pageCache().newSharedMemory(0);
                OpenFile opened = lost.open(own)) {
            opened.write(ByteBuffer.wrap(content), 0);
            fails.set(true);
            assertEquals(0, other.pageCache().reclaim(1));
            assertEquals(
                    "swapping out failed: " + thrown.getName() + ": unexpected",
                    assertThrows(IOException.class, () -> lost.swapOut(0, content.length))
                            .getMessage());
            assertEquals(NR_PAGES, lost.nrPages());
            assertEquals(0, area.nrUsedSlots());
            fails.set(false);
            assertEquals(NR_PAGES, lost.swapOut(0, content.length));
            fails.set(true);
            ByteBuffer into = ByteBuffer.allocate(content.length);
            assertEquals(
                    thrown.getName() + ": unexpected",
                    assertThrows(IOException.class, () -> opened.read(into, 0)).getMessage());
            assertEquals(NR_PAGES, area.nrUsedSlots());
            fails.set(false);
            assertEquals(content.length, opened.read(into, 0));
            assertArrayEquals(content, into.array());
            assertEquals(0, area.nrUsedSlots());
        }
    }

    /** As one does that hands a buffer to a channel once. */
    @Test
    void aSwapFileThatWritesLessThanItWasGivenHasFailed() throws IOException {
        AtomicBoolean writesLess = new AtomicBoolean(true);
        MemoryFile hasty = new MemoryFile(new byte[0]) {
            @Override
            public synchronized void write(ByteBuffer from, long offsetBytes) throws IOException {
                if (writesLess.get()) {
                    from.limit(from.limit() - 1);
                }
                super.write(from, offsetBytes);
                from.limit(from.capacity());
            }
        };
        Quire other = open(Quire.builder().capacityBytes(2 << 20));
        try (RcuReader own = other.newReader();
                SwapArea area = other.pageCache().swapOn(hasty);
                SharedMemory kept = other.pageCache().newSharedMemory(0);
                OpenFile opened = kept.open(own)) {
            opened.write(ByteBuffer.wrap(content), 0);
            assertThrows(IOException.class, () -> kept.swapOut(0, content.length));
            assertEquals(NR_PAGES, kept.nrPages());
            assertEquals(0, area.nrUsedSlots());
            writesLess.set(false);
            assertEquals(NR_PAGES, kept.swapOut(0, content.length));
        }
    }

    @Test
    void aCutThroughAPageThatCannotBeReadChangesNothing() throws IOException {
        swapOut();
        faulty.fail(ALWAYS);
        assertThrows(IOException.class, () -> file.punchHole(PAGE, 2 * PAGE + 1));
        assertThrows(IOException.class, () -> file.truncate(PAGE + 1));
        assertEquals(content.length, file.sizeBytes());
        assertEquals(NR_PAGES, memory.nrSwappedPages());
        file.punchHole(PAGE, 2 * PAGE);
        Arrays.fill(content, PAGE, 3 * PAGE, (byte) 0);
        faulty.fail(0);
        assertReads();
    }

    @Test
    void aSwapFileThatHasLostItsEndIsAnError() throws IOException {
        swapOut();
        byte[] before = swapFile.content();
        swapFile.resize(before.length - 1);
        assertThrows(EOFException.class, this::assertReads);
        swapFile.write(ByteBuffer.wrap(before), 0);
        assertReads();
    }

    /** An operation on the memory, and what it does to the content. */
    @FunctionalInterface
    private interface Operation {
        void run() throws IOException;
    }

    /**
     * Runs an operation with all allocations from the k-th on failing, for each k until it succeeds; it is all or
     * nothing.
     */
    private void failAtEachAllocation(Operation operation, Operation change) throws IOException {
        boolean done = false;
        for (int nrSuccesses = 0; !done; nrSuccesses++) {
            swapOutAll();
            failures.failAfter(nrSuccesses);
            try {
                operation.run();
                done = true;
            } catch (OutOfMemoryError e) {
                assertTrue(nrSuccesses < 100, "still out of memory");
            }
            failures.stop();
            if (done) {
                change.run();
            }
            assertReads();
            XaChecker.check(memory.file().space().index());
        }
    }

    /** As one large folio and entry again. */
    private void swapOutAll() throws IOException {
        file.truncate(0);
        engine.awaitReclaim();
        file.write(ByteBuffer.wrap(content), 0);
        swapOut();
        assertEquals(7, memory.file().space().swapEntries().orderAt(0));
    }

    @Test
    void readingWithoutMemory() throws IOException {
        failAtEachAllocation(() -> file.read(ByteBuffer.allocate(1), 77 * PAGE), () -> {});
    }

    @Test
    void viewingWithoutMemory() throws IOException {
        failAtEachAllocation(() -> file.view(77 * PAGE + 9).close(), () -> {});
    }

    @Test
    void writingWithoutMemory() throws IOException {
        failAtEachAllocation(() -> file.write(ByteBuffer.wrap(new byte[7]), 77 * PAGE), () -> {
            Arrays.fill(content, 77 * PAGE, 77 * PAGE + 7, (byte) 0);
        });
    }

    @Test
    void punchingWithoutMemory() throws IOException {
        failAtEachAllocation(() -> file.punchHole(33 * PAGE, 30 * PAGE), () -> {
            Arrays.fill(content, 33 * PAGE, 63 * PAGE, (byte) 0);
        });
    }

    @Test
    void punchingThroughPagesWithoutMemory() throws IOException {
        failAtEachAllocation(() -> file.punchHole(33 * PAGE + 1, 30 * PAGE), () -> {
            Arrays.fill(content, 33 * PAGE + 1, 63 * PAGE + 1, (byte) 0);
        });
    }

    @Test
    void truncatingWithoutMemory() throws IOException {
        failAtEachAllocation(
                () -> {
                    file.truncate(100 * PAGE + 1);
                    file.truncate(content.length);
                },
                () -> Arrays.fill(content, 100 * PAGE + 1, content.length, (byte) 0));
    }

    @Test
    void swappingOutInHalvesWithoutMemory() throws IOException {
        for (int nrSuccesses = 0; nrSuccesses < 4; nrSuccesses++) {
            swapOutAll();
            assertReads();
            // No run of 128 slots is free.
            long[] taken = {engine.swapTable().allocate(0), 0, 0, 0};
            for (int run = 1; run < 4; run++) {
                taken[run] = engine.swapTable().allocate(7);
            }
            failures.failAfter(nrSuccesses);
            memory.swapOut(0, content.length);
            failures.stop();
            assertReads();
            engine.swapTable().free(taken[0], 1);
            for (int run = 1; run < 4; run++) {
                engine.swapTable().free(taken[run], 128);
            }
        }
    }
}
