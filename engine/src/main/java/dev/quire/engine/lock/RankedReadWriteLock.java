/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A lock on the heap that many may hold shared or one alone, and that tells the {@link LockOrder} of every lock and
 * unlock (struct rw_semaphore). Blocking; not fair; a thread that holds it, in either way, must not take it again.
 * Keeps I9 and I11.
 */
public final class RankedReadWriteLock {
    private final LockOrder lockOrder;
    private final LockRank rank;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

    /**
     * Makes a free lock.
     *
     * @param lockOrder checker that is told of every lock and unlock
     * @param rank its rank
     */
    public RankedReadWriteLock(LockOrder lockOrder, LockRank rank) {
        this.lockOrder = lockOrder;
        this.rank = rank;
    }

    /**
     * Takes the lock shared, waiting while somebody holds it alone.
     *
     * @throws IllegalStateException if the order of locks is checked and forbids it; it is not taken then
     */
    public void lockShared() {
        lockOrder.beforeLock(rank);
        lock.readLock().lock();
        lockOrder.afterLock(rank);
    }

    /**
     * Takes the lock shared unless somebody holds it alone.
     *
     * @return whether the caller now holds it
     */
    public boolean tryLockShared() {
        boolean taken = lock.readLock().tryLock();
        if (taken) {
            lockOrder.afterLock(rank);
        }
        return taken;
    }

    /**
     * Releases the lock, held shared.
     *
     * @throws IllegalMonitorStateException if this thread does not hold it so
     */
    public void unlockShared() {
        lock.readLock().unlock();
        // Only now: the lock refuses who does not hold it.
        lockOrder.beforeUnlock(rank);
    }

    /**
     * Takes the lock alone, waiting while anybody holds it.
     *
     * @throws IllegalStateException if the order of locks is checked and forbids it; it is not taken then
     */
    public void lockExclusive() {
        lockOrder.beforeLock(rank);
        lock.writeLock().lock();
        lockOrder.afterLock(rank);
    }

    /**
     * Releases the lock, held alone.
     *
     * @throws IllegalMonitorStateException if this thread does not hold it so
     */
    public void unlockExclusive() {
        lock.writeLock().unlock();
        // Only now: the lock refuses who does not hold it.
        lockOrder.beforeUnlock(rank);
    }
}
