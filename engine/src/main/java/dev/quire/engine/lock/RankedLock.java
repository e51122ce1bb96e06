/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock on the heap, for long sections, that tells the {@link LockOrder} of every lock and unlock (struct mutex).
 * Blocking; not fair; a thread that holds it must not take it again. Keeps I9 and I11.
 */
public final class RankedLock {
    private final LockOrder lockOrder;
    private final LockRank rank;
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * Makes a free lock.
     *
     * @param lockOrder checker that is told of every lock and unlock
     * @param rank its rank
     */
    public RankedLock(LockOrder lockOrder, LockRank rank) {
        this.lockOrder = lockOrder;
        this.rank = rank;
    }

    /**
     * Takes the lock, waiting as long as it takes.
     *
     * @throws IllegalStateException if the order of locks is checked and forbids it; it is not taken then
     */
    public void lock() {
        lockOrder.beforeLock(rank);
        lock.lock();
        lockOrder.afterLock(rank);
    }

    /**
     * Releases the lock.
     *
     * @throws IllegalMonitorStateException if another thread holds it, or none
     */
    public void unlock() {
        lock.unlock();
        // Only now: the lock refuses who does not hold it.
        lockOrder.beforeUnlock(rank);
    }

    /**
     * Makes something to wait for with this lock; it counts as held meanwhile.
     *
     * @return the condition
     */
    public Condition newCondition() {
        return lock.newCondition();
    }
}
