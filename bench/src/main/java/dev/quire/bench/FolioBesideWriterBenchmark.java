/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Group;
import org.openjdk.jmh.annotations.GroupThreads;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One reader of a cached file beside one writer that splits its folios, then drops the pieces and caches a new folio in
 * their place. The reader pins and unpins, checks all it finds, and now and then finds nothing.
 *
 * <p>Needs two processors: pinned to one, it measures the scheduler. {@link XArrayBesideWriterBenchmark} has the index
 * alone.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class FolioBesideWriterBenchmark {
    private static final int ORDER = 9;
    private static final int NR_ENTRIES = 4096;

    /** Random indices of the file. */
    private static int[] randomIndices() {
        return new SplittableRandom(Thread.currentThread().threadId())
                .ints(1 << 16, 0, NR_ENTRIES << ORDER)
                .toArray();
    }

    /** A cached file of order-9 folios, half of the engine's memory. */
    @State(Scope.Group)
    public static class SharedFile {
        Quire engine;
        Folios folios;
        AddressSpace space;

        /** Caches the file. */
        @Setup(Level.Trial)
        public void open() {
            long nrBytes = (long) NR_ENTRIES << (ORDER + Geometry.PAGE_SHIFT);
            engine = Quire.builder().capacityBytes(2 * nrBytes).open();
            folios = engine.folios();
            space = engine.newAddressSpace();
            space.extend(nrBytes);
            int result = space.populate(0, (long) NR_ENTRIES << ORDER, ORDER);
            if (result != Errno.OK) {
                throw new IllegalStateException("file not cached: result=" + Errno.name(result));
            }
        }

        /** Drops the file; fails if a pin was left. */
        @TearDown(Level.Trial)
        public void close() {
            space.close();
            boolean leaked = !engine.leaks().isEmpty();
            engine.close();
            if (leaked) {
                throw new IllegalStateException("the benchmark left something behind");
            }
        }
    }

    /** What the reader met, added up over all iterations. */
    @AuxCounters(AuxCounters.Type.EVENTS)
    @State(Scope.Thread)
    public static class Met {
        /** Lookups that found a folio of order 9. */
        public long whole;

        /** Lookups that found a piece. */
        public long pieces;

        /** Lookups that found nothing. */
        public long nothing;
    }

    /** Reader of the file. */
    @State(Scope.Thread)
    public static class FileReader {
        private RcuReader reader;
        private FolioLookup lookup;
        private int[] indices;
        private int next;

        /**
         * Registers the thread.
         *
         * @param shared what it reads
         */
        @Setup(Level.Trial)
        public void register(SharedFile shared) {
            reader = shared.engine.newReader();
            lookup = shared.space.newLookup(reader);
            indices = randomIndices();
        }

        /** Takes the thread off the engine. */
        @TearDown(Level.Trial)
        public void close() {
            reader.close();
        }

        void read(Folios folios, Met met) {
            int index = indices[next++ & indices.length - 1];
            long folio = lookup.pin(index);
            if (folio == 0) {
                met.nothing++;
                return;
            }
            int order = FolioStruct.order(folio);
            if (PageStruct.index(folio) != Geometry.alignDown(index, order)) {
                throw new IllegalStateException("pinned a folio that does not cover the index: index=" + index
                        + ", folioIndex=" + PageStruct.index(folio) + ", order=" + order);
            }
            folios.unpin(folio);
            if (order == ORDER) {
                met.whole++;
            } else {
                met.pieces++;
            }
        }
    }

    /** Writer of the file. */
    @State(Scope.Thread)
    public static class FileWriter {
        private RcuReader reader;
        private FolioLookup lookup;
        private int next;

        /**
         * Registers the thread.
         *
         * @param shared what it writes
         */
        @Setup(Level.Trial)
        public void register(SharedFile shared) {
            reader = shared.engine.newReader();
            lookup = shared.space.newLookup(reader);
        }

        /** Takes the thread off the engine. */
        @TearDown(Level.Trial)
        public void close() {
            reader.close();
        }

        int splitAndReplace(SharedFile shared) {
            long first = (long) (next++ & NR_ENTRIES - 1) << ORDER;
            int result = split(shared, first);
            shared.space.punchHole(first << Geometry.PAGE_SHIFT, Geometry.bytesIn(ORDER), SplitPolicies.NON_UNIFORM);
            int populated = shared.space.populate(first, Geometry.pagesIn(ORDER), ORDER);
            if (populated != Errno.OK) {
                throw new IllegalStateException("no folio in place of the old one: result=" + Errno.name(populated));
            }
            return result;
        }

        /** Fails with EAGAIN if the reader has the folio pinned just now. */
        private int split(SharedFile shared, long first) {
            long folio = lookup.pin(first);
            shared.folios.lock(folio);
            int result = FolioStruct.order(folio) == ORDER
                    ? shared.engine.splitter().splitNonUniform(folio, folio, 0)
                    : Errno.EAGAIN;
            shared.folios.unlock(folio);
            shared.folios.unpin(folio);
            return result;
        }
    }

    /** Pins and unpins folios at random indices. */
    @Benchmark
    @Group("folio")
    @GroupThreads(1)
    public void folioReader(SharedFile shared, FileReader reader, Met met) {
        reader.read(shared.folios, met);
    }

    /** Splits a folio around its first page, drops the pieces and caches a new folio; the time is that of all. */
    @Benchmark
    @Group("folio")
    @GroupThreads(1)
    public int folioWriter(SharedFile shared, FileWriter writer) {
        return writer.splitAndReplace(shared);
    }
}
