/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.lock.FaultLock;
import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.rcu.Lifetime;

/**
 * The lock of the memory map of one process (mmap_lock): shared by its faults, held alone by its system calls. Who
 * holds it is in a call of the engine, which does not close meanwhile.
 *
 * <p>As {@link FaultLock}; nothing is allocated to take it.
 */
final class MemoryMapLock {
    private final FaultLock lock;
    private final Lifetime lifetime;
    private final Runnable takeShared;
    private final Runnable takeExclusive;

    MemoryMapLock(LockOrder lockOrder, Lifetime lifetime) {
        lock = new FaultLock(lockOrder);
        this.lifetime = lifetime;
        takeShared = lock::lockShared;
        takeExclusive = lock::lockExclusive;
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
        lock.unlockShared();
        lifetime.exit();
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
        lock.unlockExclusive();
        lifetime.exit();
    }
}
