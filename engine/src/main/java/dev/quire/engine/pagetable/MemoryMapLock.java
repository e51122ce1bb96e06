/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.rcu.Lifetime;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.StampedLock;

/**
 * The lock of the memory map of one process (mmap_lock), of rank {@link LockRank#MEMORY_MAP}: shared by its faults, held
 * alone by its system calls. Who holds it is in a call of the engine, which does not close meanwhile.
 *
 * <p>Blocking; a thread that holds it, in either way, must not take it again. Keeps I9 and I11.
 */
final class MemoryMapLock {
    private final LockOrder lockOrder;
    private final Lifetime lifetime;

    /** Not a reentrant lock, which would allocate for each fault that runs beside another. */
    private final ReadWriteLock lock = new StampedLock().asReadWriteLock();

    private final Runnable takeShared = this::takeShared;
    private final Runnable takeExclusive = this::takeExclusive;

    MemoryMapLock(LockOrder lockOrder, Lifetime lifetime) {
        this.lockOrder = lockOrder;
        this.lifetime = lifetime;
    }

    /**
     * Takes the lock shared, waiting while somebody holds it alone.
     *
     * @throws IllegalStateException if the engine is closed, or the order of locks is checked and forbids it; then it
     *     is not taken
     */
    void lockShared() {
        lifetime.enterTaking(takeShared);
    }

    void unlockShared() {
        release(lock.readLock());
    }

    /**
     * Takes the lock alone, waiting while anybody holds it.
     *
     * @throws IllegalStateException as {@link #lockShared}
     */
    void lockExclusive() {
        lifetime.enterTaking(takeExclusive);
    }

    void unlockExclusive() {
        release(lock.writeLock());
    }

    private void takeShared() {
        take(lock.readLock());
    }

    private void takeExclusive() {
        take(lock.writeLock());
    }

    private void take(Lock mode) {
        lockOrder.beforeLock(LockRank.MEMORY_MAP);
        mode.lock();
        lockOrder.afterLock(LockRank.MEMORY_MAP);
    }

    private void release(Lock mode) {
        lockOrder.beforeUnlock(LockRank.MEMORY_MAP);
        mode.unlock();
        lifetime.exit();
    }
}
