/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.XArrayStruct;

/**
 * The lock in an array's anchor, of rank {@link LockRank#INDEX}. Whoever holds it keeps the engine from being closed, and
 * can be told from others: used without its lock, an array would be torn to pieces, so every change asks.
 */
final class XArrayLock {
    private static final long NOBODY = 0;

    private final long word;
    private final LockOrder lockOrder;
    private final Lifetime lifetime;

    /** Id of the thread that holds the lock; exact for the thread that asks about itself. */
    private long holderId = NOBODY;

    /** Makes the lock of an anchor, free. */
    XArrayLock(long anchor, LockOrder lockOrder, Lifetime lifetime) {
        word = XArrayStruct.lock(anchor);
        this.lockOrder = lockOrder;
        this.lifetime = lifetime;
        SpinLock.unlock(word);
    }

    void lock() {
        // First, as it may throw; nothing after the entry does.
        lockOrder.beforeLock(LockRank.INDEX);
        lifetime.enter();
        SpinLock.lock(word);
        lockOrder.afterLock(LockRank.INDEX);
        holderId = Thread.currentThread().threadId();
    }

    void unlock() {
        requireHeld();
        holderId = NOBODY;
        lockOrder.beforeUnlock(LockRank.INDEX);
        SpinLock.unlock(word);
        lifetime.exit();
    }

    /**
     * Checks that this thread holds the lock; does nothing in unchecked mode.
     *
     * @throws IllegalStateException if it does not
     */
    void requireHeld() {
        if (lifetime.isChecked() && holderId != Thread.currentThread().threadId()) {
            throw new IllegalStateException("the array is not locked by this thread, and no read section is open");
        }
    }
}
