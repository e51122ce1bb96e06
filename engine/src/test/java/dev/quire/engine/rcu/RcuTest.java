/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.quire.engine.machine.LinuxCalls;
import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Grace periods in both barrier modes, step by step; {@link RcuSoakTest} runs them at full speed. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RcuTest {
    private static final long OBJECT_BYTES = 64;
    private static final long LINK_OFFSET_BYTES = 8;
    private static final Duration LONG_ENOUGH = Duration.ofSeconds(20);

    private final Arena arena = Arena.ofShared();
    private final List<Long> reclaimed = new ArrayList<>();

    @AfterEach
    void close() {
        arena.close();
    }

    @ParameterizedTest
    @EnumSource
    void usesMembarrierWhereItIsWantedAndGranted(BarrierMode mode) {
        boolean granted = LinuxCalls.areAvailable() && LinuxCalls.registerMembarrier();
        try (Rcu rcu = open(mode)) {
            assertEquals(mode != BarrierMode.FENCE && granted, rcu.usesMembarrier());
        }
    }

    @Test
    void membarrierIsRefusedWithAMessageWhereItIsMissing() {
        String osName = System.getProperty("os.name");
        System.setProperty("os.name", "Plan 9");
        try {
            IllegalArgumentException refused =
                    assertThrows(IllegalArgumentException.class, () -> new Rcu(BarrierMode.MEMBARRIER).close());
            assertEquals("barrier mode not supported here: mode=MEMBARRIER", refused.getMessage());
            try (Rcu rcu = new Rcu(BarrierMode.AUTOMATIC)) {
                assertFalse(rcu.usesMembarrier());
            }
        } finally {
            System.setProperty("os.name", osName);
        }
    }

    @ParameterizedTest
    @EnumSource
    void sectionsNestAndOnlyTheOutermostExitEndsThem(BarrierMode mode) {
        try (Rcu rcu = open(mode);
                RcuReader reader = rcu.register()) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            assertFalse(reader.isInSection());
            reader.enter();
            reader.enter();
            reader.enter();
            long object = newObject();
            queue.retire(object);
            rcu.poll();
            reader.exit();
            assertFalse(rcu.poll());
            reader.exit();
            assertFalse(rcu.poll());
            assertTrue(reader.isInSection());
            assertEquals(List.of(), reclaimed);
            reader.exit();
            assertFalse(reader.isInSection());
            assertTrue(rcu.poll());
            assertEquals(List.of(object), reclaimed);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anExitWithoutAnEntryIsRefusedAndChangesNothing(BarrierMode mode) {
        try (Rcu rcu = open(mode);
                RcuReader reader = rcu.register()) {
            assertNotInSection(reader::exit);
            assertNotInSection(reader::requireInSection);
            reader.enter();
            reader.requireInSection();
            reader.exit();
            assertNotInSection(reader::exit);
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            queue.retire(newObject());
            assertTrue(rcu.poll());
        }
    }

    private static void assertNotInSection(Runnable call) {
        assertEquals(
                "the reader is not in a read section",
                assertThrows(IllegalStateException.class, call::run).getMessage());
    }

    @ParameterizedTest
    @EnumSource
    void aClosedReaderEntersNoSection(BarrierMode mode) {
        try (Rcu rcu = open(mode)) {
            RcuReader reader = rcu.register();
            reader.close();
            reader.close();
            for (int attempt = 0; attempt < 3; attempt++) {
                assertEquals(
                        "the reader is closed",
                        assertThrows(IllegalStateException.class, reader::enter).getMessage());
                assertFalse(reader.isInSection());
                assertNotInSection(reader::exit);
            }
            rcu.synchronize();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aReaderIsNotClosedInsideASection(BarrierMode mode) {
        try (Rcu rcu = open(mode);
                RcuReader reader = rcu.register()) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            reader.enter();
            reader.enter();
            IllegalStateException refused = assertThrows(IllegalStateException.class, reader::close);
            assertEquals("reader closed inside a read section: nesting=2", refused.getMessage());
            queue.retire(newObject());
            assertFalse(rcu.poll());
            reader.exit();
            reader.exit();
            assertTrue(rcu.poll());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClosedDomainRefusesSectionsAndReaders(BarrierMode mode) {
        Rcu rcu = open(mode);
        try (RcuReader reader = rcu.register()) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            long object = newObject();
            queue.retire(object);
            rcu.close();
            assertEquals(List.of(object), reclaimed);
            for (int attempt = 0; attempt < 3; attempt++) {
                assertEquals(
                        "the engine is closed",
                        assertThrows(IllegalStateException.class, reader::enter).getMessage());
                assertFalse(reader.isInSection());
            }
            assertEquals(
                    "the engine is closed",
                    assertThrows(IllegalStateException.class, rcu::register).getMessage());
            rcu.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void closeWaitsForRunningSectionsThatMayStillNest(BarrierMode mode) throws InterruptedException {
        Rcu rcu = open(mode);
        try (RcuReader reader = rcu.register()) {
            reader.enter();
            Thread closer = Thread.ofPlatform().start(rcu::close);
            assertStaysAlive(closer);
            reader.enter();
            reader.exit();
            assertStaysAlive(closer);
            reader.exit();
            closer.join();
            assertThrows(IllegalStateException.class, reader::enter);
        }
    }

    @ParameterizedTest
    @EnumSource
    void objectsAreReclaimedOnlyAfterEverySectionThatCouldSeeThemHasEnded(BarrierMode mode) {
        try (Rcu rcu = open(mode);
                RcuReader first = rcu.register();
                RcuReader second = rcu.register();
                RcuReader third = rcu.register()) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            long seen = newObject();
            long seenLater = newObject();
            first.enter();
            second.enter();
            queue.retire(seen);
            assertFalse(rcu.poll());
            // This section begins after the grace period: it holds back the next object, not this one.
            third.enter();
            queue.retire(seenLater);
            second.exit();
            assertFalse(rcu.poll());
            // Another section of a reader that has left the awaited one.
            second.enter();
            first.exit();
            assertTrue(rcu.poll());
            assertEquals(List.of(seen), reclaimed);
            assertEquals(1, queue.nrPending());
            third.exit();
            assertFalse(rcu.poll());
            second.exit();
            assertTrue(rcu.poll());
            assertEquals(List.of(seen, seenLater), reclaimed);
            assertEquals(0, queue.nrPending());
            assertFalse(rcu.poll());
        }
    }

    @ParameterizedTest
    @EnumSource
    void oneGracePeriodServesAllQueues(BarrierMode mode) {
        try (Rcu rcu = open(mode)) {
            List<Long> others = new ArrayList<>();
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            RcuQueue otherQueue = rcu.newQueue(0, others::add);
            long object = newObject();
            long other = newObject();
            queue.retire(object);
            otherQueue.retire(other);
            assertTrue(rcu.poll());
            assertEquals(List.of(object), reclaimed);
            assertEquals(List.of(other), others);
        }
    }

    @ParameterizedTest
    @EnumSource
    void retiringWritesTheLinkWordOnlyAndAChainCountsItsObjects(BarrierMode mode) {
        try (Rcu rcu = open(mode)) {
            List<List<Long>> batches = new ArrayList<>();
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, batchInto(batches));
            long first = newObject();
            long middle = newObject();
            long last = newObject();
            NativeMemory.setLong(first, 1);
            NativeMemory.setLong(first + 16, 2);
            NativeMemory.setLong(first + LINK_OFFSET_BYTES, middle);
            NativeMemory.setLong(middle + LINK_OFFSET_BYTES, last);
            NativeMemory.setLong(last + LINK_OFFSET_BYTES, -1);
            queue.retireChain(first, last, 3);
            long single = newObject();
            queue.retire(single);
            assertEquals(1, NativeMemory.getLong(first));
            assertEquals(2, NativeMemory.getLong(first + 16));
            assertEquals(4, queue.nrPending());
            assertTrue(rcu.poll());
            assertEquals(List.of(List.of(single, first, middle, last)), batches);
            assertEquals(0, queue.nrPending());
        }
    }

    private static Reclaimer batchInto(List<List<Long>> batches) {
        return new Reclaimer() {
            private final List<Long> batch = new ArrayList<>();

            @Override
            public void reclaim(long object) {
                batch.add(object);
            }

            @Override
            public void endOfBatch() {
                batches.add(List.copyOf(batch));
                batch.clear();
            }
        };
    }

    @ParameterizedTest
    @EnumSource
    void everySixtyFourthObjectMovesGracePeriodsOn(BarrierMode mode) {
        try (Rcu rcu = open(mode)) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            for (int i = 0; i < 63; i++) {
                queue.retire(newObject());
            }
            assertEquals(List.of(), reclaimed);
            queue.retire(newObject());
            assertEquals(64, reclaimed.size());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aReclaimerMayRetireObjectsOfItsOwn(BarrierMode mode) {
        try (Rcu rcu = open(mode)) {
            RcuQueue children = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            RcuQueue parents = rcu.newQueue(LINK_OFFSET_BYTES, parent -> children.retire(parent + 16));
            for (int i = 0; i < 64; i++) {
                parents.retire(newObject());
            }
            assertEquals(64, children.nrPending());
            rcu.barrier();
            assertEquals(64, reclaimed.size());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aReclaimerThatThrowsLosesNothingButItsObject(BarrierMode mode) {
        try (Rcu rcu = open(mode)) {
            long bad = newObject();
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, object -> {
                if (object == bad) {
                    throw new IllegalStateException("bad object");
                }
                reclaimed.add(object);
            });
            RcuQueue otherQueue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            long before = newObject();
            long after = newObject();
            long other = newObject();
            queue.retire(before);
            queue.retire(bad);
            queue.retire(after);
            otherQueue.retire(other);
            assertEquals(
                    "bad object",
                    assertThrows(IllegalStateException.class, rcu::poll).getMessage());
            long late = newObject();
            queue.retire(late);
            assertTimeoutPreemptively(LONG_ENOUGH, rcu::barrier);
            assertEquals(List.of(after, before, other, late), reclaimed);
            assertEquals(0, queue.nrPending());
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyObjectOfManyThreadsIsReclaimedExactlyOnce(BarrierMode mode) throws InterruptedException {
        int nrThreads = 4;
        int nrPerThread = 50_000;
        long base = arena.allocate((long) nrThreads * nrPerThread * 16, 16).address();
        AtomicIntegerArray nrReclaims = new AtomicIntegerArray(nrThreads * nrPerThread);
        try (Rcu rcu = open(mode)) {
            RcuQueue queue =
                    rcu.newQueue(LINK_OFFSET_BYTES, object -> nrReclaims.incrementAndGet((int) ((object - base) / 16)));
            List<Thread> threads = new ArrayList<>();
            for (int thread = 0; thread < nrThreads; thread++) {
                long first = base + (long) thread * nrPerThread * 16;
                threads.add(Thread.ofPlatform().start(() -> retireInSections(rcu, queue, first, nrPerThread)));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            rcu.barrier();
            assertEquals(0, queue.nrPending());
        }
        for (int object = 0; object < nrReclaims.length(); object++) {
            assertEquals(1, nrReclaims.get(object), "object " + object);
        }
    }

    private static void retireInSections(Rcu rcu, RcuQueue queue, long first, int nrObjects) {
        try (RcuReader reader = rcu.register()) {
            for (int i = 0; i < nrObjects; i++) {
                reader.enter();
                queue.retire(first + i * 16L);
                reader.exit();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void barrierEndsWhileOthersKeepRetiring(BarrierMode mode) throws InterruptedException {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger nrOwn = new AtomicInteger();
        long ownBase = arena.allocate(101_000 * OBJECT_BYTES, OBJECT_BYTES).address();
        long ownEnd = ownBase + 1000 * OBJECT_BYTES;
        long othersEnd = ownEnd + 100_000 * OBJECT_BYTES;
        try (Rcu rcu = open(mode)) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, object -> {
                if (object >= ownBase && object < ownEnd) {
                    nrOwn.incrementAndGet();
                }
            });
            Thread other = Thread.ofPlatform().start(() -> {
                while (!stop.get()) {
                    for (long object = ownEnd; object < othersEnd; object += OBJECT_BYTES) {
                        queue.retire(object);
                    }
                    // Nothing may be retired twice at a time.
                    rcu.barrier();
                }
            });
            for (int i = 0; i < 1000; i++) {
                queue.retire(ownBase + i * OBJECT_BYTES);
                if (i % 10 == 9) {
                    assertTimeoutPreemptively(LONG_ENOUGH, rcu::barrier);
                    assertEquals(i + 1, nrOwn.get());
                }
            }
            stop.set(true);
            other.join();
        }
    }

    @ParameterizedTest
    @EnumSource
    void synchronizeWaitsForOldSectionsAndNotForNewOnes(BarrierMode mode) throws InterruptedException {
        // The section that begins meanwhile belongs once to a reader before, once to one after the awaited.
        for (boolean newIsFirst : new boolean[] {false, true}) {
            try (Rcu rcu = open(mode);
                    RcuReader first = rcu.register();
                    RcuReader second = rcu.register()) {
                RcuReader oldReader = newIsFirst ? second : first;
                RcuReader newReader = newIsFirst ? first : second;
                oldReader.enter();
                Thread waiter = Thread.ofPlatform().start(rcu::synchronize);
                assertStaysAlive(waiter);
                newReader.enter();
                assertStaysAlive(waiter);
                oldReader.exit();
                assertTrue(waiter.join(LONG_ENOUGH), "waits for a section that began later");
                newReader.exit();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void synchronizeEndsThoughTheReaderEntersAgainAtOnce(BarrierMode mode) throws InterruptedException {
        AtomicBoolean stop = new AtomicBoolean();
        try (Rcu rcu = open(mode)) {
            Thread busy = Thread.ofPlatform().start(() -> {
                try (RcuReader reader = rcu.register()) {
                    while (!stop.get()) {
                        reader.enter();
                        reader.exit();
                    }
                }
            });
            for (int i = 0; i < 100; i++) {
                assertTimeoutPreemptively(LONG_ENOUGH, rcu::synchronize);
            }
            stop.set(true);
            busy.join();
        }
    }

    @ParameterizedTest
    @EnumSource
    void pollWaitsNeitherForReadersNorForAnotherThatPolls(BarrierMode mode) throws InterruptedException {
        CountDownLatch reclaiming = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (Rcu rcu = open(mode);
                RcuReader reader = rcu.register()) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, object -> {
                reclaiming.countDown();
                awaitQuietly(goOn);
            });
            reader.enter();
            queue.retire(newObject());
            assertFalse(assertTimeoutPreemptively(LONG_ENOUGH, rcu::poll));
            reader.exit();
            Thread slow = Thread.ofPlatform().start(rcu::poll);
            reclaiming.await();
            assertFalse(assertTimeoutPreemptively(LONG_ENOUGH, rcu::poll));
            assertTrue(slow.isAlive());
            goOn.countDown();
            slow.join();
            assertEquals(0, queue.nrPending());
        }
    }

    @ParameterizedTest
    @EnumSource
    void readersComeAndGoWhileObjectsAreReclaimed(BarrierMode mode) throws InterruptedException {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger nrReclaimed = new AtomicInteger();
        try (Rcu rcu = open(mode)) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, object -> nrReclaimed.incrementAndGet());
            List<Thread> threads = new ArrayList<>();
            for (int thread = 0; thread < 3; thread++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    while (!stop.get()) {
                        try (RcuReader reader = rcu.register()) {
                            reader.enter();
                            Thread.yield();
                            reader.exit();
                        }
                    }
                }));
            }
            for (int i = 0; i < 300; i++) {
                queue.retire(newObject());
                rcu.barrier();
                assertEquals(i + 1, nrReclaimed.get());
            }
            stop.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertTrue(latch.await(LONG_ENOUGH.toSeconds(), TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void assertStaysAlive(Thread waiter) throws InterruptedException {
        assertFalse(waiter.join(Duration.ofMillis(50)), "did not wait");
    }

    private static Rcu open(BarrierMode mode) {
        assumeTrue(
                mode != BarrierMode.MEMBARRIER || (LinuxCalls.areAvailable() && LinuxCalls.registerMembarrier()),
                "the system does not grant membarrier");
        return new Rcu(mode);
    }

    private long newObject() {
        return arena.allocate(OBJECT_BYTES, OBJECT_BYTES).address();
    }
}
