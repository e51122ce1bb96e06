/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

/** Looks into a {@link RangeIndex} on behalf of one thread. */
interface RangeReader extends AutoCloseable {
    /**
     * Looks an index up.
     *
     * @param index any index
     * @return first index of its range, or {@link RangeIndex#ABSENT}
     */
    long load(long index);

    /**
     * Visits ranges in the order of their indices.
     *
     * @param first index of the first one
     * @param nrRanges how many; there must be as many, side by side
     * @return sum of their first indices
     */
    long sum(long first, int nrRanges);

    @Override
    default void close() {}
}
