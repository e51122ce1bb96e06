/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * The folio lock: bit 0 of the head's flags, with a table of waiting threads shared by all folios of an engine
 * (folio_lock, folio_trylock, folio_unlock).
 *
 * <p>Not reentrant, not fair; any thread may unlock. Taking a free lock and releasing one that nobody waits for are one
 * atomic operation each and allocate nothing. The caller must hold a reference to the folio. Keeps I9 and I10.
 *
 * <p>Handles are trusted: a wrong one ends the JVM; {@code Folios.lock} checks them.
 */
public final class FolioLock {
    private static final int BUCKET_BITS = 8;
    private static final int NR_BUCKETS = 1 << BUCKET_BITS;

    /**
     * 2^64 divided by the golden ratio, odd: its multiples spread over the upper bits (Knuth, multiplicative hashing).
     */
    private static final long GOLDEN_RATIO = 0x9e37_79b9_7f4a_7c15L;

    private static final long LOCKED = PageFlag.LOCKED.mask();
    private static final long WAITERS = PageFlag.WAITERS.mask();

    /** A thread in line for a folio's lock. */
    private record Waiter(long folio, Thread thread) {}

    private final LockOrder lockOrder;
    private final Queue<Waiter>[] buckets;

    /**
     * Makes the locks of one engine.
     *
     * @param lockOrder checker that is told of every lock and unlock
     */
    public FolioLock(LockOrder lockOrder) {
        this.lockOrder = lockOrder;
        buckets = newBuckets();
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Queue<Waiter>[] newBuckets() {
        Queue<Waiter>[] buckets = new Queue[NR_BUCKETS];
        for (int bucket = 0; bucket < NR_BUCKETS; bucket++) {
            buckets[bucket] = new ConcurrentLinkedQueue<>();
        }
        return buckets;
    }

    /**
     * Takes the lock if it is free.
     *
     * @param folio handle of the folio's head
     * @return whether the caller now holds it
     */
    public boolean tryLock(long folio) {
        // Full RMW: acquires what the last holder released in unlock.
        boolean taken = (PageStruct.getAndSetFlags(folio, LOCKED) & LOCKED) == 0;
        if (taken) {
            lockOrder.afterLock(LockRank.FOLIO);
        }
        return taken;
    }

    /**
     * Takes the lock, sleeping while somebody else holds it.
     *
     * @param folio handle of the folio's head
     */
    public void lock(long folio) {
        lockOrder.beforeLock(LockRank.FOLIO);
        if (!tryLock(folio)) {
            lockSlowly(folio);
        }
    }

    /**
     * Releases the lock and wakes who waits for it.
     *
     * @param folio handle of the folio's head
     * @throws IllegalStateException if it is not locked
     */
    public void unlock(long folio) {
        // Full RMW: releases everything done under the lock. Clearing both bits in one step means that a waiter either
        // set its bit before (and is woken below) or finds the lock free.
        long before = PageStruct.getAndClearFlags(folio, LOCKED | WAITERS);
        if ((before & LOCKED) == 0) {
            throw new IllegalStateException("folio is not locked: folio=0x" + Long.toHexString(folio));
        }
        lockOrder.beforeUnlock(LockRank.FOLIO);
        if ((before & WAITERS) != 0) {
            wake(folio);
        }
    }

    /**
     * Notes that the caller has made a folio that is locked from the start, without a call of {@link #lock}.
     *
     * <p>A split makes such folios: whoever finds one waits until the splitter has unlocked it.
     */
    public void afterBornLocked() {
        lockOrder.afterLock(LockRank.FOLIO);
    }

    /**
     * Whether somebody holds the lock: a hint, unless it is the caller.
     *
     * @param folio handle of the folio's head
     * @return true if the bit is set
     */
    public boolean isLocked(long folio) {
        return (PageStruct.flagsAcquire(folio) & LOCKED) != 0;
    }

    private void lockSlowly(long folio) {
        Queue<Waiter> bucket = bucketOf(folio);
        Waiter waiter = new Waiter(folio, Thread.currentThread());
        bucket.add(waiter);
        boolean interrupted = false;
        try {
            while (!tryLock(folio)) {
                if (setWaitersBit(folio)) {
                    LockSupport.park(this);
                    interrupted |= Thread.interrupted();
                }
            }
        } finally {
            bucket.remove(waiter);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Sets the waiters bit while the folio is locked; false if it no longer is, so that the caller tries again. */
    private static boolean setWaitersBit(long folio) {
        while (true) {
            long flags = PageStruct.flagsAcquire(folio);
            if ((flags & LOCKED) == 0) {
                return false;
            }
            if (PageStruct.compareAndSetFlags(folio, flags, flags | WAITERS)) {
                return true;
            }
        }
    }

    private void wake(long folio) {
        for (Waiter waiter : bucketOf(folio)) {
            if (waiter.folio == folio) {
                LockSupport.unpark(waiter.thread);
            }
        }
    }

    private Queue<Waiter> bucketOf(long folio) {
        return buckets[bucketIndex(folio)];
    }

    /** Hashes, because the heads of large folios are multiples of a large power of two apart. */
    static int bucketIndex(long folio) {
        return (int) ((folio / PageStruct.BYTES * GOLDEN_RATIO) >>> (Long.SIZE - BUCKET_BITS));
    }
}
