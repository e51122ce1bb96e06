/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes chosen allocations of an engine fail, so that tests can walk every path that runs out of memory.
 *
 * <p>Each request for an index node or a block of pages counts as one allocation. Thread-safe; lock-free.
 */
public final class AllocationFailures {
    private static final long NEVER = Long.MAX_VALUE;

    private final AtomicLong remaining = new AtomicLong(NEVER);

    /** Lets every allocation succeed until told otherwise. */
    public AllocationFailures() {}

    /**
     * Lets {@code nrSuccesses} allocations through and fails every one after them, until {@link #stop}.
     *
     * @param nrSuccesses allocations that still succeed, 0 or more
     * @throws IllegalArgumentException if it is negative
     */
    public void failAfter(long nrSuccesses) {
        if (nrSuccesses < 0) {
            throw new IllegalArgumentException("nrSuccesses out of range: nrSuccesses=" + nrSuccesses + ", min=0");
        }
        remaining.set(nrSuccesses);
    }

    /** Lets every allocation succeed again. */
    public void stop() {
        remaining.set(NEVER);
    }

    /**
     * Counts one allocation.
     *
     * @return true if it must fail
     */
    public boolean shouldFail() {
        return remaining.get() != NEVER
                && remaining.getAndUpdate(left -> left == NEVER ? NEVER : Math.max(left - 1, 0)) <= 0;
    }
}
