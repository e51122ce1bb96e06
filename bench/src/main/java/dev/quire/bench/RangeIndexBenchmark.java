/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Group;
import org.openjdk.jmh.annotations.GroupThreads;
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
import org.openjdk.jmh.infra.Blackhole;

/**
 * An index of ranges, as a page cache has it, built on an XArray and on what one would otherwise take: every operation
 * on every {@link RangePeer}, in one run.
 *
 * <p>All lookups are those of a reader beside which others may write: in a read section each, or under the lock that
 * the peer needs, but for {@link RangePeer#AGRONA_ONE_THREAD}. The calls go through {@link RangeIndex}; since each fork
 * has but one peer, the JVM binds them as if they were direct. In {@code beside} one thread looks up at random, and
 * checks what it finds, what the other splits and merges without pause; it needs two processors.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 3, jvmArgsAppend = "-Xmx4g")
@Warmup(iterations = 5, time = 1, timeUnit = TimeUnit.SECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class RangeIndexBenchmark {
    private static final int NR_LOADS = 1000;
    private static final int NR_CHANGES = ChangedRanges.NR_CHANGES;
    private static final int NR_SHARED = 64;

    /** Ranges to be read. */
    @State(Scope.Thread)
    public static class ReadRanges {
        /** What holds the ranges; opt-in: {@code AGRONA}, which pays for a lock here that one thread does not need. */
        @Param({"XARRAY", "SKIP_LIST", "TREE_MAP", "CONCURRENT_HASH_MAP", "AGRONA_ONE_THREAD"})
        public RangePeer peer;

        /** Number of ranges and order of each. */
        @Param({"4096x9", "1000000x0"})
        public String ranges;

        private IndexedEntries indexed;
        private RangeIndex index;
        private RangeReader reader;
        private int next;

        /** Fills the index and checks that it holds what it should. */
        @Setup(Level.Trial)
        public void fill() {
            indexed = new IndexedEntries(ranges);
            index = peer.newIndex(indexed.nrEntries());
            for (int range = 0; range < indexed.nrEntries(); range++) {
                index.store(indexed.indexOf(range), indexed.order());
            }
            reader = index.newReader();
            for (int i : indexed.random()) {
                requireOf(reader.load(i), Geometry.alignDown(i, indexed.order()));
            }
            long nrRanges = indexed.nrEntries();
            requireOf(reader.load(nrRanges << indexed.order()), RangeIndex.ABSENT);
            long expectedSum = (nrRanges * (nrRanges - 1) / 2) << indexed.order();
            requireOf(reader.sum(0, indexed.nrEntries()), expectedSum);
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void close() {
            reader.close();
            index.close();
        }

        void load(Blackhole blackhole) {
            int[] random = indexed.random();
            int at = next;
            for (int i = 0; i < NR_LOADS; i++) {
                blackhole.consume(reader.load(random[at++ & random.length - 1]));
            }
            next = at;
        }

        long sum() {
            next = next + 2 * NR_LOADS > indexed.nrEntries() ? 0 : next + NR_LOADS;
            return reader.sum(indexed.indexOf(next), NR_LOADS);
        }
    }

    private static void requireOf(long found, long expected) {
        if (found != expected) {
            throw new IllegalStateException("wrong result: found=" + found + ", expected=" + expected);
        }
    }

    /** Looks random indices up. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void load(ReadRanges ranges, Blackhole blackhole) {
        ranges.load(blackhole);
    }

    /** Visits ranges in order. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public long iterate(ReadRanges ranges) {
        return ranges.sum();
    }

    /** Stores a range of order 9 where nothing is. */
    @Benchmark
    @OperationsPerInvocation(NR_CHANGES)
    public void store9(ChangedRanges.Missing ranges) {
        ranges.run();
    }

    /** Stores a range of up to 512 indices, begin and length at random, where nothing is. */
    @Benchmark
    @OperationsPerInvocation(UnalignedRanges.NR_CHANGES)
    public void storeUnaligned(UnalignedRanges ranges) {
        ranges.run();
    }

    /** Stores a range of order 9 over 512 of order 0. */
    @Benchmark
    @OperationsPerInvocation(NR_CHANGES)
    public void merge0To9(ChangedRanges.Pieces ranges) {
        ranges.run();
    }

    /** Splits a range of order 9 into 512 of order 0. */
    @Benchmark
    @OperationsPerInvocation(NR_CHANGES)
    public void split9To0(ChangedRanges.Uniform ranges) {
        ranges.run();
    }

    /** Splits a range of order 9 around one index into ten ranges. */
    @Benchmark
    @OperationsPerInvocation(NR_CHANGES)
    public void nonUniform9To0(ChangedRanges.NonUniform ranges) {
        ranges.run();
    }

    /** Ranges that one thread reads and another changes. */
    @State(Scope.Group)
    public static class SharedRanges {
        /** What holds the ranges. */
        @Param({"XARRAY", "SKIP_LIST", "TREE_MAP", "CONCURRENT_HASH_MAP", "AGRONA"})
        public RangePeer peer;

        private final SplitPlan plan = SplitPlan.uniform(ChangedRanges.ORDER, 0);
        private RangeIndex index;
        private int nextChange;

        /** Fills the index. */
        @Setup(Level.Trial)
        public void fill() {
            index = ChangedRanges.newFullIndex(peer);
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void close() {
            index.close();
        }

        void splitAndMerge() {
            for (int i = 0; i < NR_SHARED; i++) {
                long first = ChangedRanges.firstIndexOf(nextChange);
                index.split(first, plan);
                index.store(first, ChangedRanges.ORDER);
                nextChange = (nextChange + 1) % ChangedRanges.NR_RANGES;
            }
        }
    }

    /** The thread that reads. */
    @State(Scope.Thread)
    public static class SharedReader {
        private RangeReader reader;
        private int[] indices;
        private int next;

        /**
         * Registers the thread.
         *
         * @param shared what it reads
         */
        @Setup(Level.Trial)
        public void register(SharedRanges shared) {
            reader = shared.index.newReader();
            indices = new SplittableRandom(0x5eed)
                    .ints(1 << 16, 0, ChangedRanges.NR_RANGES << ChangedRanges.ORDER)
                    .toArray();
        }

        /** Takes the thread off. */
        @TearDown(Level.Trial)
        public void close() {
            reader.close();
        }

        long load() {
            long sum = 0;
            for (int i = 0; i < NR_SHARED; i++) {
                int index = indices[next++ & indices.length - 1];
                long first = reader.load(index);
                if (first != index && first != Geometry.alignDown(index, ChangedRanges.ORDER)) {
                    throw new IllegalStateException("wrong range: index=" + index + ", first=" + first);
                }
                sum += first;
            }
            return sum;
        }
    }

    /** Looks random indices up beside the writer. */
    @Benchmark
    @Group("beside")
    @GroupThreads(1)
    @OperationsPerInvocation(NR_SHARED)
    public long besideReader(SharedReader reader) {
        return reader.load();
    }

    /** Splits a range of order 9 into 512 and merges them; the time is that of both. */
    @Benchmark
    @Group("beside")
    @GroupThreads(1)
    @OperationsPerInvocation(NR_SHARED)
    public void besideWriter(SharedRanges shared) {
        shared.splitAndMerge();
    }
}
