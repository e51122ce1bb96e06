/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.StampedLock;

/**
 * A lock that page faults hold shared, beside each other, and who changes what they go by holds alone (mmap_lock, the
 * lock of a vm_area_struct), of rank {@link LockRank#MEMORY_MAP}. Blocking; not fair; a thread that holds it, in either
 * way, must not take it again. Taking it allocates nothing but for waiting. Keeps I9 and I11.
 */
public final class FaultLock {
    private final LockOrder lockOrder;

    /** Nobody takes it twice; a reentrant lock would allocate for each fault that runs beside another. */
    private final ReadWriteLock lock = new StampedLock().asReadWriteLock();

    /**
     * Makes a free lock.
     *
     * @param lockOrder checker that is told of every lock and unlock
     */
    public FaultLock(LockOrder lockOrder) {
        this.lockOrder = lockOrder;
    }

    /**
     * Takes the lock for a fault, waiting while somebody holds it alone.
     *
     * @throws IllegalStateException if the order of locks is checked and forbids it; it is not taken then
     */
    public void lockShared() {
        take(lock.readLock());
    }

    /**
     * Releases the lock, held shared.
     *
     * @throws IllegalMonitorStateException if nobody holds it so
     */
    public void unlockShared() {
        release(lock.readLock());
    }

    /**
     * Takes the lock alone, waiting for all faults that run.
     *
     * @throws IllegalStateException if the order of locks is checked and forbids it; it is not taken then
     */
    public void lockExclusive() {
        take(lock.writeLock());
    }

    /**
     * Releases the lock, held alone.
     *
     * @throws IllegalMonitorStateException if nobody holds it so
     */
    public void unlockExclusive() {
        release(lock.writeLock());
    }

    private void take(Lock side) {
        lockOrder.beforeLock(LockRank.MEMORY_MAP);
        side.lock();
        lockOrder.afterLock(LockRank.MEMORY_MAP);
    }

    private void release(Lock side) {
        side.unlock();
        // Only now: the lock refuses who does not hold it.
        lockOrder.beforeUnlock(LockRank.MEMORY_MAP);
    }
}
