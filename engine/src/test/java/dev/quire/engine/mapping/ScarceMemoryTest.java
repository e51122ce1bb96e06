/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What needs more pages at a time than there are is refused, and not tried for ever with pages that each step takes
 * from the one before.
 */
@SuppressWarnings("NullAway.Init")
class ScarceMemoryTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final long BASE = 1L << 40;
    private static final long DEADLINE_SECONDS = 20;

    private final Deque<Long> held = new ArrayDeque<>();
    private Quire engine;

    @BeforeEach
    void openEngine() {
        engine = open(Quire.builder().capacityBytes(2 << 20).pageCacheOrder(0));
    }

    /** Takes all memory but some pages. */
    private void leaveFree(int nrPages) {
        for (long folio = engine.folios().allocate(0);
                folio != 0;
                folio = engine.folios().allocate(0)) {
            held.add(folio);
        }
        for (int page = 0; page < nrPages; page++) {
            engine.folios().unpin(held.remove());
        }
    }

    private void giveBackAll() {
        for (Long folio = held.poll(); folio != null; folio = held.poll()) {
            engine.folios().unpin(folio);
        }
    }

    /** Something that may go on for ever; it has all of memory once it has lasted too long. */
    @FunctionalInterface
    private interface Attempt {
        int run() throws IOException;
    }

    private int inTime(Attempt attempt) throws InterruptedException, ExecutionException {
        FutureTask<Integer> result = new FutureTask<>(attempt::run);
        Thread.ofPlatform().start(result);
        try {
            return result.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            giveBackAll();
            result.get();
            return fail("it does not end without more memory");
        }
    }

    /** The page itself is all that there is to take for its page tables. */
    @Test
    void aFaultDoesNotTakeItsOwnPageForPageTables() throws Exception {
        try (RcuReader reader = engine.newReader();
                OpenFile file = engine.pageCache().open(new MemoryFile(new byte[PAGE]), reader);
                PageTables tables = engine.newPageTables();
                FileMapping mapping = file.map(tables, BASE, 1, 0)) {
            leaveFree(2);
            assertEquals(Errno.ENOMEM, inTime(() -> mapping.faultIn(BASE, false)));
            giveBackAll();
            assertEquals(Errno.OK, mapping.faultIn(BASE, false));
        }
    }

    /** Who tries to write it back cannot, but meanwhile somebody gives all of his memory back. */
    private final class FullFile extends MemoryFile {
        private volatile boolean full = true;

        FullFile() {
            super(new byte[PAGE]);
        }

        @Override
        public synchronized void write(ByteBuffer from, long offsetBytes) throws IOException {
            if (full) {
                giveBackAll();
                throw new IOException("no space");
            }
            super.write(from, offsetBytes);
        }
    }

    @Test
    void aFaultLooksForMemoryOnceMoreBeforeItGivesUp() throws Exception {
        FullFile full = new FullFile();
        try (RcuReader reader = engine.newReader();
                OpenFile dirty = engine.pageCache().open(full, reader);
                OpenFile file = engine.pageCache().open(new MemoryFile(new byte[PAGE]), reader);
                PageTables tables = engine.newPageTables();
                FileMapping mapping = file.map(tables, BASE, 1, 0)) {
            dirty.write(ByteBuffer.allocate(1), 0);
            leaveFree(2);
            assertEquals(Errno.OK, mapping.faultIn(BASE, false));
            full.full = false;
            assertThrows(IOException.class, dirty::sync);
        }
    }

    /** Either end can be brought in, but only in the place of the other one. */
    @Test
    void aHoleWhoseEndsFindRoomOnlyOneByOneIsRefused() throws Exception {
        byte[] content = new byte[128 * PAGE];
        new SplittableRandom(1).nextBytes(content);
        try (RcuReader reader = engine.newReader();
                SwapArea swap = engine.pageCache().swapOn(new MemoryFile(new byte[0]));
                SharedMemory memory = engine.pageCache().newSharedMemory(0);
                OpenFile file = memory.open(reader)) {
            assertEquals(content.length, file.write(ByteBuffer.wrap(content), 0));
            assertEquals(128, memory.swapOut(0, content.length));
            leaveFree(1);
            ExecutionException refused = assertThrows(
                    ExecutionException.class,
                    () -> inTime(() -> {
                        file.punchHole(33 * PAGE + 1, 30 * PAGE);
                        return Errno.OK;
                    }));
            assertInstanceOf(OutOfMemoryError.class, refused.getCause());
            giveBackAll();
            assertReads(content, file);
            file.punchHole(33 * PAGE + 1, 30 * PAGE);
            Arrays.fill(content, 33 * PAGE + 1, 63 * PAGE + 1, (byte) 0);
            assertReads(content, file);
            assertTrue(swap.isOn());
        }
    }

    private static void assertReads(byte[] content, OpenFile file) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(content.length);
        assertEquals(content.length, file.read(into, 0));
        assertArrayEquals(content, into.array());
    }
}
