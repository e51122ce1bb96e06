/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaEntry;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Looking entries up in an XArray (xa_load), all hits. The peers are in {@link PeerLoadBenchmark}.
 *
 * <p>Each invocation makes a thousand lookups, so that a read section around all of them, as a reader that works in batches
 * has it, can be told from one around each.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class XArrayLoadBenchmark {
    static final int NR_LOADS = 1024;

    /** Where a thread is in the sequence of indices. */
    @State(Scope.Thread)
    public static class Position {
        RcuReader reader;
        int next;
        long index;

        /**
         * Registers the thread's reader.
         *
         * @param loaded the array to be read
         */
        @Setup(Level.Trial)
        public void register(LoadedArray loaded) {
            reader = loaded.newReader();
        }

        /** Takes the reader off the engine. */
        @TearDown(Level.Trial)
        public void close() {
            reader.close();
        }
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
