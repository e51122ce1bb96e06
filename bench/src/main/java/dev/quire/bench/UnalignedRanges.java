/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A {@link RangeIndex} full of ranges that begin anywhere, of 1 to {@value #MAX_LENGTH} indices, of which each
 * invocation stores the next few, erased before without being measured.
 */
@State(Scope.Thread)
public class UnalignedRanges {
    /** Changes per invocation; divides the number of ranges. */
    static final int NR_CHANGES = 256;

    private static final int NR_RANGES = 4096;
    private static final int MAX_LENGTH = 512;

    /** Indices for each range, which begins in the first half of them. */
    private static final int STRIDE = 2 * MAX_LENGTH;

    /** What holds the ranges; opt-in: {@code AGRONA}, which pays for a lock here that one thread does not need. */
    @Param({"XARRAY", "SKIP_LIST", "TREE_MAP", "CONCURRENT_HASH_MAP", "AGRONA_ONE_THREAD"})
    public RangePeer peer;

    private final long[] firsts = new long[NR_RANGES];
    private final long[] lasts = new long[NR_RANGES];
    private RangeIndex index;

    /** Number of the first range that the next invocation stores. */
    private int next;

    /** Fills the index, and checks what one invocation does. */
    @Setup(Level.Trial)
    public void open() {
        index = peer.newIndex(1 << 17);
        SplittableRandom random = new SplittableRandom(0x5eed);
        for (int range = 0; range < NR_RANGES; range++) {
            firsts[range] = (long) range * STRIDE + random.nextInt(MAX_LENGTH);
            lasts[range] = firsts[range] + random.nextInt(MAX_LENGTH);
            index.storeBetween(firsts[range], lasts[range]);
        }
        eraseNext();
        try (RangeReader reader = index.newReader()) {
            check(reader, false);
            run();
            check(reader, true);
        }
    }

    private void check(RangeReader reader, boolean areStored) {
        for (long i = 0; i < (long) NR_RANGES * STRIDE; i++) {
            int range = (int) (i / STRIDE);
            boolean isCovered = firsts[range] <= i && i <= lasts[range] && (areStored || range >= NR_CHANGES);
            long expected = isCovered ? firsts[range] : RangeIndex.ABSENT;
            long found = reader.load(i);
            if (found != expected) {
                throw new IllegalStateException(
                        "wrong range: index=" + i + ", first=" + found + ", expectedFirst=" + expected);
            }
        }
    }

    /** Gives the memory back. */
    @TearDown(Level.Trial)
    public void close() {
        index.close();
    }

    /** Prepares an invocation. */
    @Setup(Level.Invocation)
    public void eraseNext() {
        for (int range = next; range < next + NR_CHANGES; range++) {
            index.eraseBetween(firsts[range], lasts[range]);
        }
    }

    /** Goes on to the ranges of the next invocation. */
    @TearDown(Level.Invocation)
    public void goOn() {
        next = (next + NR_CHANGES) % NR_RANGES;
    }

    void run() {
        for (int range = next; range < next + NR_CHANGES; range++) {
            index.storeBetween(firsts[range], lasts[range]);
        }
    }
}
