/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.agrona.collections.Long2LongHashMap;
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
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * The lookups of {@link XArrayLoadBenchmark} in what one would otherwise use for entries of order 0.
 *
 * <p>A {@code long[]} is the limit: it can neither be sparse nor change its size. Agrona's map is the peer without
 * boxes, for one thread. {@link ConcurrentHashMap} is the peer that many threads may read while one writes. None of
 * them has entries of larger orders, searches for the next entry, or marks.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 3, jvmArgsAppend = "-Xmx4g")
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class PeerLoadBenchmark {
    private static final int NR_LOADS = XArrayLoadBenchmark.NR_LOADS;

    /** What is looked up. */
    @State(Scope.Thread)
    public abstract static class Peer {
        /** Number of entries and order of each; opt-in: {@code 16000000x0}. */
        @Param({"1000x0", "1000000x0"})
        public String entries;

        IndexedEntries indexed;
        int next;
        long index;

        /** Fills the structure and checks that it holds what it should. */
        @Setup(Level.Trial)
        public void fill() {
            indexed = new IndexedEntries(entries);
            if (indexed.order() != 0) {
                throw new IllegalArgumentException("order not possible here: entries=" + entries);
            }
            for (int entry = 0; entry < indexed.nrEntries(); entry++) {
                store(entry, indexed.successorOf(entry));
            }
            indexed.check(this::load);
        }

        abstract void store(int index, int value);

        abstract long load(long index);
    }

    /** A plain array. */
    public static class LongArray extends Peer {
        long[] values = {};

        @Override
        void store(int index, int value) {
            if (values.length == 0) {
                values = new long[indexed.nrEntries()];
            }
            values[index] = value;
        }

        @Override
        long load(long index) {
            return values[(int) index];
        }
    }

    /** Agrona's hash map. */
    public static class AgronaMap extends Peer {
        final Long2LongHashMap map = new Long2LongHashMap(-1);

        @Override
        void store(int index, int value) {
            map.put(index, value);
        }

        @Override
        long load(long index) {
            return map.get(index);
        }
    }

    /** The JDK's concurrent hash map. */
    public static class ConcurrentMap extends Peer {
        private static final Long ABSENT = -1L;

        final ConcurrentHashMap<Long, Long> map = new ConcurrentHashMap<>();

        @Override
        void store(int index, int value) {
            map.put((long) index, (long) value);
        }

        @Override
        long load(long index) {
            return map.getOrDefault(index, ABSENT);
        }
    }

    private static void loadAll(Peer peer, int[] indices, Blackhole blackhole) {
        int next = peer.next;
        for (int i = 0; i < NR_LOADS; i++) {
            blackhole.consume(peer.load(indices[next++ & indices.length - 1]));
        }
        peer.next = next;
    }

    private static long follow(Peer peer) {
        long index = peer.index;
        for (int i = 0; i < NR_LOADS; i++) {
            index = peer.load(index);
        }
        peer.index = index;
        return index;
    }

    /** {@code long[]}, one entry after the other. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void arraySequential(LongArray peer, Blackhole blackhole) {
        loadAll(peer, peer.indexed.sequential(), blackhole);
    }

    /** {@code long[]}, random indices. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void arrayRandom(LongArray peer, Blackhole blackhole) {
        loadAll(peer, peer.indexed.random(), blackhole);
    }

    /** {@code long[]}, each index the result before. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public long arrayDependent(LongArray peer) {
        return follow(peer);
    }

    /** Agrona's map, one entry after the other. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void agronaSequential(AgronaMap peer, Blackhole blackhole) {
        loadAll(peer, peer.indexed.sequential(), blackhole);
    }

    /** Agrona's map, random indices. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void agronaRandom(AgronaMap peer, Blackhole blackhole) {
        loadAll(peer, peer.indexed.random(), blackhole);
    }

    /** Agrona's map, each index the result before. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public long agronaDependent(AgronaMap peer) {
        return follow(peer);
    }

    /** The concurrent map, one entry after the other. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void concurrentMapSequential(ConcurrentMap peer, Blackhole blackhole) {
        loadAll(peer, peer.indexed.sequential(), blackhole);
    }

    /** The concurrent map, random indices. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public void concurrentMapRandom(ConcurrentMap peer, Blackhole blackhole) {
        loadAll(peer, peer.indexed.random(), blackhole);
    }

    /** The concurrent map, each index the result before. */
    @Benchmark
    @OperationsPerInvocation(NR_LOADS)
    public long concurrentMapDependent(ConcurrentMap peer) {
        return follow(peer);
    }
}
