/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.xarray.SplitPlan;

/**
 * What is measured side by side: a map from indices to the range that each belongs to, most of them naturally aligned
 * and of a power of two of indices. What a range stands for is left out: it is known by its first index.
 *
 * <p>Changes come from one thread at a time. Unless an implementation says otherwise, any number of threads may read
 * meanwhile, through readers of their own, and find for each index the range before or after a change, never nothing
 * where both have something.
 */
interface RangeIndex extends AutoCloseable {
    /** Result of a lookup of an index that belongs to no range. */
    long ABSENT = -1;

    /** Makes a reader for the calling thread. */
    RangeReader newReader();

    /**
     * Makes one range of a block that is empty, or full of ranges of lower or the same order.
     *
     * @param first first index, a multiple of {@code 2^order}
     * @param order log2 of the indices
     */
    default void store(long first, int order) {
        storeBetween(first, first + (1L << order) - 1);
    }

    /** Empties a block that is one range. */
    default void erase(long first, int order) {
        eraseBetween(first, first + (1L << order) - 1);
    }

    /**
     * Makes one range of any indices that are empty, or full of ranges.
     *
     * @param first first index
     * @param last last index, inclusive; fewer than 2^20 indices in all
     */
    void storeBetween(long first, long last);

    /** Empties what {@link #storeBetween} made. */
    void eraseBetween(long first, long last);

    /**
     * Cuts a range of the plan's order into the plan's pieces.
     *
     * @param first its first index
     * @param plan how
     */
    void split(long first, SplitPlan plan);

    /** {@return bytes that it takes outside the Java heap} */
    default long offHeapBytes() {
        return 0;
    }

    @Override
    default void close() {}
}
