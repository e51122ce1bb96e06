/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/**
 * Limits and progress of a cyclic allocation of indices: each search begins after the index found last, and goes on
 * from the lowest index when it reaches the highest.
 *
 * <p>Guarded by the lock of the array it is used with.
 */
public final class XaIdCycle {
    /** Largest index that is handed out. */
    public static final long MAX_ID = 0xffff_ffffL;

    final long min;
    final long max;
    long next;
    boolean wrapped;

    /**
     * Makes a cycle.
     *
     * @param min lowest index, 0 to {@link #MAX_ID}
     * @param max highest index, 0 to {@link #MAX_ID}
     * @param next where the first search begins, 0 to {@link #MAX_ID}; an index below {@code min} counts as {@code min}
     * @throws IllegalArgumentException if a number is out of range
     */
    public XaIdCycle(long min, long max, long next) {
        XaArguments.requireId("min", min);
        XaArguments.requireId("max", max);
        XaArguments.requireId("next", next);
        this.min = min;
        this.max = max;
        this.next = next;
    }

    /** {@return where the next search begins} */
    public long next() {
        return next;
    }

    /**
     * {@return whether the last successful search went on from the lowest index, or one before it handed the highest id
     * out; the array remembers the latter, so of several cycles over one array the next one is told}
     */
    public boolean hasWrapped() {
        return wrapped;
    }
}
