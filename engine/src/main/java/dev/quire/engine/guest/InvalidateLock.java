/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Keeps pages from being converted (invalidate_lock), and tells those who do not take it which pages are being
 * converted.
 *
 * <p>Held in three ways. For conversion: by one at a time; faults that allocate go on but in the huge pages that it
 * touches. Exclusively, by holes and close: as for conversion, and no fault allocates at all. Shared, for some huge
 * pages, by faults that allocate there: it waits for the conversion of any page of them, and none begins before it is
 * given back.
 *
 * <p>The {@link Invalidation} covers the pages of a conversion from before it freezes their first folio until after it
 * has unfrozen the last and their new state is published. Who loads one that does not cover a page, looks the page's
 * state up, takes a reference to its folio and loads an invalidation of the same sequence number has got the page in
 * that state: had a conversion of the page frozen the folio before the reference was taken, the reference would have
 * come after the unfreeze, and the second load after this conversion's first invalidation. With the same number the
 * first load would then have seen one of this conversion, which covers the page, or a later one, and with it the new
 * state (I19).
 */
final class InvalidateLock {
    private final LockOrder lockOrder;
    private final ReentrantLock conversion = new ReentrantLock();

    /** Shared by faults that allocate; who has it alone lets no such fault begin. Inside of {@link #conversion}. */
    private final ReentrantReadWriteLock allocation = new ReentrantReadWriteLock();

    /** Stored with the lock held for conversion. */
    private volatile Invalidation invalidation = Invalidation.NONE;

    InvalidateLock(LockOrder lockOrder) {
        this.lockOrder = lockOrder;
    }

    /**
     * Refuses who holds the lock for conversion: the guest's page tables, or a visitor of folios, that call back. They
     * would change what is half done, or wait for folios that stay frozen until they return.
     */
    void requireNotHeld() {
        if (conversion.isHeldByCurrentThread()) {
            throw new IllegalStateException("guest memory called from inside a conversion, a hole or a visit of it");
        }
    }

    /**
     * Takes the lock shared for pages that consist of whole huge pages.
     *
     * @throws IllegalStateException if the thread holds it for conversion, or the order of locks is checked and forbids
     *     it; it is not taken then
     */
    void lockShared(long startIndex, long endIndex) {
        requireNotHeld();
        lockOrder.beforeLock(LockRank.INVALIDATE);
        allocation.readLock().lock();
        if (invalidation.overlaps(startIndex, endIndex)) {
            allocation.readLock().unlock();
            conversion.lock();
            allocation.readLock().lock();
        }
        lockOrder.afterLock(LockRank.INVALIDATE);
    }

    void unlockShared() {
        lockOrder.beforeUnlock(LockRank.INVALIDATE);
        allocation.readLock().unlock();
        // Then it was taken by lockShared, as nobody comes there with it.
        if (conversion.isHeldByCurrentThread()) {
            conversion.unlock();
        }
    }

    /**
     * Takes the lock for conversion.
     *
     * @throws IllegalStateException as {@link #lockShared}
     */
    void lockForConversion() {
        requireNotHeld();
        lockOrder.beforeLock(LockRank.INVALIDATE);
        conversion.lock();
        lockOrder.afterLock(LockRank.INVALIDATE);
    }

    void unlockForConversion() {
        lockOrder.beforeUnlock(LockRank.INVALIDATE);
        conversion.unlock();
    }

    /**
     * Takes the lock exclusively.
     *
     * @throws IllegalStateException as {@link #lockShared}
     */
    void lockExclusive() {
        lockForConversion();
        allocation.writeLock().lock();
    }

    void unlockExclusive() {
        allocation.writeLock().unlock();
        unlockForConversion();
    }

    /**
     * Begins to invalidate a range; the lock is held for conversion. Volatile store: before the RMW that freezes a
     * folio.
     */
    void begin(long startIndex, long endIndex) {
        // Faults that allocate in the range are over then, or find it.
        allocation.writeLock().lock();
        try {
            publish(startIndex, endIndex);
        } finally {
            allocation.writeLock().unlock();
        }
    }

    /**
     * Invalidates all of the huge pages that the range touches, where no fault allocates as it is. As {@link #begin}.
     */
    void widen(long startIndex, long endIndex) {
        publish(startIndex, endIndex);
    }

    /** Ends it; the lock is held for conversion. Volatile store: after the last unfreeze and the new attributes. */
    void end() {
        publish(0, 0);
    }

    private void publish(long startIndex, long endIndex) {
        invalidation = invalidation.next(startIndex, endIndex);
    }

    /** Volatile load: the first one before the state is looked up, the second after the RMW that takes a reference. */
    Invalidation invalidation() {
        return invalidation;
    }
}
