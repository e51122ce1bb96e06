/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.RcuReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * An array's lock, of rank {@link LockRank#INDEX}. Whoever holds it keeps the engine from being closed, and
 * can be told from others: used without its lock, an array would be torn to pieces, so every change asks.
 *
 * <p>Its word, and who holds it, are on cache lines of their own, not in the anchor: readers load the head from there, and
 * a writer that took the line from them with every change would double the time of their lookups.
 */
final class XArrayLock {
    private static final long NOBODY = 0;

    /** Two lines, as processors fetch lines in pairs. */
    private static final long LINES_BYTES = 2 * Geometry.CACHE_LINE_BYTES;

    private static final long HOLDER_ID = 8;

    /** Keeps the memory of the word alive. */
    private final MemorySegment lines = Arena.ofAuto().allocate(LINES_BYTES, LINES_BYTES);

    private final long word = lines.address();
    private final LockOrder lockOrder;
    private final Lifetime lifetime;

    /** Id of the thread that had the lock last, and what it enters the engine by; guarded by the lock. */
    private long callerId = Thread.currentThread().threadId();

    private RcuReader caller;

    /** Makes a lock, free. */
    XArrayLock(LockOrder lockOrder, Lifetime lifetime) {
        this.lockOrder = lockOrder;
        this.lifetime = lifetime;
        caller = lifetime.caller();
        SpinLock.unlock(word);
    }

    /** Id of the thread that holds the lock; exact for the thread that asks about itself. */
    private long holderId() {
        return NativeMemory.getLongOpaque(word + HOLDER_ID);
    }

    private void holderId(long id) {
        // Opaque: other threads compare it with their own id, which it cannot be.
        NativeMemory.setLongOpaque(word + HOLDER_ID, id);
    }

    void lock() {
        lockOrder.beforeLock(LockRank.INDEX);
        SpinLock.lock(word);
        if (lifetime.isChecked()) {
            enter();
        }
        lockOrder.afterLock(LockRank.INDEX);
    }

    /** Under the lock, which guards what it remembers of the last caller, and is of no use in an engine that is closed. */
    private void enter() {
        long threadId = Thread.currentThread().threadId();
        try {
            if (threadId != callerId) {
                caller = lifetime.caller();
                callerId = threadId;
            }
            caller.enter();
        } catch (RuntimeException | Error refused) {
            SpinLock.unlock(word);
            throw refused;
        }
        holderId(threadId);
    }

    void unlock() {
        requireHeld();
        lockOrder.beforeUnlock(LockRank.INDEX);
        if (lifetime.isChecked()) {
            RcuReader holder = caller;
            holderId(NOBODY);
            SpinLock.unlock(word);
            holder.exit();
        } else {
            SpinLock.unlock(word);
        }
    }

    /**
     * Checks that this thread holds the lock; does nothing in unchecked mode.
     *
     * @throws IllegalStateException if it does not
     */
    void requireHeld() {
        if (lifetime.isChecked() && holderId() != Thread.currentThread().threadId()) {
            throw new IllegalStateException("the array is not locked by this thread, and no read section is open");
        }
    }
}
