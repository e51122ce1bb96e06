/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

/**
 * Checks at run time that every thread takes locks in the order of their {@link LockRank} (the idea of lockdep), and
 * counts what is held.
 *
 * <p>Off by default; then every call is one test of a final field. Thread-safe; wait-free.
 */
public final class LockOrder {
    private final boolean enabled;
    private final ThreadLocal<int[]> heldByRank = ThreadLocal.withInitial(() -> new int[LockRank.values().length]);

    /**
     * Makes a checker.
     *
     * @param enabled whether it checks
     */
    public LockOrder(boolean enabled) {
        this.enabled = enabled;
    }

    /**
     * Whether it checks; if not, it need not be told of locks.
     *
     * @return what it was made with
     */
    public boolean isEnabled() {
        return enabled;
    }

    /**
     * Notes that this thread is about to take a lock.
     *
     * @param rank rank of the lock
     * @throws IllegalStateException if the thread holds a lock of a later rank, or of the same unless that is
     *     {@link LockRank#FOLIO}
     */
    public void beforeLock(LockRank rank) {
        if (enabled) {
            check(rank);
        }
    }

    /**
     * Notes that this thread now holds a lock.
     *
     * @param rank rank of the lock
     */
    public void afterLock(LockRank rank) {
        if (enabled) {
            heldByRank.get()[rank.ordinal()]++;
        }
    }

    /**
     * Notes that this thread is about to release a lock.
     *
     * @param rank rank of the lock
     */
    public void beforeUnlock(LockRank rank) {
        if (enabled) {
            heldByRank.get()[rank.ordinal()]--;
        }
    }

    /**
     * Locks of a rank that this thread has taken and not released (a folio lock may be released by another thread; then
     * the sum over threads counts).
     *
     * @param rank rank of the locks
     * @return how many; 0 if the checker is off
     */
    public int held(LockRank rank) {
        return enabled ? heldByRank.get()[rank.ordinal()] : 0;
    }

    private void check(LockRank rank) {
        int[] held = heldByRank.get();
        int first = rank == LockRank.FOLIO ? rank.ordinal() + 1 : rank.ordinal();
        for (int other = first; other < held.length; other++) {
            if (held[other] > 0) {
                throw new IllegalStateException(
                        "lock order violated: taking=" + rank + ", holding=" + LockRank.values()[other]);
            }
        }
    }
}
