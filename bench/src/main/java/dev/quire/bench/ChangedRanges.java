/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A {@link RangeIndex} full of ranges of order {@value #ORDER}, of which each invocation changes the next few; what it
 * leaves is put back, unmeasured.
 */
@State(Scope.Thread)
public abstract class ChangedRanges {
    /** Order of the ranges. */
    static final int ORDER = 9;

    /** Ranges in the index. */
    static final int NR_RANGES = 4096;

    /** Changes per invocation; divides the number of ranges. */
    static final int NR_CHANGES = 256;

    /** What holds the ranges; opt-in: {@code AGRONA}, which pays for a lock here that one thread does not need. */
    @Param({"XARRAY", "SKIP_LIST", "TREE_MAP", "CONCURRENT_HASH_MAP", "AGRONA_ONE_THREAD"})
    public RangePeer peer;

    private RangeIndex index;

    /** Number of the first range that the next invocation changes. */
    private int next;

    /** Brings a range into the state before {@link #change}; not measured. */
    abstract void prepare(RangeIndex index, long first);

    /** What is measured, once for each range. */
    abstract void change(RangeIndex index, long first);

    /**
     * Computes what a change leaves.
     *
     * @param offset an index relative to the first index of its range
     * @return order of the range that covers it after {@link #change}
     */
    abstract int expectedOrder(long offset);

    /** Fills the index, and checks what one invocation does. */
    @Setup(Level.Trial)
    public final void open() {
        index = newFullIndex(peer);
        prepareNext();
        run();
        try (RangeReader reader = index.newReader()) {
            long end = NR_CHANGES * Geometry.pagesIn(ORDER);
            for (long i = 0; i < end; i++) {
                long expected = Geometry.alignDown(i, expectedOrder(i & Geometry.pagesIn(ORDER) - 1));
                requireFirst(i, reader.load(i), expected);
            }
            requireFirst(end, reader.load(end), end);
        }
        putBack();
    }

    /** Gives the memory back. */
    @TearDown(Level.Trial)
    public final void close() {
        index.close();
    }

    /** Prepares an invocation. */
    @Setup(Level.Invocation)
    public final void prepareNext() {
        for (int i = 0; i < NR_CHANGES; i++) {
            prepare(index, firstIndexOf(next + i));
        }
    }

    /** Makes the ranges whole again. */
    @TearDown(Level.Invocation)
    public final void putBack() {
        for (int i = 0; i < NR_CHANGES; i++) {
            index.store(firstIndexOf(next + i), ORDER);
        }
        next = (next + NR_CHANGES) % NR_RANGES;
    }

    final void run() {
        RangeIndex changed = index;
        int end = next + NR_CHANGES;
        for (int range = next; range < end; range++) {
            change(changed, firstIndexOf(range));
        }
    }

    /** Makes an index full of ranges. */
    static RangeIndex newFullIndex(RangePeer peer) {
        RangeIndex index = peer.newIndex(1 << 17);
        for (int range = 0; range < NR_RANGES; range++) {
            index.store(firstIndexOf(range), ORDER);
        }
        return index;
    }

    static long firstIndexOf(int range) {
        return (long) range << ORDER;
    }

    private static void requireFirst(long index, long found, long expected) {
        if (found != expected) {
            throw new IllegalStateException(
                    "wrong range: index=" + index + ", first=" + found + ", expectedFirst=" + expected);
        }
    }

    /** Ranges to be stored, over whatever is there. */
    public abstract static class Stored extends ChangedRanges {
        @Override
        void change(RangeIndex index, long first) {
            index.store(first, ORDER);
        }

        @Override
        int expectedOrder(long offset) {
            return ORDER;
        }
    }

    /** Ranges to be stored where nothing is. */
    public static class Missing extends Stored {
        @Override
        void prepare(RangeIndex index, long first) {
            index.erase(first, ORDER);
        }
    }

    /** Ranges to be merged from pieces of order 0. */
    public static class Pieces extends Stored {
        private final SplitPlan plan = SplitPlan.uniform(ORDER, 0);

        @Override
        void prepare(RangeIndex index, long first) {
            index.split(first, plan);
        }
    }

    /** Ranges to be split into pieces of order 0. */
    public static class Uniform extends ChangedRanges {
        private final SplitPlan plan = SplitPlan.uniform(ORDER, 0);

        @Override
        void prepare(RangeIndex index, long first) {}

        @Override
        void change(RangeIndex index, long first) {
            index.split(first, plan);
        }

        @Override
        int expectedOrder(long offset) {
            return 0;
        }
    }

    /** Ranges to be split around one index into ten pieces. */
    public static class NonUniform extends ChangedRanges {
        private static final long SPLIT_AT = XArraySplitBenchmark.SPLIT_AT;

        private final SplitPlan plan = Halving.planAround(SPLIT_AT, ORDER);

        @Override
        void prepare(RangeIndex index, long first) {}

        @Override
        void change(RangeIndex index, long first) {
            index.split(first, plan);
        }

        @Override
        int expectedOrder(long offset) {
            return Halving.orderAround(SPLIT_AT, offset);
        }
    }
}
