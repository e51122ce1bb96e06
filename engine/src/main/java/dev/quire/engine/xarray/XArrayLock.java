/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.LastCaller;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.RcuReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import org.jspecify.annotations.Nullable;

/**
 * An array's lock, of rank {@link LockRank#INDEX}. Whoever holds it keeps the engine from being closed, and
 * can be told from others: used without its lock, an array would be torn to pieces, so every change asks.
 *
 * <p>Its word, and the one that tells who holds it, are on cache lines of their own, not in the anchor: readers load
 * the head from there, and a writer that took the line from them with every change would double the time of their
 * lookups.
 */
final class XArrayLock {
    /** No thread has this id. */
    private static final long NOBODY = 0;

    /** Two lines, as processors fetch lines in pairs. */
    private static final long LINES_BYTES = 2 * Geometry.CACHE_LINE_BYTES;

    /** Where the hold is: the holder's thread id, and in the bits above those of an id how often the lock was taken. */
    private static final long HOLD = 8;

    /** More threads than these can count no program starts. */
    private static final int ID_BITS = 40;

    private static final long ONE_ACQUISITION = 1L << ID_BITS;

    /** Keeps the memory of the word alive, and is kept so itself by the fences behind the last use of the word. */
    private final MemorySegment lines = Arena.ofAuto().allocate(LINES_BYTES, LINES_BYTES);

    private final long word = lines.address();
    private final LockOrder lockOrder;
    private final Lifetime lifetime;

    /** Who had the lock last; guarded by the lock. */
    private final LastCaller lastCaller;

    /**
     * The cursor that changed the array last, if no other has looked at it since, and under which hold; guarded by the
     * lock.
     */
    private @Nullable XaBracket changer;

    private long changerHold = NOBODY;

    /** How often changes by another cursor than before began; guarded by the lock. */
    private long turn;

    /** Of the siblings stored last; guarded by the lock. */
    private long siblingStamp;

    /** Whether the array is closed; guarded by the lock. */
    private boolean closed;

    /** Makes a lock, free. */
    XArrayLock(LockOrder lockOrder, Lifetime lifetime) {
        this.lockOrder = lockOrder;
        this.lifetime = lifetime;
        lastCaller = new LastCaller(lifetime);
        SpinLock.unlock(word);
    }

    /** Who holds the lock, exact for the thread that asks about itself; and which of its acquisitions this is. */
    private long hold() {
        return NativeMemory.getLongOpaque(word + HOLD);
    }

    /** For the holder. Opaque: other threads compare the id with their own, which it cannot be. */
    private void hold(long hold) {
        NativeMemory.setLongOpaque(word + HOLD, hold);
    }

    private static long holderId(long hold) {
        return hold & (ONE_ACQUISITION - 1);
    }

    /** The hold without a holder. */
    private static long released(long hold) {
        return hold & -ONE_ACQUISITION;
    }

    void lock() {
        lockOrder.beforeLock(LockRank.INDEX);
        if (!SpinLock.tryLock(word)) {
            requireNotHeld();
            SpinLock.lock(word);
        }
        enter();
        lockOrder.afterLock(LockRank.INDEX);
    }

    /** Under the lock, which is of no use in an engine that is closed. */
    private void enter() {
        try {
            if (closed) {
                throw new IllegalStateException("the array is closed");
            }
            if (lifetime.isChecked()) {
                lastCaller.enter();
                hold((released(hold()) + ONE_ACQUISITION)
                        | Thread.currentThread().threadId());
            }
        } catch (RuntimeException | Error refused) {
            SpinLock.unlock(word);
            throw refused;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Refuses whoever asks for the lock once its holder, who calls this, has given it back. */
    void close() {
        closed = true;
    }

    void unlock() {
        try {
            requireHeld();
            lockOrder.beforeUnlock(LockRank.INDEX);
            if (lifetime.isChecked()) {
                RcuReader holder = lastCaller.caller();
                hold(released(hold()));
                SpinLock.unlock(word);
                holder.exit();
            } else {
                SpinLock.unlock(word);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Whether a number is the one that {@link #requireHeld} gives the holder now. */
    boolean isHold(long number) {
        try {
            return hold() == number;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    boolean isLastChanger(XaBracket cursor, long hold) {
        return changerHold == hold && changer == cursor;
    }

    /** Number of the changes begun last: as long as it is the same, nobody else has changed anything. */
    long turn() {
        return turn;
    }

    /** Begins changes by a cursor, for the holder; returns their number. */
    long beginTurn(XaBracket cursor, long hold) {
        if (changer != cursor) {
            // Not more often than that: a reference is stored with the collector's barriers.
            changer = cursor;
        }
        changerHold = hold;
        return ++turn;
    }

    /** Ends the turn of whoever had it, for the holder: what that changes from here on has another number. */
    void endTurn() {
        changerHold = NOBODY;
    }

    /**
     * For the holder. A number that no sibling of the array has, and larger than those of all siblings before; it
     * begins again after 2^54, which no lookup lives to see.
     */
    long nextSiblingStamp() {
        return ++siblingStamp;
    }

    /** Asked by who would wait: for itself, for ever. */
    private void requireNotHeld() {
        if (lifetime.isChecked() && holderId(hold()) == Thread.currentThread().threadId()) {
            throw new IllegalStateException(
                    "the array is locked by this thread already, and the lock is not reentrant");
        }
    }

    /**
     * Checks that this thread holds the lock; does nothing in unchecked mode.
     *
     * @return a number other than 0 that tells this acquisition from the 2^24 before it; 0 in unchecked mode
     * @throws IllegalStateException if it does not
     */
    long requireHeld() {
        if (!lifetime.isChecked()) {
            return NOBODY;
        }
        long hold;
        try {
            hold = hold();
        } finally {
            Reference.reachabilityFence(this);
        }
        if (holderId(hold) != Thread.currentThread().threadId()) {
            throw new IllegalStateException("the array is not locked by this thread, and no read section is open");
        }
        return hold;
    }
}
