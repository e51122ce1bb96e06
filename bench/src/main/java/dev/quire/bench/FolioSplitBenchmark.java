/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Quire;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Splitting a folio, all of it: folio lock, checks, index nodes, freezing, page structs, head map, index, LRU list,
 * references, unlocking; for anonymous memory that a process maps also unmapping it to migration entries and mapping
 * the pieces again.
 *
 * <p>A split uses its folio up, so folios must be made before it and the pieces dropped after it, unmeasured. JMH
 * offers three ways. A fixture per iteration would need as many folios as an iteration can split, which is not known
 * before. Single shots measure a cold method. A fixture per invocation reads the clock twice around each, and its own
 * work leaves caches and branch predictors in a state of its own; JMH's manual allows it for invocations well above the
 * cost of the clock, some 25 ns. Hence this: one invocation splits a whole batch, from 20 microseconds for 64 folios of
 * 2 MiB up to milliseconds for four of 1 GiB. Making a batch leaves the heads of its folios in the cache and the rest
 * of their page structs where the last batch left them, about the state a freshly filled folio is in.
 *
 * <p>Most of an iteration's time goes to fixtures, so the split itself is compiled late: uniform splits of 2 MiB went
 * on getting faster until the twelfth second. Hence the long warm-up.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 15, time = 1, timeUnit = TimeUnit.SECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class FolioSplitBenchmark {
    private static final int NR_SMALL = 64;
    private static final int NR_LARGE = 4;

    /** Folios of up to 16 MiB. */
    public static class SmallFolios extends FolioBatchByPolicy {
        /** Orders of a folio before its split and of the smallest pieces after it; opt-in: {@code 12->0}. */
        @Param("9->0")
        public String split;

        /** Describes the batches. */
        public SmallFolios() {
            super(NR_SMALL);
        }

        @Override
        protected String split() {
            return split;
        }
    }

    /** Folios of 1 GiB. */
    public static class LargeFolios extends FolioBatchByPolicy {
        /** Orders of a folio before its split and of the smallest pieces after it; opt-in: {@code 18->9}. */
        @Param("18->0")
        public String split;

        /** Describes the batches. */
        public LargeFolios() {
            super(NR_LARGE);
        }

        @Override
        protected String split() {
            return split;
        }
    }

    /** Folios of 2 MiB of anonymous memory that one process maps. */
    public static class MappedFolios extends FolioBatchByPolicy {
        /** Orders of a folio before its split and of the smallest pieces after it; opt-in: {@code 9->4}. */
        @Param("9->0")
        public String split;

        /** How the process maps them. */
        @Param({"PMD", "PTE"})
        public Leaf leaf;

        /** Describes the batches. */
        public MappedFolios() {
            super(NR_SMALL);
        }

        @Override
        protected String split() {
            return split;
        }

        @Override
        BatchOwner newOwner(Quire newEngine, long nrPages) {
            return new MappedMemory(newEngine, leaf, nrPages);
        }
    }

    /**
     * Splits small folios.
     *
     * @param batch the folios
     * @return number of folios that were not split
     */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public int small(SmallFolios batch) {
        return batch.splitAll();
    }

    /**
     * Splits mapped folios of anonymous memory.
     *
     * @param batch the folios
     * @return number of folios that were not split
     */
    @Benchmark
    @OperationsPerInvocation(NR_SMALL)
    public int mapped(MappedFolios batch) {
        return batch.splitAll();
    }

    /**
     * Splits large folios.
     *
     * @param batch the folios
     * @return number of folios that were not split
     */
    @Benchmark
    @OperationsPerInvocation(NR_LARGE)
    public int large(LargeFolios batch) {
        return batch.splitAll();
    }
}
