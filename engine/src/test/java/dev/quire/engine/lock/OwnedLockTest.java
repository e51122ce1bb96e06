/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OwnedLockTest {
    private static final long LEFT = 7;
    private static final long RIGHT = (1L << 40) - 1;

    private final Arena arena = Arena.ofShared();
    private final long word = arena.allocate(64, 64).address();
    private final long counter = arena.allocate(64, 64).address();

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void aHoldIsItsThreadAndItsNumber() {
        OwnedLock.initialise(word);
        assertEquals(0, OwnedLock.holderId(OwnedLock.hold(word)));
        long first = OwnedLock.tryLock(word, LEFT);
        assertEquals(LEFT << 24 | 1, first);
        assertEquals(first, OwnedLock.hold(word));
        assertEquals(LEFT, OwnedLock.holderId(first));
        assertEquals(OwnedLock.NOT_TAKEN, OwnedLock.tryLock(word, RIGHT));
        assertEquals(OwnedLock.NOT_TAKEN, OwnedLock.tryLock(word, LEFT));
        OwnedLock.unlock(word, first);
        assertEquals(0, OwnedLock.holderId(OwnedLock.hold(word)));
        long second = OwnedLock.lock(word, RIGHT);
        assertEquals(RIGHT << 24 | 2, second);
        assertEquals(RIGHT, OwnedLock.holderId(second));
    }

    @Test
    void afterTheLastNumberComesTheFirst() {
        NativeMemory.setLong(word, (1L << 24) - 1);
        long hold = OwnedLock.tryLock(word, LEFT);
        assertEquals(LEFT << 24, hold);
        assertEquals(OwnedLock.NOT_TAKEN, OwnedLock.tryLock(word, RIGHT));
        OwnedLock.unlock(word, hold);
        assertEquals(0, NativeMemory.getLong(word));
    }

    @Test
    void threadsExcludeEachOtherAndSeeWhatTheLastHolderWrote() throws InterruptedException {
        int nrThreads = 4;
        int nrRounds = 500_000;
        OwnedLock.initialise(word);
        List<Thread> threads = new ArrayList<>();
        for (int thread = 0; thread < nrThreads; thread++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int round = 0; round < nrRounds; round++) {
                    long hold = OwnedLock.lock(word, Thread.currentThread().threadId());
                    NativeMemory.setLong(counter, NativeMemory.getLong(counter) + 1);
                    OwnedLock.unlock(word, hold);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals((long) nrThreads * nrRounds, NativeMemory.getLong(counter));
        assertEquals((long) nrThreads * nrRounds, NativeMemory.getLong(word));
    }

    @Test
    void aWaiterThatHasGoneToSleepStillGetsTheLock() throws InterruptedException {
        OwnedLock.initialise(word);
        long hold = OwnedLock.lock(word, LEFT);
        Thread waiter = Thread.ofPlatform().start(() -> {
            NativeMemory.setLong(counter, OwnedLock.lock(word, RIGHT));
        });
        assertFalse(waiter.join(Duration.ofMillis(100)));
        OwnedLock.unlock(word, hold);
        waiter.join();
        assertEquals(RIGHT << 24 | 2, NativeMemory.getLong(counter));
    }
}
