/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that sleep until a page that migrates is mapped again (migration_entry_wait).
 *
 * <p>I21. A thread gets in line while it holds the lock of the table in which it has found the migration entry. Whoever
 * restores the entry takes that lock first, or comes after who took it to move the entry ({@link MoveLeaves}), and
 * wakes afterwards all who wait for pages of the range: nobody is missed, and nobody needs a reference to the folio,
 * which would make its split or merge fail. Nor does anybody touch the folio: what is its head now may be the tail of
 * another when the thread gets in line.
 *
 * <p>Thread-safe. Getting in line and waking are lock-free; waking goes through all who wait, which are as many as
 * there are threads at most.
 */
final class MigrationWaiters {
    /** A thread in line for a page. */
    static final class Waiter {
        private final long pfn;
        private final Thread thread;

        /** Whether a range with the page has been mapped again since the waiter got in line. */
        private volatile boolean released;

        private Waiter(long pfn, Thread thread) {
            this.pfn = pfn;
            this.thread = thread;
        }
    }

    private final LockOrder lockOrder;
    private final Queue<Waiter> waiters = new ConcurrentLinkedQueue<>();

    MigrationWaiters(LockOrder lockOrder) {
        this.lockOrder = lockOrder;
    }

    /**
     * Gets in line for a page for which there is a migration entry in a table whose lock the caller holds. Does not
     * wait.
     */
    Waiter announce(long pfn) {
        Waiter waiter = new Waiter(pfn, Thread.currentThread());
        waiters.add(waiter);
        return waiter;
    }

    /**
     * Sleeps until the page is mapped again, or was and has gone since. By the thread that got in line; it holds no
     * folio lock.
     */
    void await(Waiter waiter) {
        lockOrder.beforeLock(LockRank.FOLIO);
        boolean interrupted = false;
        try {
            while (!waiter.released) {
                LockSupport.park(this);
                interrupted |= Thread.interrupted();
            }
        } finally {
            waiters.remove(waiter);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Wakes all who wait for pages of a range, in which no migration entry is left of those that they have found. */
    void wake(long firstPfn, long endPfn) {
        if (waiters.isEmpty()) {
            // Nearly always; and to look through the queue takes an object.
            return;
        }
        for (Waiter waiter : waiters) {
            if (waiter.pfn >= firstPfn && waiter.pfn < endPfn) {
                waiter.released = true;
                LockSupport.unpark(waiter.thread);
            }
        }
    }
}
