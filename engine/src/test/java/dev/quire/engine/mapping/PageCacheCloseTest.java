/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.mapping.CallingFile.Request;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whoever is the last to close a file is done with it before the next one begins, and leaves nothing unwritten. */
@SuppressWarnings("NullAway.Init")
class PageCacheCloseTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final long BASE = 1L << 40;

    /** Much longer than it takes to open a file and to write to it, for who is not kept from that. */
    private static final long PATIENCE_MILLIS = 300;

    private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private Quire engine;
    private RcuReader reader;
    private PageTables tables;
    private PageWalker walker;

    @BeforeEach
    void openEngine() {
        engine = open(Quire.builder().capacityBytes(16 << 20).pageCacheOrder(0));
        reader = engine.newReader();
        tables = engine.newPageTables();
        walker = tables.newWalker(reader);
    }

    @AfterEach
    void closeEngine() {
        tables.close();
        reader.close();
        assertNull(failure.get());
    }

    /** Something that is done beside the test. */
    @FunctionalInterface
    private interface Work {
        void run() throws Exception;
    }

    private Thread start(Work work) {
        return Thread.ofPlatform().start(() -> {
            try {
                work.run();
            } catch (Throwable e) {
                failure.compareAndSet(null, e);
            }
        });
    }

    private static void await(BooleanSupplier reached) {
        long start = System.nanoTime();
        while (!reached.getAsBoolean()) {
            assertTrue(System.nanoTime() - start < DEADLINE_NANOS, "not reached");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    /** Holds one write back until it is let through. */
    private static final class HeldFile extends MemoryFile {
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch letThrough = new CountDownLatch(1);
        private volatile boolean holdsNext;

        HeldFile(byte[] content) {
            super(content);
        }

        @Override
        @SuppressWarnings("UnsynchronizedOverridesSynchronized")
        public void write(ByteBuffer from, long offsetBytes) throws IOException {
            if (holdsNext) {
                holdsNext = false;
                reached.countDown();
                try {
                    letThrough.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
            super.write(from, offsetBytes);
        }
    }

    private static byte[] page(int value) {
        byte[] page = new byte[PAGE];
        Arrays.fill(page, (byte) value);
        return page;
    }

    private void store(long page, int value) {
        NativeMemory.setByte(engine.arena().frameOf(page), (byte) value);
    }

    @Test
    void aFileIsNotOpenedAgainBeforeItIsClosed() throws IOException, InterruptedException {
        AtomicReference<@Nullable Thread> opener = new AtomicReference<>();
        AtomicReference<@Nullable Boolean> closedBefore = new AtomicReference<>();
        MemoryFile closing = new MemoryFile(new byte[PAGE]) {
            @Override
            @SuppressWarnings("UnsynchronizedOverridesSynchronized")
            public void close() throws IOException {
                if (opener.get() == null) {
                    Thread thread = start(() -> {
                        try (RcuReader own = engine.newReader();
                                OpenFile again = engine.pageCache().open(this, own)) {
                            closedBefore.set(isClosed());
                            assertEquals(PAGE, again.write(ByteBuffer.wrap(page(7)), 0));
                        }
                    });
                    opener.set(thread);
                    try {
                        thread.join(PATIENCE_MILLIS);
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                }
                super.close();
            }
        };
        engine.pageCache().open(closing, reader).close();
        Thread thread = opener.get();
        assertNotNull(thread);
        thread.join();
        assertEquals(true, closedBefore.get());
        assertArrayEquals(page(7), closing.content());
    }

    /** As two paths of one file bring along two channels, of which only the first is used. */
    @Test
    void aFileWhoseSecondChannelCannotBeClosedIsNotOpenTwice() throws IOException {
        MemoryFile used = new MemoryFile(new byte[PAGE]);
        MemoryFile surplus = new MemoryFile(new byte[PAGE]) {
            @Override
            @SuppressWarnings("UnsynchronizedOverridesSynchronized")
            public void close() throws IOException {
                throw new IOException("not closed");
            }
        };
        OpenFile first = engine.pageCache().openOwned("key", used, reader);
        assertEquals(
                "not closed",
                assertThrows(IOException.class, () -> engine.pageCache().openOwned("key", surplus, reader))
                        .getMessage());
        first.close();
        assertTrue(used.isClosed());
    }

    /** It might have to wait for who closes it, who waits for readers. */
    @Test
    void noFileIsOpenedFromInsideAReadSection() {
        MemoryFile file = new MemoryFile(new byte[0]);
        reader.enter();
        assertEquals(
                "a file is opened from inside a read section",
                assertThrows(
                                IllegalStateException.class,
                                () -> engine.pageCache().open(file, reader))
                        .getMessage());
        reader.exit();
    }

    /**
     * The close is made to wait for a folio, while another one is written to by who had it pinned, and reclaim would
     * write that one back.
     */
    @Test
    void whatIsWrittenBackBesideTheLastCloseDoesNotReachTheNextOpener() throws IOException, InterruptedException {
        HeldFile held = new HeldFile(new byte[2 * PAGE]);
        OpenFile file = engine.pageCache().open(held, reader);
        AddressSpace space = file.file().space();
        FileMapping mapping = file.map(tables, BASE, 2, 0, true);
        file.close();
        long first = walker.pinOrFault(BASE, false, mapping);
        long second = walker.pinOrFault(BASE + PAGE, true, mapping);
        engine.folios().lock(first);
        Thread closer = start(mapping::close);
        await(space::isClosed);
        store(second, 1);
        held.holdsNext = true;
        mapping.unpinWritten(second);
        Thread reclaimer = start(() -> {
            for (int round = 0; round < 4; round++) {
                engine.pageCache().reclaim(1);
            }
        });
        await(() -> held.reached.getCount() == 0 || !reclaimer.isAlive());
        held.holdsNext = false;
        Thread opener = start(() -> {
            try (RcuReader own = engine.newReader();
                    OpenFile again = engine.pageCache().open(held, own)) {
                assertEquals(PAGE, again.write(ByteBuffer.wrap(page(2)), PAGE));
                again.sync();
            }
        });
        opener.join(PATIENCE_MILLIS);
        engine.folios().unlock(first);
        walker.unpin(first);
        held.letThrough.countDown();
        for (Thread thread : List.of(closer, reclaimer, opener)) {
            thread.join();
        }
        assertEquals(2, held.content()[PAGE]);
        assertTrue(held.isClosed());
    }

    @Test
    void whatIsUnpinnedWhileTheLastOneWritesBackIsWrittenToo() throws IOException {
        CallingFile calling = new CallingFile(new byte[2 * PAGE]);
        OpenFile file = engine.pageCache().open(calling, reader);
        FileMapping mapping = file.map(tables, BASE, 2, 0, true);
        long first = walker.pinOrFault(BASE, true, mapping);
        long second = walker.pinOrFault(BASE + PAGE, true, mapping);
        file.sync();
        file.close();
        store(first, 1);
        mapping.unpinWritten(first);
        store(second, 2);
        calling.callAt(Request.WRITE, () -> mapping.unpinWritten(second));
        mapping.close();
        assertEquals(List.of(), engine.pageCache().unwrittenFiles());
        assertTrue(calling.isClosed());
        assertEquals(1, calling.content()[0]);
        assertEquals(2, calling.content()[PAGE]);
    }
}
