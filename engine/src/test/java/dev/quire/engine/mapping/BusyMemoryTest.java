/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.LruList;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who needs memory while all of it is on its way somewhere waits until it has arrived. */
@SuppressWarnings("NullAway.Init")
class BusyMemoryTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final int ORDER = 9;
    private static final int ALL_OF_MEMORY = PAGE << ORDER;

    /** Much longer than it takes to find out that nothing can be taken. */
    private static final long GATE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private Quire engine;

    @BeforeEach
    void openEngine() {
        engine = open(Quire.builder().capacityBytes(ALL_OF_MEMORY).pageCacheOrder(ORDER));
    }

    /** What the file is asked for that takes its time; all of its memory is busy meanwhile. */
    private enum Transfer {
        WRITE {
            @Override
            void start(Quire engine, OpenFile file) throws IOException {
                file.sync();
            }
        },
        RECLAIM {
            @Override
            void start(Quire engine, OpenFile file) {
                engine.pageCache().reclaim(1);
            }
        },
        CUT {
            @Override
            void start(Quire engine, OpenFile file) throws IOException {
                file.punchHole(0, PAGE);
            }
        },
        FILL {
            @Override
            void start(Quire engine, OpenFile file) throws IOException {
                file.evict(0, ALL_OF_MEMORY);
                assertEquals(Errno.OK, file.file().space().populate(0, 1 << ORDER, ORDER));
            }
        };

        abstract void start(Quire engine, OpenFile file) throws IOException;
    }

    /** Takes its time for one read, write or hole; others may use the file meanwhile. */
    @SuppressWarnings("UnsynchronizedOverridesSynchronized")
    private static final class GatedFile extends MemoryFile {
        private final CountDownLatch reached = new CountDownLatch(1);
        private volatile boolean gated;

        GatedFile() {
            super(new byte[ALL_OF_MEMORY]);
        }

        private void pass() {
            if (gated) {
                gated = false;
                reached.countDown();
                long start = System.nanoTime();
                while (System.nanoTime() - start < GATE_NANOS) {
                    LockSupport.parkNanos(GATE_NANOS);
                }
            }
        }

        @Override
        public void read(ByteBuffer into, long offsetBytes) throws IOException {
            pass();
            super.read(into, offsetBytes);
        }

        @Override
        public void write(ByteBuffer from, long offsetBytes) throws IOException {
            pass();
            super.write(from, offsetBytes);
        }

        @Override
        public void zero(long offsetBytes, long lengthBytes) throws IOException {
            pass();
            super.zero(offsetBytes, lengthBytes);
        }
    }

    @ParameterizedTest
    @EnumSource(Transfer.class)
    void whoNeedsMemoryWaitsForWhatIsBusy(Transfer transfer) throws IOException, InterruptedException {
        GatedFile gated = new GatedFile();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (RcuReader reader = engine.newReader();
                RcuReader otherReader = engine.newReader();
                OpenFile file = engine.pageCache().open(gated, reader);
                OpenFile other = engine.pageCache().open(new MemoryFile(new byte[PAGE]), otherReader)) {
            assertEquals(ALL_OF_MEMORY, file.write(ByteBuffer.allocate(ALL_OF_MEMORY), 0));
            if (transfer == Transfer.FILL) {
                file.sync();
            }
            if (transfer == Transfer.RECLAIM) {
                // Once for the round that what was used is granted.
                file.file().space().forEachFolio((index, order, folio) -> FolioUse.takeUsedParts(folio, order));
            }
            gated.gated = true;
            Thread thread = Thread.ofPlatform().start(() -> {
                try {
                    transfer.start(engine, file);
                } catch (Throwable e) {
                    failure.set(e);
                }
            });
            gated.reached.await();
            // An interrupt must not make it less patient.
            Thread.currentThread().interrupt();
            readByte(other);
            assertTrue(Thread.interrupted(), "the thread stays interrupted");
            thread.join();
        }
        assertNull(failure.get());
    }

    private static void readByte(OpenFile file) throws IOException {
        try {
            assertEquals(1, file.read(ByteBuffer.allocate(1), 0));
        } catch (OutOfMemoryError e) {
            // As it is, it would end the run.
            throw new AssertionError(e);
        }
    }

    /** The word that tells the used parts of a file's folio is the slot's number in the swap cache. */
    @Test
    void theSlotOfAFolioInTheSwapCacheIsLeftAlone() throws IOException {
        LruLists lru = engine.accounting().lru();
        try (SwapArea swap = engine.pageCache().swapOn(new MemoryFile(new byte[0]));
                AddressSpace space = engine.newSharedMemory()) {
            assertTrue(swap.isOn());
            space.extend(8 * PAGE);
            long first = engine.swapTable().allocate(2);
            long folio = engine.folios().allocate(2);
            assertEquals(Errno.OK, space.add(folio, 0));
            lru.setActive(folio, true);
            lru.add(folio);
            engine.folios().lock(folio);
            long slot = space.swapEntries().swapOut(folio);
            engine.folios().unlock(folio);
            assertTrue(slot > first, "a slot whose number has bits");
            assertEquals(4, lru.nrPages(LruList.ACTIVE_ANONYMOUS));
            assertEquals(0, engine.pageCache().reclaim(1));
            assertEquals(slot, PageStruct.privateWord(folio));
            assertEquals(4, lru.nrPages(LruList.INACTIVE_ANONYMOUS), "reclaim has seen it");
            engine.folios().lock(folio);
            assertEquals(Errno.OK, space.swapEntries().swapIn(folio, 0, slot));
            engine.folios().unlock(folio);
            engine.folios().unpin(folio);
            engine.swapTable().free(first, 4);
        }
    }
}
