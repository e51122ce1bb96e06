/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.memory.ObjectSlab;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.XArrayStruct;
import org.jspecify.annotations.Nullable;

/**
 * What an {@link XArray} stands on: its anchor, from when it is made until it is given back, its lock, and its nodes'
 * pool.
 */
abstract sealed class XaAnchor implements AutoCloseable permits XArray {
    private static final long CLOSED = 0;

    /**
     * Address of the anchor, or CLOSED. Plain: a reader that finds it is in a section that {@link #close} waits for, or
     * who has the array, and sections that begin after that find CLOSED (I2).
     */
    private long anchor;

    /** Where the anchor is given back to; null if it is part of what has the array. */
    private final @Nullable ObjectSlab anchors;

    /** Whether what the array is part of can end it; guarded by this. */
    private boolean handedOver;

    private final XaNodePool pool;
    private final Rcu rcu;
    final XArrayLock lock;

    XaAnchor(long anchor, @Nullable ObjectSlab anchors, XaNodePool pool, LockOrder lockOrder, int flags) {
        pool.requireAnchor(anchor);
        XaArguments.requireFlags(flags);
        this.anchor = anchor;
        this.anchors = anchors;
        this.pool = pool;
        rcu = pool.rcu();
        pool.lifetime().enter();
        try {
            lock = new XArrayLock(lockOrder, pool.lifetime());
            XaFlags.initialise(anchor, flags);
            XArrayStruct.headRelease(anchor, XaEntry.EMPTY);
        } finally {
            pool.lifetime().exit();
        }
    }

    /**
     * Takes the array's lock, for use of {@link XaCursor} or to read several things at one moment. Not reentrant: the
     * other changing methods of this class take it themselves.
     *
     * @throws IllegalStateException if this thread holds it already (in unchecked mode it waits for itself), or the
     *     engine is closed
     */
    public final void lock() {
        lock.lock();
    }

    /** Releases the array's lock; throws {@link IllegalStateException} if this thread does not hold it. */
    public final void unlock() {
        lock.unlock();
    }

    /**
     * Checks that this thread holds the array's lock; does nothing in unchecked mode.
     *
     * @throws IllegalStateException if it does not
     */
    public final void requireLockHeld() {
        requireLocked();
    }

    /**
     * Gives an array that is part of something else into the hands of that, which alone can end it from then on.
     *
     * @return what removes all entries and makes later calls throw, to be run with the lock held; again, it does
     *     nothing. The anchor may be used for something else a grace period after that
     * @throws IllegalStateException if the array has memory of its own, and so is {@link #close closed}, or was handed
     *     over already
     */
    public final synchronized Runnable handOver() {
        if (anchors != null || handedOver) {
            throw new IllegalStateException("the array is closed by " + (anchors != null ? "itself" : "what has it"));
        }
        handedOver = true;
        return this::end;
    }

    /**
     * Removes all entries, waits for the readers that may still be in the array, and gives its memory back; later calls
     * throw. Not from inside a read section, nor with the lock held. Closing again does nothing.
     *
     * @throws IllegalStateException if the array is part of something else, as that of an address space: it goes with
     *     that. Then nothing has changed
     */
    @Override
    public final synchronized void close() {
        if (anchors == null) {
            throw new IllegalStateException("the array is part of what has it, and goes with that");
        }
        long open = anchor;
        if (open == CLOSED) {
            return;
        }
        pool.lifetime().enter();
        try {
            lock.lock();
            try {
                end();
            } finally {
                lock.unlock();
            }
            rcu.synchronize();
            anchors.free(open);
        } finally {
            pool.lifetime().exit();
        }
    }

    /** Under the lock, which is refused afterwards as lookups are: those that have begun are in read sections. */
    private void end() {
        requireLocked();
        if (anchor != CLOSED) {
            destroyFinally();
            anchor = CLOSED;
        }
    }

    /** Removes all entries and refuses all changes from then on; the lock is held. */
    abstract void destroyFinally();

    /** {@return the address of the array's anchor; 0 once it is closed, or what it is part of} */
    public final long anchor() {
        return anchor;
    }

    /** {@return where the array's nodes come from} */
    public final XaNodePool pool() {
        return pool;
    }

    /**
     * The anchor of an array that was not given back.
     *
     * @throws IllegalStateException if it was
     */
    final long openAnchor() {
        // One load: what is checked is what is used, however soon after it the array is closed.
        long open = anchor;
        if (open == CLOSED) {
            throw new IllegalStateException("the array is closed");
        }
        return open;
    }

    /** Checks that the array was not given back; throws {@link IllegalStateException} if it was. */
    final void requireOpen() {
        openAnchor();
    }

    /** The anchor, for a reader in a section. */
    final long anchorFor(RcuReader reader) {
        reader.requireInSectionOf(rcu);
        return openAnchor();
    }

    final long requireLocked() {
        return lock.requireHeld();
    }

    /** Whether what a bracket was used in is the hold that the lock's holder has now. */
    final boolean isHold(long bracket) {
        return lock.isHold(bracket);
    }

    /** Whether a cursor, and no other since, has used the array under a hold, and has changed it. */
    final boolean isLastChanger(XaBracket cursor, long hold) {
        return lock.isLastChanger(cursor, hold);
    }

    /** For the holder of the lock: larger than the stamps of all siblings before. */
    final long nextSiblingStamp() {
        return lock.nextSiblingStamp();
    }

    /** For the holder of the lock: number of the changes begun last. */
    final long turn() {
        return lock.turn();
    }

    /** For the holder of the lock: begins changes by a cursor; returns their number. */
    final long beginTurn(XaBracket cursor, long hold) {
        return lock.beginTurn(cursor, hold);
    }

    /** For the holder of the lock: whoever changes the array from here on begins anew. */
    final void endTurn() {
        lock.endTurn();
    }
}
