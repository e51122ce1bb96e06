/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.OwnedLock;
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
 * <p>Its word is on cache lines of its own, not in the anchor: readers load the head from there, and a writer that took
 * the line from them with every change would double the time of their lookups.
 */
final class XArrayLock {
    /** No hold is this number. */
    private static final long NO_HOLD = OwnedLock.NOT_TAKEN;

    /** Two lines, as processors fetch lines in pairs. */
    private static final long LINES_BYTES = 2 * Geometry.CACHE_LINE_BYTES;

    /** Locks are taken in a checked order. */
    private static final int ORDERED = 1;

    /** Nobody has to enter the engine, and nobody counts holds. */
    private static final int UNCHECKED = 2;

    /** The array is closed. */
    private static final int CLOSED = 4;

    /** Keeps the memory of the word alive, and is kept so itself by the fences behind the last use of the word. */
    private final MemorySegment lines = Arena.ofAuto().allocate(LINES_BYTES, LINES_BYTES);

    private final long word = lines.address();
    private final LockOrder lockOrder;

    /**
     * What there is to do besides, one bit each, so that most often one look tells that it is nothing: {@link #ORDERED},
     * {@link #UNCHECKED} and {@link #CLOSED}. The last is guarded by the lock; who looks before it takes that looks at
     * the others.
     */
    private int extras;

    /** Who had the lock last; guarded by the lock. */
    private final LastCaller lastCaller;

    /**
     * The cursor that changed the array last, if no other has looked at it since, and under which hold; guarded by the
     * lock.
     */
    private @Nullable XaBracket changer;

    private long changerHold = NO_HOLD;

    /** How often changes by another cursor than before began; guarded by the lock. */
    private long turn;

    /** Of the siblings stored last; guarded by the lock. */
    private long siblingStamp;

    /** Makes a lock, free. */
    XArrayLock(LockOrder lockOrder, Lifetime lifetime) {
        this.lockOrder = lockOrder;
        extras = (lockOrder.isEnabled() ? ORDERED : 0) | (lifetime.isChecked() ? 0 : UNCHECKED);
        lastCaller = new LastCaller(lifetime);
        OwnedLock.initialise(word());
    }

    private long word() {
        return NativeMemory.structAddress(word);
    }

    /**
     * Takes the lock.
     *
     * @return which acquisition this is, other than 0, for {@link #unlock(long)}
     */
    long lock() {
        if (extras != 0) {
            lockOrder.beforeLock(LockRank.INDEX);
        }
        long threadId = Thread.currentThread().threadId();
        long hold = OwnedLock.tryLock(word(), threadId);
        if (hold == OwnedLock.NOT_TAKEN) {
            requireNotHeld(threadId);
            hold = OwnedLock.lock(word(), threadId);
        }
        enter(hold);
        return hold;
    }

    /** Under the lock, which is of no use in an engine that is closed. */
    private void enter(long hold) {
        try {
            if (extras == 0) {
                lastCaller.enter();
            } else {
                enterWithExtras();
            }
        } catch (RuntimeException | Error refused) {
            OwnedLock.unlock(word(), hold);
            throw refused;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private void enterWithExtras() {
        if ((extras & CLOSED) != 0) {
            throw new IllegalStateException("the array is closed");
        }
        if (isChecked()) {
            lastCaller.enter();
        }
        lockOrder.afterLock(LockRank.INDEX);
    }

    private boolean isChecked() {
        return (extras & UNCHECKED) == 0;
    }

    /** Refuses whoever asks for the lock once its holder, who calls this, has given it back. */
    void close() {
        extras |= CLOSED;
    }

    /** Releases the lock; throws {@link IllegalStateException} if this thread does not hold it. */
    void unlock() {
        long hold = hold();
        if (isChecked()) {
            requireOwn(hold);
        }
        release(hold);
    }

    /** The same for who has taken it in the same call, and so has less to check, unless its update callback unlocked. */
    void unlock(long hold) {
        if (hold() == hold) {
            release(hold);
        } else {
            unlock();
        }
    }

    private void release(long hold) {
        try {
            RcuReader holder = lastCaller.caller();
            boolean hasEntered = true;
            if (extras != 0) {
                lockOrder.beforeUnlock(LockRank.INDEX);
                hasEntered = isChecked();
            }
            OwnedLock.unlock(word(), hold);
            if (hasEntered) {
                holder.exit();
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private long hold() {
        try {
            return OwnedLock.hold(word());
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Whether a number is the one that {@link #requireHeld} gives the holder now. */
    boolean isHold(long number) {
        return hold() == number;
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
        changerHold = NO_HOLD;
    }

    /**
     * For the holder. A number that no sibling of the array has, and larger than those of all siblings before; it
     * begins again after 2^54, which no lookup lives to see.
     */
    long nextSiblingStamp() {
        return ++siblingStamp;
    }

    /** Asked by who would wait: for itself, for ever. */
    private void requireNotHeld(long threadId) {
        if (isChecked() && OwnedLock.holderId(hold()) == threadId) {
            throw new IllegalStateException(
                    "the array is locked by this thread already, and the lock is not reentrant");
        }
    }

    /**
     * Checks that this thread holds the lock; does nothing in unchecked mode.
     *
     * @return a number of 2^24 or more that tells this acquisition from the 2^24 before it, and is none of a read
     *     section ({@link RcuReader#sectionStamp}); 0 in unchecked mode
     * @throws IllegalStateException if it does not
     */
    long requireHeld() {
        if (!isChecked()) {
            return NO_HOLD;
        }
        long hold = hold();
        requireOwn(hold);
        return hold;
    }

    private static void requireOwn(long hold) {
        if (OwnedLock.holderId(hold) != Thread.currentThread().threadId()) {
            throw new IllegalStateException("the array is not locked by this thread, and no read section is open");
        }
    }
}
