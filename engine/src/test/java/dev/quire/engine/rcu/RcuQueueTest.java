/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.machine.NativeMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What becomes of retired objects, in both barrier modes. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RcuQueueTest extends RcuFixture {
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

    /** As when the barrier against readers fails after the objects were put under the grace period. */
    @ParameterizedTest
    @EnumSource
    void whatWaitsForAGracePeriodThatDidNotBeginWaitsForTheNext(BarrierMode mode) {
        try (Rcu rcu = open(mode)) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            assertFalse(queue.startWaiting());
            long first = newObject();
            long second = newObject();
            queue.retire(first);
            assertTrue(queue.startWaiting());
            queue.retire(second);
            rcu.barrier();
            assertEquals(List.of(first, second), reclaimed);
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
    void aChainThatPassesTheSixtyFourthMovesGracePeriodsOn(BarrierMode mode) {
        try (Rcu rcu = open(mode)) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            for (int i = 0; i < 60; i++) {
                queue.retire(newObject());
            }
            long last = newObject();
            long first = last;
            for (int i = 1; i < 10; i++) {
                long object = newObject();
                NativeMemory.setLong(object + LINK_OFFSET_BYTES, first);
                first = object;
            }
            assertEquals(List.of(), reclaimed);
            queue.retireChain(first, last, 10);
            assertEquals(70, reclaimed.size());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aQueueWithNothingToReclaimHasNoBatchToEnd(BarrierMode mode) {
        try (Rcu rcu = open(mode)) {
            List<List<Long>> batches = new ArrayList<>();
            rcu.newQueue(LINK_OFFSET_BYTES, batchInto(batches));
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            long object = newObject();
            queue.retire(object);
            assertTrue(rcu.poll());
            assertEquals(List.of(object), reclaimed);
            assertEquals(List.of(), batches);
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
}
