/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Keeps pages from being converted (invalidate_lock), and a sequence number by which those notice a conversion who do not take
 * it (mmu_invalidate_seq).
 *
 * <p>The number is odd from before a conversion freezes its first folio until after it has unfrozen the last. Who loads an even
 * one, looks a page's state up, takes a reference and loads the same number again has got the page in that state: had the
 * conversion frozen the folio before the reference was taken, the reference would have come after the unfreeze, and the load
 * after the odd number (I19).
 */
final class InvalidateLock {
    private final LockOrder lockOrder;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final AtomicLong sequence = new AtomicLong();

    InvalidateLock(LockOrder lockOrder) {
        this.lockOrder = lockOrder;
    }

    void lockShared() {
        lockOrder.beforeLock(LockRank.INVALIDATE);
        lock.readLock().lock();
        lockOrder.afterLock(LockRank.INVALIDATE);
    }

    void unlockShared() {
        lockOrder.beforeUnlock(LockRank.INVALIDATE);
        lock.readLock().unlock();
    }

    void lockExclusive() {
        lockOrder.beforeLock(LockRank.INVALIDATE);
        lock.writeLock().lock();
        lockOrder.afterLock(LockRank.INVALIDATE);
    }

    void unlockExclusive() {
        lockOrder.beforeUnlock(LockRank.INVALIDATE);
        lock.writeLock().unlock();
    }

    /** Begins to invalidate; the lock is held exclusively. Volatile: before the freeze of any folio (RMW). */
    void begin() {
        sequence.getAndIncrement();
    }

    /** Ends it; the lock is held exclusively. Volatile: after the last unfreeze and the new attributes. */
    void end() {
        sequence.getAndIncrement();
    }

    /** Volatile load: the second one, after the RMW that takes a reference. */
    long sequence() {
        return sequence.get();
    }

    static boolean isInvalidating(long sequence) {
        return (sequence & 1) != 0;
    }
}
