/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.struct.XaNodeStruct;
import dev.quire.engine.xarray.SplitPlan;
import dev.quire.engine.xarray.XArray;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Splitting an entry of an XArray, and merging the pieces: the index's part of splitting a folio, without the folio.
 *
 * <p>4096 entries side by side are split, or merged, per invocation, 16 of order 18; what makes them whole again is not
 * measured, but it is what leaves the nodes in the cache or not, as in the split of a folio. A split includes taking
 * its nodes from the pool and the lock; a merge includes the lock, and retiring the nodes with the grace periods that
 * starts.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 10, time = 1, timeUnit = TimeUnit.SECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class XArraySplitBenchmark {
    private static final int NR_SMALL = 4096;
    private static final int NR_LARGE = 16;

    /** Index, relative to the entry, around which non-uniform splits cut; in no special place of any node. */
    static final long SPLIT_AT = 300;

    /** Uniform splits in one go. */
    public abstract static class UniformSplit extends EntryBatch {
        private final int newOrder;
        private final SplitPlan plan;

        UniformSplit(int nrEntries, int order, int newOrder) {
            super(nrEntries, order);
            this.newOrder = newOrder;
            plan = SplitPlan.uniform(order, newOrder);
        }

        @Override
        protected void prepare() {}

        @Override
        protected void run() {
            splitAll(plan);
        }

        @Override
        protected int expectedOrder(long offset) {
            return newOrder;
        }
    }

    /** Merges of what a uniform split leaves. */
    public abstract static class Merge extends EntryBatch {
        private final int order;
        private final SplitPlan plan;

        Merge(int order, int newOrder) {
            super(NR_SMALL, order);
            this.order = order;
            plan = SplitPlan.uniform(order, newOrder);
        }

        @Override
        protected void prepare() {
            splitAll(plan);
        }

        @Override
        protected void run() {
            mergeAll();
        }

        @Override
        protected int expectedOrder(long offset) {
            return order;
        }
    }

    /** Order 9 around one index to order 0. */
    public abstract static class NonUniformSplit extends EntryBatch {
        NonUniformSplit() {
            super(NR_SMALL, 9);
        }

        @Override
        protected void prepare() {}
    }

    /** Order 9 to 512 entries of order 0: 8 nodes. */
    public static class Uniform9To0 extends UniformSplit {
        /** Describes the batches. */
        public Uniform9To0() {
            super(NR_SMALL, 9, 0);
        }
    }

    /** Order 9 to 8 entries of order 6: no node. */
    public static class Uniform9To6 extends UniformSplit {
        /** Describes the batches. */
        public Uniform9To6() {
            super(NR_SMALL, 9, 6);
        }
    }

    /** Order 6 to 64 entries of order 0: one node. */
    public static class Uniform6To0 extends UniformSplit {
        /** Describes the batches. */
        public Uniform6To0() {
            super(NR_SMALL, 6, 0);
        }
    }

    /** Order 18 to 262,144 entries of order 0: 4161 nodes. */
    public static class Uniform18To0 extends UniformSplit {
        /** Describes the batches. */
        public Uniform18To0() {
            super(NR_LARGE, 18, 0);
        }
    }

    /** 512 entries of order 0 to one of order 9. */
    public static class Merge0To9 extends Merge {
        /** Describes the batches. */
        public Merge0To9() {
            super(9, 0);
        }
    }

    /** 8 entries of order 6 to one of order 9. */
    public static class Merge6To9 extends Merge {
        /** Describes the batches. */
        public Merge6To9() {
            super(9, 6);
        }
    }

    /** 64 entries of order 0 to one of order 6. */
    public static class Merge0To6 extends Merge {
        /** Describes the batches. */
        public Merge0To6() {
            super(6, 0);
        }
    }

    /** One call per level: to 8 entries, one of those to 2, one of those to 32. */
    public static class ThreeSteps extends NonUniformSplit {
        @Override
        protected void run() {
            splitAllInSteps(SPLIT_AT, 6, 5, 0);
        }

        @Override
        protected int expectedOrder(long offset) {
            if (offset >>> 6 != SPLIT_AT >>> 6) {
                return 6;
            }
            return offset >>> 5 != SPLIT_AT >>> 5 ? 5 : 0;
        }
    }

    /** One call per order, each of which halves the entry with the index: 10 entries. */
    public static class NineSteps extends NonUniformSplit {
        @Override
        protected void run() {
            splitAllInSteps(SPLIT_AT, 8, 7, 6, 5, 4, 3, 2, 1, 0);
        }

        @Override
        protected int expectedOrder(long offset) {
            return Halving.orderAround(SPLIT_AT, offset);
        }
    }

    /** The entries of {@link NineSteps} in one call. */
    public static class OneStep extends NonUniformSplit {
        private final SplitPlan plan = Halving.planAround(SPLIT_AT, 9);

        @Override
        protected void run() {
            splitAll(plan);
        }

        @Override
        protected int expectedOrder(long offset) {
            return Halving.orderAround(SPLIT_AT, offset);
        }
    }

    /** What {@link NineSteps} leaves to one entry again. */
    public static class MergeHalved extends NonUniformSplit {
        private final SplitPlan plan = Halving.planAround(SPLIT_AT, 9);

        @Override
        protected void prepare() {
            splitAll(plan);
        }

        @Override
        protected void run() {
            mergeAll();
        }

        @Override
        protected int expectedOrder(long offset) {
            return 9;
        }
    }

    /** The nodes of all splits of {@link Uniform9To0}, one after the other in memory. */
    @State(Scope.Thread)
    public static class WrittenNodes {
        private static final int NR_NODES = NR_SMALL * 8;

        /** Whether the system is asked for huge pages behind the nodes; opt-in: {@code false}. */
        @Param("true")
        public boolean hugePages;

        private final long[] words = new long[XaNodeStruct.NR_SLOTS];
        private EngineArray memory;

        /** Reserves the memory. */
        @Setup(Level.Trial)
        public void open() {
            memory = new EngineArray(NR_NODES, hugePages);
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void close() {
            memory.close();
        }

        /** Writes header, slots and marks of each. */
        void run() {
            long first = memory.engine().arena().nodesBase();
            for (long node = first; node < first + NR_NODES * XaNodeStruct.BYTES; node += XaNodeStruct.BYTES) {
                XaNodeStruct.header(node, 0, 0, XaNodeStruct.NR_SLOTS, XaNodeStruct.NR_SLOTS);
                XaNodeStruct.parentOpaque(node, first);
                XaNodeStruct.array(node, first);
                for (int slot = 0; slot < XaNodeStruct.NR_SLOTS; slot++) {
                    words[slot] = node + slot;
                }
                XaNodeStruct.slots(node, 0, words, XaNodeStruct.NR_SLOTS);
                for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
                    XaNodeStruct.marksOpaque(node, mark, 0);
                }
            }
        }
    }

    /** Order 9 to order 0. */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public void split9To0(Uniform9To0 batch) {
        batch.run();
    }

    /** What {@link #split9To0} writes into nodes, without a split. */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public void writeNodesOf9To0(WrittenNodes nodes) {
        nodes.run();
    }

    /** Order 9 to order 6. */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public void split9To6(Uniform9To6 batch) {
        batch.run();
    }

    /** Order 6 to order 0. */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public void split6To0(Uniform6To0 batch) {
        batch.run();
    }

    /** Order 18 to order 0. */
    @Benchmark
    @OperationsPerInvocation(NR_LARGE)
    public void split18To0(Uniform18To0 batch) {
        batch.run();
    }

    /** Order 9 around an index to order 0, a call per level. */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public void nonUniform9To0ThreeSteps(ThreeSteps batch) {
        batch.run();
    }

    /** Order 9 around an index to order 0, a call per order. */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public void nonUniform9To0NineSteps(NineSteps batch) {
        batch.run();
    }

    /** Order 9 around an index to order 0, one call. */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public void nonUniform9To0OneStep(OneStep batch) {
        batch.run();
    }

    /** Order 0 to order 9. */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public void merge0To9(Merge0To9 batch) {
        batch.run();
    }

    /** Order 6 to order 9. */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public void merge6To9(Merge6To9 batch) {
        batch.run();
    }

    /** Order 0 to order 6. */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public void merge0To6(Merge0To6 batch) {
        batch.run();
    }

    /** The pieces of a non-uniform split to order 9. */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public void mergeNonUniform0To9(MergeHalved batch) {
        batch.run();
    }
}
