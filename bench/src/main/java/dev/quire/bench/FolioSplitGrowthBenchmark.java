/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

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
 * How the cost of a split grows with the size of the folio, for every policy and both head maps. Page-cache folios that
 * are split to single pages; the batch is of the same length for all sizes, so that their rows can be compared.
 * {@code quire growth} makes a table of the results.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 5, time = 1, timeUnit = TimeUnit.SECONDS)
@Measurement(iterations = 5, time = 400, timeUnit = TimeUnit.MILLISECONDS)
public class FolioSplitGrowthBenchmark {
    private static final int NR_FOLIOS = 16;

    /** Folios of one size. */
    public static class Folios extends FolioBatchByPolicy {
        /** Order of a folio before its split; opt-in: any from 1 to 18. */
        @Param({"1", "9", "18"})
        public int order;

        /** Which orders the pieces may have, if the policy heeds it; opt-in: {@code MTHP}. */
        @Param("ALL")
        public PieceOrders pieceOrders;

        /** Describes the batches. */
        public Folios() {
            super(NR_FOLIOS);
        }

        @Override
        PieceOrders pieceOrders() {
            return pieceOrders;
        }

        @Override
        protected String split() {
            return order + "->0";
        }
    }

    /**
     * Splits folios.
     *
     * @param batch the folios
     * @return number of folios that were not split
     */
    @Benchmark
    @OperationsPerInvocation(NR_FOLIOS)
    public int split(Folios batch) {
        return batch.splitAll();
    }
}
