/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class FaultLockTest {
    private final LockOrder lockOrder = new LockOrder(true);
    private final FaultLock lock = new FaultLock(lockOrder);

    @Test
    @Timeout(60)
    void faultsRunBesideEachOtherAndNobodyElseBesideThem() throws Exception {
        AtomicBoolean released = new AtomicBoolean();
        lock.lockShared();
        FutureTask<Void> other = new FutureTask<>(
                () -> {
                    lock.lockShared();
                    lock.unlockShared();
                },
                null);
        new Thread(other).start();
        other.get(30, TimeUnit.SECONDS);
        FutureTask<Boolean> alone = new FutureTask<>(() -> {
            lock.lockExclusive();
            boolean wasReleased = released.get();
            lock.unlockExclusive();
            return wasReleased;
        });
        new Thread(alone).start();
        Thread.sleep(20);
        assertFalse(alone.isDone());
        released.set(true);
        lock.unlockShared();
        assertEquals(true, alone.get(30, TimeUnit.SECONDS));
        assertEquals(0, lockOrder.held(LockRank.MEMORY_MAP));
    }

    @Test
    void itIsNotTakenAfterALockThatRanksAfterItNorGivenBackByNobody() {
        RankedLock inner = new RankedLock(lockOrder, LockRank.WRITEBACK);
        inner.lock();
        assertThrows(IllegalStateException.class, lock::lockShared);
        assertThrows(IllegalStateException.class, lock::lockExclusive);
        inner.unlock();
        assertThrows(IllegalMonitorStateException.class, lock::unlockShared);
        assertThrows(IllegalMonitorStateException.class, lock::unlockExclusive);
        lock.lockExclusive();
        assertEquals(1, lockOrder.held(LockRank.MEMORY_MAP));
        lock.unlockExclusive();
        assertEquals(0, lockOrder.held(LockRank.MEMORY_MAP));
    }
}
