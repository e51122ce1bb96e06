/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class RankedLockTest {
    private final LockOrder lockOrder = new LockOrder(true);
    private final RankedLock inode = new RankedLock(lockOrder, LockRank.INODE);
    private final RankedReadWriteLock writeback = new RankedReadWriteLock(lockOrder, LockRank.WRITEBACK);

    private static void assertViolation(Runnable lock, LockRank taken, LockRank held) {
        IllegalStateException violation = assertThrows(IllegalStateException.class, lock::run);
        assertEquals("lock order violated: taking=" + taken + ", holding=" + held, violation.getMessage());
    }

    @Test
    void aLockTakenAgainstTheOrderIsRefusedAndNotTaken() throws InterruptedException {
        writeback.lockShared();
        assertViolation(inode::lock, LockRank.INODE, LockRank.WRITEBACK);
        assertViolation(writeback::lockShared, LockRank.WRITEBACK, LockRank.WRITEBACK);
        assertViolation(writeback::lockExclusive, LockRank.WRITEBACK, LockRank.WRITEBACK);
        assertEquals(0, lockOrder.held(LockRank.INODE));
        assertEquals(1, lockOrder.held(LockRank.WRITEBACK));
        Thread other = Thread.ofPlatform().start(() -> {
            inode.lock();
            inode.unlock();
        });
        other.join();
        writeback.unlockShared();
        assertEquals(0, lockOrder.held(LockRank.WRITEBACK));
    }

    @Test
    void locksInOrderAreCountedWhileTheyAreHeld() {
        inode.lock();
        writeback.lockExclusive();
        assertEquals(1, lockOrder.held(LockRank.INODE));
        assertEquals(1, lockOrder.held(LockRank.WRITEBACK));
        writeback.unlockExclusive();
        inode.unlock();
        assertEquals(0, lockOrder.held(LockRank.INODE));
        assertEquals(0, lockOrder.held(LockRank.WRITEBACK));
    }

    @Test
    void aLockThatIsFreeCanBeTriedInAnyOrder() {
        lockOrder.afterLock(LockRank.FOLIO);
        assertTrue(writeback.tryLockShared());
        assertEquals(1, lockOrder.held(LockRank.WRITEBACK));
        writeback.unlockShared();
        lockOrder.beforeUnlock(LockRank.FOLIO);
    }

    @Test
    void whatCannotBeTakenAtOnceIsNotCounted() throws InterruptedException {
        writeback.lockExclusive();
        AtomicBoolean taken = new AtomicBoolean(true);
        AtomicBoolean counted = new AtomicBoolean(true);
        Thread other = Thread.ofPlatform().start(() -> {
            taken.set(writeback.tryLockShared());
            counted.set(lockOrder.held(LockRank.WRITEBACK) > 0);
        });
        other.join();
        assertFalse(taken.get());
        assertFalse(counted.get());
        writeback.unlockExclusive();
    }

    @Test
    void anUnlockThatIsRefusedCountsNothing() {
        assertThrows(IllegalMonitorStateException.class, inode::unlock);
        assertThrows(IllegalMonitorStateException.class, writeback::unlockShared);
        assertThrows(IllegalMonitorStateException.class, writeback::unlockExclusive);
        assertEquals(0, lockOrder.held(LockRank.INODE));
        assertEquals(0, lockOrder.held(LockRank.WRITEBACK));
    }
}
