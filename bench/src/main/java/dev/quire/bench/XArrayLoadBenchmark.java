/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaBatch;
import dev.quire.engine.xarray.XaEntry;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
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
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Looking entries up in an XArray (xa_load), all hits. The peers are in {@link PeerLoadBenchmark}.
 *
 * <p>Each invocation makes a thousand lookups, so that a read section around all of them, as a reader that works in
 * batches has it, can be told from one around each.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class XArrayLoadBenchmark {
    static final int NR_LOADS = 1024;

    /** Where a thread is in the sequence of indices. Reports beside times what the system granted. */
    @AuxCounters(AuxCounters.Type.EVENTS)
    @State(Scope.Thread)
    public static class Position {
        /** Metadata that the system put into huge pages, in MiB. */
        public double hugePageMib;

        RcuReader reader;
        int next;
        long index;
        private int nrIterations;

        /**
         * Registers the thread's reader.
         *
         * @param loaded the array to be read
         * @param benchmark the benchmark about to run
         */
        @Setup(Level.Trial)
        public void register(LoadedArray loaded, BenchmarkParams benchmark) {
            reader = loaded.newReader();
            nrIterations = SplitCounters.totalIterations(benchmark) * benchmark.getThreads();
        }

        /**
         * Looks the huge pages up. As in {@link SplitCounters}, the sum of what is reported is the mean.
         *
         * @param loaded the array that was read
         */
        @TearDown(Level.Iteration)
        public void reportHugePages(LoadedArray loaded) {
            hugePageMib = HugePages.grantedMib(loaded.engine()) / nrIterations;
        }

        /** Takes the reader off the engine. */
        @TearDown(Level.Trial)
        public void close() {
            reader.close();
        }
    }

    /** Buffers of batched lookups. */
    @State(Scope.Thread)
    public static class Batch {
        /** Indices that are looked up together, a power of two up to 1024; opt-in: {@code 8}, {@code 64}. */
        @Param("32")
        public int batchLength;

        long[] indices;
        long[] entries;

        /**
         * Makes the buffers, and checks a batch.
         *
         * @param loaded the array to be read
         */
        @Setup(Level.Trial)
        public void check(LoadedArray loaded) {
            if (Integer.bitCount(batchLength) != 1 || batchLength > NR_LOADS) {
                throw new IllegalArgumentException("not a power of two up to 1024: batchLength=" + batchLength);
            }
            indices = new long[batchLength];
            entries = new long[batchLength];
            try (RcuReader reader = loaded.newReader()) {
                load(loaded, reader, 0);
            }
            for (int i = 0; i < batchLength; i++) {
                long found = XaEntry.valueOf(entries[i]);
                if (found != loaded.indexed().successorAt((int) indices[i])) {
                    throw new IllegalStateException("wrong entry: index=" + indices[i] + ", found=" + found);
                }
            }
        }

        /** Looks the next indices of the random sequence up; copying them is part of it, as it is for a user. */
        void load(LoadedArray loaded, RcuReader reader, int next) {
            int[] random = loaded.indexed().random();
            for (int i = 0; i < batchLength; i++) {
                indices[i] = random[next + i & random.length - 1];
            }
            reader.enter();
            XaBatch.load(loaded.array(), reader, indices, entries, batchLength);
            reader.exit();
        }
    }

    /** Random indices, looked up in batches that overlap their cache misses, each batch in a section of its own. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void randomBatch(LoadedArray loaded, Position position, Batch batch, Blackhole blackhole) {
        int next = position.next;
        for (int end = next + NR_LOADS; next != end; next += batch.batchLength) {
            batch.load(loaded, position.reader, next);
            blackhole.consume(batch.entries);
        }
        position.next = next;
    }

    /** One entry after the other. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void sequential(LoadedArray loaded, Position position, Blackhole blackhole) {
        loadAll(loaded.array(), loaded.indexed().sequential(), position, blackhole);
    }

    /** Random indices that are known before: the processor overlaps several lookups. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void random(LoadedArray loaded, Position position, Blackhole blackhole) {
        loadAll(loaded.array(), loaded.indexed().random(), position, blackhole);
    }

    private static void loadAll(XArray array, int[] indices, Position position, Blackhole blackhole) {
        RcuReader reader = position.reader;
        int next = position.next;
        reader.enter();
        for (int i = 0; i < NR_LOADS; i++) {
            blackhole.consume(array.load(reader, indices[next++ & indices.length - 1]));
        }
        reader.exit();
        position.next = next;
    }

    /** Random indices, each lookup in a read section of its own. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void randomSectionEach(LoadedArray loaded, Position position, Blackhole blackhole) {
        XArray array = loaded.array();
        int[] indices = loaded.indexed().random();
        RcuReader reader = position.reader;
        int next = position.next;
        for (int i = 0; i < NR_LOADS; i++) {
            reader.enter();
            blackhole.consume(array.load(reader, indices[next++ & indices.length - 1]));
            reader.exit();
        }
        position.next = next;
    }

    /** Each index is the result of the lookup before: nothing overlaps, so this is the latency of one. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public long dependent(LoadedArray loaded, Position position) {
        XArray array = loaded.array();
        RcuReader reader = position.reader;
        long index = position.index;
        reader.enter();
        for (int i = 0; i < NR_LOADS; i++) {
            index = XaEntry.valueOf(array.load(reader, index));
        }
        reader.exit();
        position.index = index;
        return index;
    }

    /** {@link #random} without a tree: the addresses of the slots are computed. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void randomSlots(LoadedArray loaded, ReadSlots read, Position position, Blackhole blackhole) {
        LeafSlots slots = read.slots();
        int[] indices = loaded.indexed().random();
        int next = position.next;
        for (int i = 0; i < NR_LOADS; i++) {
            blackhole.consume(slots.read(indices[next++ & indices.length - 1]));
        }
        position.next = next;
    }

    /** {@link #dependent} without a tree. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public long dependentSlots(ReadSlots read, Position position) {
        LeafSlots slots = read.slots();
        long index = position.index;
        for (int i = 0; i < NR_LOADS; i++) {
            index = slots.read(index);
        }
        position.index = index;
        return index;
    }

    /** Finding the order of the entry at a random index (xa_get_order). */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void randomOrder(LoadedArray loaded, Position position, Blackhole blackhole) {
        XArray array = loaded.array();
        int[] indices = loaded.indexed().random();
        RcuReader reader = position.reader;
        int next = position.next;
        reader.enter();
        for (int i = 0; i < NR_LOADS; i++) {
            blackhole.consume(array.getOrder(reader, indices[next++ & indices.length - 1]));
        }
        reader.exit();
        position.next = next;
    }
}
