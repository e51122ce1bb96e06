/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.SplitPlan;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaEntry;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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
 * What a reader of an XArray loses to a writer that splits and merges entries without pause. The reader looks random
 * indices up, each in a section of its own, and checks what it finds.
 *
 * <p>Five cases in one run. Alone: the other thread sleeps. {@code besideSpinner}: it computes, which is what any busy
 * thread on a shared core costs, and the fair baseline of the next ones. {@code besideReader}: it reads the same
 * entries. {@code besideWriterElsewhere}: it changes other entries of the same array. {@code besideWriter}: it changes
 * the very entries that are read. Time per lookup; of the writer per split of order 9 to 0 and merge, both together;
 * that of the sleeper and of the spinner means nothing.
 *
 * <p>Needs two processors: pinned to one, it measures the scheduler.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 5, time = 1, timeUnit = TimeUnit.SECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class XArrayBesideWriterBenchmark {
    private static final int ORDER = 9;
    private static final int NR_ENTRIES = 4096;
    private static final int NR_OPERATIONS = 64;
    private static final long NAP_NANOS = 1_000_000;
    private static final SplitPlan TO_ORDER_0 = SplitPlan.uniform(ORDER, 0);

    /** Two runs of blocks of order 9: the first is read, the second not. Each entry holds its first index. */
    @State(Scope.Group)
    public abstract static class SharedArray {
        private EngineArray engineArray;

        abstract int readOrder();

        /** Makes the entries. */
        @Setup(Level.Trial)
        public void open() {
            engineArray = new EngineArray(1 << 17, true);
            EntrySplitter splitter = new EntrySplitter(engineArray.array());
            for (int block = 0; block < 2 * NR_ENTRIES; block++) {
                splitter.merge((long) block << ORDER, ORDER);
                if (block < NR_ENTRIES && readOrder() == 0) {
                    splitter.split((long) block << ORDER, TO_ORDER_0);
                }
            }
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void close() {
            engineArray.close();
        }
    }

    /** Entries that nobody changes. */
    public static class StillEntries extends SharedArray {
        /** Order of the entries that are read: 9 or 0. */
        @Param({"9", "0"})
        public int readOrder;

        @Override
        int readOrder() {
            return readOrder;
        }
    }

    /** Entries that are changed while they are read. */
    public static class ChangingEntries extends SharedArray {
        @Override
        int readOrder() {
            return ORDER;
        }
    }

    /** A thread that looks entries up. Registered by the set-up of its subclass. */
    @State(Scope.Thread)
    @SuppressWarnings("NullAway.Init")
    public abstract static class ArrayReader {
        private RcuReader reader;
        private XArray array;
        private int[] indices;
        private int next;

        void register(SharedArray shared) {
            reader = shared.engineArray.engine().newReader();
            array = shared.engineArray.array();
            indices = new SplittableRandom(Thread.currentThread().threadId())
                    .ints(1 << 16, 0, NR_ENTRIES << ORDER)
                    .toArray();
        }

        /** Takes the thread off the engine. */
        @TearDown(Level.Trial)
        public void close() {
            reader.close();
        }

        long run() {
            long sum = 0;
            for (int i = 0; i < NR_OPERATIONS; i++) {
                int index = indices[next++ & indices.length - 1];
                reader.enter();
                long entry = array.load(reader, index);
                reader.exit();
                requireCovering(index, entry);
                sum += entry;
            }
            return sum;
        }

        private static void requireCovering(int index, long entry) {
            if (entry != XaEntry.value(index) && entry != XaEntry.value(Geometry.alignDown(index, ORDER))) {
                throw new IllegalStateException("wrong entry: index=" + index + ", entry=" + XaEntry.toText(entry));
            }
        }
    }

    /** A reader of what nobody changes. */
    public static class StillReader extends ArrayReader {
        /**
         * Registers the thread.
         *
         * @param entries what it reads
         */
        @Setup(Level.Trial)
        public void open(StillEntries entries) {
            register(entries);
        }
    }

    /** A reader of what is changed. */
    public static class RacingReader extends ArrayReader {
        /**
         * Registers the thread.
         *
         * @param entries what it reads
         */
        @Setup(Level.Trial)
        public void open(ChangingEntries entries) {
            register(entries);
        }
    }

    /**
     * A thread that splits and merges a run of blocks, one after the other. Registered by the set-up of its subclass.
     */
    @State(Scope.Thread)
    @SuppressWarnings("NullAway.Init")
    public abstract static class ArrayWriter {
        private EntrySplitter splitter;
        private int firstBlock;
        private int next;

        void register(SharedArray shared, int newFirstBlock) {
            splitter = new EntrySplitter(shared.engineArray.array());
            firstBlock = newFirstBlock;
        }

        void run() {
            for (int i = 0; i < NR_OPERATIONS; i++) {
                long first = (long) (firstBlock + (next++ & NR_ENTRIES - 1)) << ORDER;
                splitter.split(first, TO_ORDER_0);
                splitter.merge(first, ORDER);
            }
        }
    }

    /** A writer of entries that are not read. */
    public static class WriterElsewhere extends ArrayWriter {
        /**
         * Makes the writer.
         *
         * @param entries beside what it writes
         */
        @Setup(Level.Trial)
        public void open(StillEntries entries) {
            register(entries, NR_ENTRIES);
        }
    }

    /** A writer of entries that are read. */
    public static class RacingWriter extends ArrayWriter {
        /**
         * Makes the writer.
         *
         * @param entries what it writes
         */
        @Setup(Level.Trial)
        public void open(ChangingEntries entries) {
            register(entries, 0);
        }
    }

    /** Reads alone. */
    @Benchmark
    @Group("alone")
    @OperationsPerInvocation(NR_OPERATIONS)
    public long aloneReader(StillReader reader) {
        return reader.run();
    }

    /** Sleeps. */
    @Benchmark
    @Group("alone")
    @OperationsPerInvocation(NR_OPERATIONS)
    public void aloneSleeper() {
        LockSupport.parkNanos(NAP_NANOS);
    }

    /** Reads beside a thread that computes. */
    @Benchmark
    @Group("besideSpinner")
    @OperationsPerInvocation(NR_OPERATIONS)
    public long besideSpinnerReader(StillReader reader) {
        return reader.run();
    }

    /** Computes. */
    @Benchmark
    @Group("besideSpinner")
    @OperationsPerInvocation(NR_OPERATIONS)
    public void besideSpinnerSpinner() {
        Blackhole.consumeCPU(NR_OPERATIONS);
    }

    /** Two readers. */
    @Benchmark
    @Group("besideReader")
    @GroupThreads(2)
    @OperationsPerInvocation(NR_OPERATIONS)
    public long besideReaderReader(StillReader reader) {
        return reader.run();
    }

    /** Reads beside a writer of other entries. */
    @Benchmark
    @Group("besideWriterElsewhere")
    @OperationsPerInvocation(NR_OPERATIONS)
    public long besideWriterElsewhereReader(StillReader reader) {
        return reader.run();
    }

    /** Splits and merges other entries. */
    @Benchmark
    @Group("besideWriterElsewhere")
    @OperationsPerInvocation(NR_OPERATIONS)
    public void besideWriterElsewhereWriter(WriterElsewhere writer) {
        writer.run();
    }

    /** Reads beside a writer of the same entries. */
    @Benchmark
    @Group("besideWriter")
    @OperationsPerInvocation(NR_OPERATIONS)
    public long besideWriterReader(RacingReader reader) {
        return reader.run();
    }

    /** Splits and merges the same entries. */
    @Benchmark
    @Group("besideWriter")
    @OperationsPerInvocation(NR_OPERATIONS)
    public void besideWriterWriter(RacingWriter writer) {
        writer.run();
    }
}
