/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FolioLockTest {
    private static final long OTHER_FLAGS = PageFlag.UPTODATE.mask() | PageFlag.HEAD.mask();

    private final PageArena arena = PageArena.open(1 << 20, 1, 1, Backing.AUTOMATIC);
    private final LockOrder lockOrder = new LockOrder(true);
    private final FolioLock locks = new FolioLock(lockOrder);
    private final long folio = arena.pageAt(512);

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void onlyOneTakesAFreeLockAndTheOtherFlagsStay() {
        PageStruct.flags(folio, OTHER_FLAGS);
        assertFalse(locks.isLocked(folio));
        assertTrue(locks.tryLock(folio));
        assertEquals(OTHER_FLAGS | PageFlag.LOCKED.mask(), PageStruct.flags(folio));
        assertTrue(locks.isLocked(folio));
        assertFalse(locks.tryLock(folio));
        assertEquals(1, lockOrder.held(LockRank.FOLIO));
        locks.unlock(folio);
        assertEquals(OTHER_FLAGS, PageStruct.flags(folio));
        assertEquals(0, lockOrder.held(LockRank.FOLIO));
        locks.lock(folio);
        assertTrue(locks.isLocked(folio));
    }

    @Test
    void releasingAFreeLockIsRefusedAndChangesNothing() {
        PageStruct.flags(folio, OTHER_FLAGS);
        IllegalStateException refused = assertThrows(IllegalStateException.class, () -> locks.unlock(folio));
        assertEquals("folio is not locked: folio=0x" + Long.toHexString(folio), refused.getMessage());
        assertEquals(OTHER_FLAGS, PageStruct.flags(folio));
        assertEquals(0, lockOrder.held(LockRank.FOLIO));
    }

    @Test
    void takingItWithAnInnerLockHeldIsRefusedAndChangesNothing() {
        lockOrder.afterLock(LockRank.INDEX);
        IllegalStateException refused = assertThrows(IllegalStateException.class, () -> locks.lock(folio));
        assertEquals("lock order violated: taking=FOLIO, holding=INDEX", refused.getMessage());
        assertFalse(locks.isLocked(folio));
        // One that does not wait cannot deadlock.
        assertTrue(locks.tryLock(folio));
    }

    @Test
    void noneOfManyWaitersIsForgotten() throws InterruptedException {
        locks.lock(folio);
        List<Thread> waiters = new ArrayList<>();
        for (int waiter = 0; waiter < 32; waiter++) {
            waiters.add(Thread.ofPlatform().start(() -> addUnderLock(folio, 100)));
        }
        awaitParked(waiters);
        assertTrue(PageFlag.WAITERS.isSet(PageStruct.flagsAcquire(folio)));
        locks.unlock(folio);
        for (Thread waiter : waiters) {
            waiter.join();
        }
        assertEquals(3200, PageStruct.privateWord(folio));
        assertEquals(0, PageStruct.flagsAcquire(folio));
    }

    @Test
    void threadsExcludeEachOtherOnEveryFolio() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int round = 0; round < 30_000; round++) {
                    addUnderLock(arena.pageAt(round % 3), 1);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(4 * 10_000, PageStruct.privateWord(arena.pageAt(0)));
        assertEquals(4 * 10_000, PageStruct.privateWord(arena.pageAt(1)));
        assertEquals(4 * 10_000, PageStruct.privateWord(arena.pageAt(2)));
    }

    @Test
    void waitersOfAnotherFolioInTheSameBucketStayAsleep() throws InterruptedException {
        long other = arena.pageAt(1024);
        while (FolioLock.bucketIndex(other) != FolioLock.bucketIndex(folio)) {
            other += PageStruct.BYTES;
        }
        long otherFolio = other;
        locks.lock(folio);
        locks.lock(otherFolio);
        Thread waiter = Thread.ofPlatform().start(() -> addUnderLock(folio, 1));
        Thread otherWaiter = Thread.ofPlatform().start(() -> addUnderLock(otherFolio, 1));
        awaitParked(List.of(waiter, otherWaiter));
        locks.unlock(folio);
        waiter.join();
        assertFalse(otherWaiter.join(Duration.ofMillis(50)));
        assertEquals(0, PageStruct.privateWord(otherFolio));
        locks.unlock(otherFolio);
        otherWaiter.join();
        assertEquals(1, PageStruct.privateWord(otherFolio));
    }

    @Test
    void anInterruptNeitherEndsTheWaitNorGetsLost() throws InterruptedException {
        locks.lock(folio);
        AtomicBoolean interruptedAfterwards = new AtomicBoolean();
        Thread waiter = Thread.ofPlatform().start(() -> {
            addUnderLock(folio, 1);
            interruptedAfterwards.set(Thread.currentThread().isInterrupted());
        });
        awaitParked(List.of(waiter));
        waiter.interrupt();
        assertFalse(waiter.join(Duration.ofMillis(50)));
        assertEquals(0, PageStruct.privateWord(folio));
        locks.unlock(folio);
        waiter.join();
        assertEquals(1, PageStruct.privateWord(folio));
        assertTrue(interruptedAfterwards.get());
    }

    @Test
    void anotherThreadMayUnlock() throws InterruptedException {
        locks.lock(folio);
        Thread.ofPlatform().start(() -> locks.unlock(folio)).join();
        assertTrue(locks.tryLock(folio));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 4, 8, 9, 10})
    void headsOfFoliosOfOneOrderSpreadOverTheBuckets(int order) {
        Set<Integer> buckets = new HashSet<>();
        for (long pfn = 0; pfn < 256L << order; pfn += 1L << order) {
            buckets.add(FolioLock.bucketIndex(arena.pageAt(pfn)));
        }
        // 256 balls thrown at random into 256 bins leave 94 empty on average.
        assertTrue(buckets.size() > 120, () -> "only " + buckets.size() + " of 256 buckets");
    }

    /** Adds with plain accesses, so that an addition is lost whenever two threads are inside at once. */
    private void addUnderLock(long head, int nrTimes) {
        for (int i = 0; i < nrTimes; i++) {
            locks.lock(head);
            PageStruct.privateWord(head, PageStruct.privateWord(head) + 1);
            locks.unlock(head);
        }
    }

    private static void awaitParked(List<Thread> threads) throws InterruptedException {
        for (Thread thread : threads) {
            while (thread.getState() != Thread.State.WAITING) {
                Thread.sleep(1);
            }
        }
    }
}
