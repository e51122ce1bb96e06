/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.quire.engine.machine.LinuxCalls;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LifetimeTest {
    @ParameterizedTest
    @EnumSource
    void closeWaitsForARunningCallAndThoseInsideIt(BarrierMode mode) throws InterruptedException {
        Lifetime lifetime = open(mode);
        lifetime.enter();
        Thread closer = Thread.ofPlatform().start(lifetime::close);
        assertFalse(closer.join(Duration.ofMillis(50)), "did not wait");
        // A call made by a running call is part of it, close or no close.
        lifetime.enter();
        lifetime.exit();
        assertFalse(closer.join(Duration.ofMillis(50)), "did not wait for the outer call");
        lifetime.exit();
        closer.join();
        assertRefused(lifetime);
    }

    @ParameterizedTest
    @EnumSource
    void aCallThatIsRefusedWhatItTakesHasNotBegun(BarrierMode mode) {
        Lifetime lifetime = open(mode);
        List<String> taken = new ArrayList<>();
        IllegalStateException refusal = new IllegalStateException("refused");
        Runnable refuse = () -> {
            throw refusal;
        };
        assertEquals(refusal, assertThrows(IllegalStateException.class, () -> lifetime.enterTaking(refuse)));
        lifetime.enterTaking(() -> taken.add("lock"));
        lifetime.exit();
        // Waits for no call; the test would run out of time.
        lifetime.close();
        assertThrows(IllegalStateException.class, () -> lifetime.enterTaking(() -> taken.add("another")));
        assertEquals(List.of("lock"), taken);
    }

    @ParameterizedTest
    @EnumSource
    void laterCallsAreRefusedInEveryThread(BarrierMode mode) throws InterruptedException {
        Lifetime lifetime = open(mode);
        lifetime.enter();
        lifetime.exit();
        lifetime.close();
        lifetime.close();
        assertRefused(lifetime);
        assertRefused(lifetime);
        AtomicBoolean refused = new AtomicBoolean();
        Thread.ofPlatform()
                .start(() -> {
                    assertRefused(lifetime);
                    refused.set(true);
                })
                .join();
        assertTrue(refused.get());
    }

    @ParameterizedTest
    @EnumSource
    void noCallRunsOnceCloseHasReturned(BarrierMode mode) throws InterruptedException {
        for (int round = 0; round < 50; round++) {
            Lifetime lifetime = open(mode);
            AtomicBoolean closed = new AtomicBoolean();
            AtomicInteger nrLate = new AtomicInteger();
            CountDownLatch calling = new CountDownLatch(2);
            List<Thread> threads = new ArrayList<>();
            for (int thread = 0; thread < 2; thread++) {
                threads.add(Thread.ofPlatform().start(() -> callUntilRefused(lifetime, calling, closed, nrLate)));
            }
            calling.await();
            lifetime.close();
            closed.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(0, nrLate.get());
        }
    }

    private static void callUntilRefused(
            Lifetime lifetime, CountDownLatch calling, AtomicBoolean closed, AtomicInteger nrLate) {
        try {
            while (true) {
                lifetime.enter();
                if (closed.get()) {
                    nrLate.incrementAndGet();
                }
                lifetime.exit();
                calling.countDown();
            }
        } catch (IllegalStateException refused) {
            assertEquals("the engine is closed", refused.getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoCallsAfterAnotherThreadEntersByItself(BarrierMode mode) throws InterruptedException {
        Lifetime lifetime = open(mode);
        LastCaller lastCaller = new LastCaller(lifetime);
        lastCaller.enter();
        RcuReader own = lastCaller.caller();
        assertTrue(own.isInSection());
        own.exit();
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        Thread other = Thread.ofPlatform().start(() -> {
            lastCaller.enter();
            RcuReader others = lastCaller.caller();
            entered.countDown();
            assertDoesNotInterrupt(end);
            others.exit();
        });
        entered.await();
        assertNotSame(own, lastCaller.caller());
        Thread closer = Thread.ofPlatform().start(lifetime::close);
        assertFalse(closer.join(Duration.ofMillis(50)), "did not wait for the other thread");
        end.countDown();
        other.join();
        closer.join();
        IllegalStateException refused = assertThrows(IllegalStateException.class, lastCaller::enter);
        assertEquals("the engine is closed", refused.getMessage());
        assertSame(own, lastCaller.caller());
    }

    @Test
    void threadsThatHaveEndedAreForgotten() throws InterruptedException {
        Lifetime lifetime = open(BarrierMode.FENCE);
        for (int thread = 0; thread < 10_000; thread++) {
            Thread caller = thread % 2 == 0
                    ? Thread.ofPlatform().start(() -> call(lifetime))
                    : Thread.ofVirtual().start(() -> call(lifetime));
            caller.join();
            assertEquals(1, lifetime.nrThreads());
        }
        lifetime.close();
    }

    @Test
    void threadsThatLiveAreRemembered() throws InterruptedException {
        Lifetime lifetime = open(BarrierMode.FENCE);
        CountDownLatch called = new CountDownLatch(10);
        CountDownLatch end = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int thread = 0; thread < 10; thread++) {
            threads.add(Thread.ofPlatform().start(() -> {
                call(lifetime);
                call(lifetime);
                called.countDown();
                assertDoesNotInterrupt(end);
            }));
        }
        called.await();
        assertEquals(10, lifetime.nrThreads());
        end.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        call(lifetime);
        assertEquals(1, lifetime.nrThreads());
        lifetime.close();
    }

    @Test
    void uncheckedItDoesNothing() {
        Lifetime lifetime = new Lifetime(false, BarrierMode.FENCE);
        assertFalse(lifetime.isChecked());
        lifetime.enter();
        assertTimeoutPreemptively(Duration.ofSeconds(20), lifetime::close);
        lifetime.exit();
        lifetime.exit();
        lifetime.enter();
        assertEquals(0, lifetime.nrThreads());
    }

    private static void call(Lifetime lifetime) {
        lifetime.enter();
        lifetime.exit();
    }

    private static void assertDoesNotInterrupt(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void assertRefused(Lifetime lifetime) {
        IllegalStateException refused = assertThrows(IllegalStateException.class, lifetime::enter);
        assertEquals("the engine is closed", refused.getMessage());
    }

    private static Lifetime open(BarrierMode mode) {
        assumeTrue(
                mode != BarrierMode.MEMBARRIER || (LinuxCalls.areAvailable() && LinuxCalls.registerMembarrier()),
                "the system does not grant membarrier");
        Lifetime lifetime = new Lifetime(true, mode);
        assertTrue(lifetime.isChecked());
        return lifetime;
    }
}
