/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.BenchmarkParams;

/**
 * What one split does beside taking time, as extra columns.
 *
 * <p>JMH adds such counters up over all iterations of all forks. Each iteration therefore reports its mean divided by
 * their number, so that the sum is the mean.
 */
@AuxCounters(AuxCounters.Type.EVENTS)
@State(Scope.Thread)
public class SplitCounters {
    /** Bytes of page structs, head map and index that a split stores. */
    public double bytesPerSplit;

    /** Index nodes that a split adds. */
    public double nodesPerSplit;

    /** Folios that a split makes of one. */
    public double piecesPerSplit;

    /** Bytes that a split allocates on the Java heap, exact: those of JMH and of the fixtures are not in it. */
    public double heapBytesPerSplit;

    private int nrIterations;

    /**
     * Learns how many iterations there will be.
     *
     * @param benchmark the benchmark about to run
     */
    @Setup(Level.Trial)
    public void countIterations(BenchmarkParams benchmark) {
        nrIterations = totalIterations(benchmark);
    }

    /** Iterations of all forks: what a mean that is reported as a counter of events must be divided by. */
    static int totalIterations(BenchmarkParams benchmark) {
        return benchmark.getMeasurement().getCount() * Math.max(benchmark.getForks(), 1);
    }

    void report(long nrSplits, long nrBytes, long nrNodes, long nrPieces, long nrHeapBytes) {
        double share = 1.0 / ((double) Math.max(nrSplits, 1) * nrIterations);
        bytesPerSplit = nrBytes * share;
        nodesPerSplit = nrNodes * share;
        piecesPerSplit = nrPieces * share;
        heapBytesPerSplit = nrHeapBytes * share;
    }
}
