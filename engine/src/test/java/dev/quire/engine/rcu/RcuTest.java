/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Grace periods in both barrier modes, step by step; {@link RcuSoakTest} runs them at full speed. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RcuTest extends RcuFixture {
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
    void aSectionThatBeganLaterHoldsNothingBack(BarrierMode mode) {
        try (Rcu rcu = open(mode);
                RcuReader reader = rcu.register()) {
            RcuQueue queue = rcu.newQueue(LINK_OFFSET_BYTES, reclaimed::add);
            long object = newObject();
            reader.enter();
            queue.retire(object);
            assertFalse(rcu.poll());
            reader.exit();
            reader.enter();
            assertTrue(rcu.poll());
            assertEquals(List.of(object), reclaimed);
            reader.exit();
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
}
