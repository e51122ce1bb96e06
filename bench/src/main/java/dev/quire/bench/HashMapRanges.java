/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.xarray.SplitPlan;
import java.util.concurrent.ConcurrentHashMap;
import org.agrona.collections.Long2LongHashMap;

/**
 * Ranges in a hash map that has each of their indices as a key, since it cannot search: the value tells first index and
 * length of the range. Readers see every key change at once if the map is fit for readers beside a writer.
 */
abstract class HashMapRanges implements RangeIndex, RangeReader {
    private static final int LENGTH_BITS = 20;
    private static final long LENGTH_MASK = (1 << LENGTH_BITS) - 1;

    abstract void put(long index, long range);

    abstract void remove(long index);

    /** Returns the range of an index, or ABSENT. */
    abstract long get(long index);

    @Override
    public final RangeReader newReader() {
        return this;
    }

    @Override
    public final long load(long index) {
        return get(index) >> LENGTH_BITS;
    }

    /** A hash map has no order of its own: the length of each range leads to the next one. */
    @Override
    public final long sum(long first, int nrRanges) {
        long index = first;
        long sum = 0;
        for (int i = 0; i < nrRanges; i++) {
            long range = get(index);
            sum += range >> LENGTH_BITS;
            index += range & LENGTH_MASK;
        }
        return sum;
    }

    @Override
    public final void storeBetween(long first, long last) {
        long range = first << LENGTH_BITS | (last - first + 1);
        for (long index = first; index <= last; index++) {
            put(index, range);
        }
    }

    @Override
    public final void eraseBetween(long first, long last) {
        for (long index = first; index <= last; index++) {
            remove(index);
        }
    }

    @Override
    public final void split(long first, SplitPlan plan) {
        long next = first;
        for (int run = 0; run < plan.nrRuns(); run++) {
            int order = plan.runOrder(run);
            for (long count = plan.runCount(run); count > 0; count--) {
                store(next, order);
                next += 1L << order;
            }
        }
    }

    @Override
    public final void close() {}

    /** Agrona's map, without boxes. For one thread. */
    static final class Primitive extends HashMapRanges {
        private final Long2LongHashMap map = new Long2LongHashMap(ABSENT);

        @Override
        void put(long index, long range) {
            map.put(index, range);
        }

        @Override
        void remove(long index) {
            map.remove(index);
        }

        @Override
        long get(long index) {
            return map.get(index);
        }
    }

    /** The JDK's concurrent map. */
    static final class Concurrent extends HashMapRanges {
        private static final Long NOTHING = ABSENT;

        private final ConcurrentHashMap<Long, Long> map = new ConcurrentHashMap<>();

        @Override
        void put(long index, long range) {
            map.put(index, range);
        }

        @Override
        void remove(long index) {
            map.remove(index);
        }

        @Override
        long get(long index) {
            return map.getOrDefault(index, NOTHING);
        }
    }
}
