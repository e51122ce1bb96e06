/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SpinLockTest {
    private final Arena arena = Arena.ofShared();
    private final long word = arena.allocate(64, 64).address();
    private final long counter = arena.allocate(64, 64).address();

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void onlyOneTakesAFreeLock() {
        assertFalse(SpinLock.isLocked(word));
        assertTrue(SpinLock.tryLock(word));
        assertTrue(SpinLock.isLocked(word));
        assertFalse(SpinLock.tryLock(word));
        SpinLock.unlock(word);
        assertFalse(SpinLock.isLocked(word));
        SpinLock.lock(word);
        assertFalse(SpinLock.tryLock(word));
    }

    @Test
    void theWordBesideTheLockIsLeftAlone() {
        NativeMemory.setInt(word + 4, -1);
        SpinLock.lock(word);
        SpinLock.unlock(word);
        assertEquals(0, NativeMemory.getInt(word));
        assertEquals(-1, NativeMemory.getInt(word + 4));
    }

    @Test
    void threadsExcludeEachOtherAndSeeWhatTheLastHolderWrote() throws InterruptedException {
        int nrThreads = 4;
        int nrRounds = 500_000;
        List<Thread> threads = new ArrayList<>();
        for (int thread = 0; thread < nrThreads; thread++) {
            boolean tries = thread == 0;
            threads.add(Thread.ofPlatform().start(() -> {
                for (int round = 0; round < nrRounds; round++) {
                    takeEitherWay(tries);
                    NativeMemory.setLong(counter, NativeMemory.getLong(counter) + 1);
                    SpinLock.unlock(word);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals((long) nrThreads * nrRounds, NativeMemory.getLong(counter));
        assertFalse(SpinLock.isLocked(word));
    }

    private void takeEitherWay(boolean tries) {
        if (!tries) {
            SpinLock.lock(word);
        }
        while (tries && !SpinLock.tryLock(word)) {
            Thread.yield();
        }
    }

    @Test
    void aWaiterThatHasGoneToSleepStillGetsTheLock() throws InterruptedException {
        SpinLock.lock(word);
        Thread waiter = Thread.ofPlatform().start(() -> {
            SpinLock.lock(word);
            NativeMemory.setLong(counter, 1);
            SpinLock.unlock(word);
        });
        assertFalse(waiter.join(Duration.ofMillis(100)));
        SpinLock.unlock(word);
        waiter.join();
        assertEquals(1, NativeMemory.getLong(counter));
    }
}
