/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Leaks;
import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import java.util.SplittableRandom;
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
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Finding the folio of a random page of a cached file, pinning it and unpinning it (filemap_get_entry, folio_put),
 * while nobody changes anything. {@link FolioBesideWriterBenchmark} has the other case.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class LookupAndPinBenchmark {
    private static final int NR_FOLIOS = 4096;
    private static final int NR_LOOKUPS = 1024;

    /** A file whose pages are all cached. */
    @State(Scope.Benchmark)
    public static class CachedFile {
        /** Order of its folios, log2 pages. */
        @Param({"0", "9"})
        public int order;

        /** Whether the engine guards its calls, as it does by default. */
        @Param({"true", "false"})
        public boolean checked;

        Quire engine;
        Folios folios;
        AddressSpace space;

        /** Fills the file and checks each folio. */
        @Setup(Level.Trial)
        public void open() {
            long nrPages = NR_FOLIOS * Geometry.pagesIn(order);
            engine = Quire.builder()
                    .capacityBytes(nrPages * Geometry.PAGE_BYTES)
                    .checked(checked)
                    .open();
            folios = engine.folios();
            space = engine.newAddressSpace();
            space.extend(nrPages * Geometry.PAGE_BYTES);
            int result = space.populate(0, nrPages, order);
            if (result != Errno.OK) {
                throw new IllegalStateException("file not cached: result=" + Errno.name(result));
            }
            check(nrPages);
        }

        private void check(long nrPages) {
            try (RcuReader reader = engine.newReader()) {
                FolioLookup lookup = space.newLookup(reader);
                for (long index = 0; index < nrPages; index++) {
                    long folio = lookup.pin(index);
                    if (folio == 0
                            || folios.order(folio) != order
                            || folios.index(folio) != Geometry.alignDown(index, order)) {
                        throw new IllegalStateException("wrong folio: index=" + index + ", order=" + order);
                    }
                    folios.unpin(folio);
                }
            }
        }

        /** Drops the file; fails if a pin was left. */
        @TearDown(Level.Trial)
        public void close() {
            space.close();
            Leaks leaks = engine.leaks();
            engine.close();
            if (!leaks.isEmpty()) {
                throw new IllegalStateException("the benchmark left something behind: " + leaks);
            }
        }
    }

    /** A thread that looks folios up. */
    @State(Scope.Thread)
    public static class Reader {
        private static final int NR_POSITIONS = 1 << 16;

        private RcuReader rcuReader;
        private FolioLookup lookup;
        private Folios folios;
        private final int[] indices = new int[NR_POSITIONS];
        private int next;

        /**
         * Registers the thread.
         *
         * @param file what it reads
         */
        @Setup(Level.Trial)
        public void register(CachedFile file) {
            rcuReader = file.engine.newReader();
            lookup = file.space.newLookup(rcuReader);
            folios = file.folios;
            SplittableRandom random =
                    new SplittableRandom(Thread.currentThread().threadId());
            for (int i = 0; i < NR_POSITIONS; i++) {
                indices[i] = random.nextInt(NR_FOLIOS << file.order);
            }
        }

        /** Takes the thread off the engine. */
        @TearDown(Level.Trial)
        public void close() {
            rcuReader.close();
        }

        void pinAndUnpin() {
            for (int i = 0; i < NR_LOOKUPS; i++) {
                folios.unpin(lookup.pin(indices[next++ & NR_POSITIONS - 1]));
            }
        }
    }

    /** One thread. */
    @Benchmark
    @OperationsPerInvocation(NR_LOOKUPS)
    @Threads(1)
    public void oneThread(CachedFile file, Reader reader) {
        reader.pinAndUnpin();
    }

    /** Two threads, each on random folios of the same file. */
    @Benchmark
    @OperationsPerInvocation(NR_LOOKUPS)
    @Threads(2)
    public void twoThreads(CachedFile file, Reader reader) {
        reader.pinAndUnpin();
    }
}
