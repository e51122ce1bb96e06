/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.struct.XaNodeStruct;
import dev.quire.engine.xarray.SplitPlan;
import dev.quire.engine.xarray.XaCursor;
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

/**
 * A uniform split of 1 GiB beside the least that it can cost: filling as many bytes with zeroes as it has to write,
 * 262144 page structs and 4161 index nodes. Both have the same fixtures, and leave and find the caches in much the same
 * state.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(3)
@Warmup(iterations = 10, time = 1, timeUnit = TimeUnit.SECONDS)
@Measurement(iterations = 5, time = 1, timeUnit = TimeUnit.SECONDS)
public class FolioSplitFloorBenchmark {
    private static final int ORDER = Geometry.PUD_ORDER;
    private static final int NR_FOLIOS = 4;

    /** Folios of 1 GiB, to be split to pages. */
    @State(Scope.Thread)
    public static class Folios extends FolioBatch {
        /** Describes the batches. */
        public Folios() {
            super(NR_FOLIOS);
        }

        @Override
        final SplitCase splitCase() {
            return new SplitCase(ORDER, 0, SplitMethod.UNIFORM, PieceOrders.ALL, headMap());
        }

        HeadMapKind headMap() {
            return HeadMapKind.HEAD_BITS;
        }
    }

    /** The same, with a word in each page struct that leads to the head. */
    @State(Scope.Thread)
    public static class FoliosOfTailWords extends Folios {
        /** Describes the batches. */
        public FoliosOfTailWords() {}

        @Override
        HeadMapKind headMap() {
            return HeadMapKind.TAIL_WORDS;
        }
    }

    /**
     * The page structs of the same folios, all but those that a whole folio uses: with this head map nobody reads the
     * others. What stands for the index nodes are page structs of one more folio.
     */
    @State(Scope.Thread)
    public static class Structs extends Folios {
        private static final long NR_USED_BYTES = 4L * PageStruct.BYTES;
        private static final long NR_STRUCT_BYTES = Geometry.pagesIn(ORDER) * PageStruct.BYTES - NR_USED_BYTES;
        private static final long NR_NODE_BYTES =
                (long) XaCursor.nodesNeeded(SplitPlan.uniform(ORDER, 0)) * XaNodeStruct.BYTES;

        private long spare;

        /** Allocates what stands for the nodes. */
        @Setup(Level.Iteration)
        public void allocateSpare() {
            spare = engine().folios().allocate(ORDER);
        }

        /** Gives it back. */
        @TearDown(Level.Iteration)
        public void freeSpare() {
            engine().folios().unpin(spare);
        }

        void fill() {
            long nodes = spare + NR_USED_BYTES;
            for (long folio : folios()) {
                NativeMemory.fill(folio + NR_USED_BYTES, NR_STRUCT_BYTES, (byte) 0);
                NativeMemory.fill(nodes, NR_NODE_BYTES, (byte) 0);
                nodes += NR_NODE_BYTES;
            }
        }
    }

    /**
     * Splits.
     *
     * @param batch the folios
     * @return number of folios that were not split
     */
    @Benchmark
    @OperationsPerInvocation(NR_FOLIOS)
    public int split(Folios batch) {
        return batch.splitAll();
    }

    /**
     * Splits, where each page struct has a word that leads to its head.
     *
     * @param batch the folios
     * @return number of folios that were not split
     */
    @Benchmark
    @OperationsPerInvocation(NR_FOLIOS)
    public int splitTailWords(FoliosOfTailWords batch) {
        return batch.splitAll();
    }

    /**
     * Writes zeroes.
     *
     * @param batch where to
     */
    @Benchmark
    @OperationsPerInvocation(NR_FOLIOS)
    public void fill(Structs batch) {
        batch.fill();
    }
}
