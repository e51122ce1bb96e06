/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

/**
 * The pages of a file that were written back since the file last said that it keeps them, as one range: what is in
 * between and was not written is in it too. Kept for when the file says that it could not keep them.
 *
 * <p>Thread-safe; takes a monitor for constant time.
 */
final class UnsyncedRange {
    private static final long NOTHING = Long.MAX_VALUE;

    private long first = NOTHING;
    private long last = -1;

    /** Adds a range of pages; before their writeback ends. */
    synchronized void add(long firstIndex, long lastIndex) {
        first = Math.min(first, firstIndex);
        last = Math.max(last, lastIndex);
    }

    /** Adds what another one has, which nobody else uses. */
    void addAll(UnsyncedRange other) {
        if (!other.isEmpty()) {
            add(other.first(), other.last());
        }
    }

    /** Takes the range, and leaves an empty one. */
    synchronized UnsyncedRange take() {
        UnsyncedRange taken = new UnsyncedRange();
        taken.first = first;
        taken.last = last;
        first = NOTHING;
        last = -1;
        return taken;
    }

    synchronized boolean isEmpty() {
        return first > last;
    }

    /** First page, if there is one. */
    synchronized long first() {
        return first;
    }

    /** Last page, if there is one. */
    synchronized long last() {
        return last;
    }
}
