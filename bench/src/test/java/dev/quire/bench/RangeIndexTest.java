/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.xarray.SplitPlan;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every structure that is measured does the same: what a map from each index to the start of its range says. */
class RangeIndexTest {
    private static final int ORDER = 7;
    private static final int NR_BLOCKS = 8;
    private static final int NR_STEPS = 2_000;

    private final long seed = Long.getLong("quire.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);

    /** First index of the range of each index. */
    private final Map<Long, Long> firsts = new TreeMap<>();

    @ParameterizedTest
    @EnumSource
    void agreesWithAMapOfEveryIndex(RangePeer peer) {
        try (RangeIndex index = peer.newIndex(1 << 14);
                RangeReader reader = index.newReader()) {
            for (int step = 0; step < NR_STEPS; step++) {
                change(index, (long) random.nextInt(NR_BLOCKS) << ORDER);
                checkLoad(reader, step);
            }
            checkSum(index, reader);
        }
    }

    @ParameterizedTest
    @EnumSource
    void rangesThatBeginAnywhereAgreeToo(RangePeer peer) {
        try (RangeIndex index = peer.newIndex(1 << 14);
                RangeReader reader = index.newReader()) {
            for (int step = 0; step < NR_STEPS; step++) {
                changeUnaligned(index, random.nextInt(NR_BLOCKS));
                checkLoad(reader, step);
            }
        }
    }

    /** Makes a range somewhere in a block that has none; otherwise erases it. */
    private void changeUnaligned(RangeIndex index, int block) {
        long start = (long) block << ORDER;
        long[] covered = firsts.keySet().stream()
                .mapToLong(Long::longValue)
                .filter(i -> i >> ORDER == block)
                .toArray();
        if (covered.length > 0) {
            index.eraseBetween(covered[0], covered[covered.length - 1]);
            firsts.keySet().removeIf(i -> i >> ORDER == block);
            return;
        }
        long first = start + random.nextInt(1 << ORDER);
        long last = first + random.nextInt((int) (start + (1 << ORDER) - first));
        index.storeBetween(first, last);
        for (long i = first; i <= last; i++) {
            firsts.put(i, first);
        }
    }

    /** Makes a block a range if it is none; otherwise erases or splits it. */
    private void change(RangeIndex index, long first) {
        long last = first + (1 << ORDER) - 1;
        boolean isWhole = firsts.containsKey(last) && firsts.get(last) == first;
        if (!isWhole) {
            index.store(first, ORDER);
            remember(first, ORDER);
        } else if (random.nextInt(4) == 0) {
            index.erase(first, ORDER);
            for (long i = first; i <= last; i++) {
                firsts.remove(i);
            }
        } else {
            split(index, first);
        }
    }

    private void split(RangeIndex index, long first) {
        long at = random.nextInt(1 << ORDER);
        boolean isUniform = random.nextBoolean();
        index.split(first, isUniform ? SplitPlan.uniform(ORDER, 2) : Halving.planAround(at, ORDER));
        for (long offset = 0; offset < 1 << ORDER; offset++) {
            int order = isUniform ? 2 : Halving.orderAround(at, offset);
            firsts.put(first + offset, (first + offset) >> order << order);
        }
    }

    private void remember(long first, int order) {
        for (long i = first; i < first + (1L << order); i++) {
            firsts.put(i, first);
        }
    }

    private void checkLoad(RangeReader reader, int step) {
        for (long i = 0; i < (NR_BLOCKS + 1L) << ORDER; i += 1 + random.nextInt(16)) {
            long found = reader.load(i);
            long index = i;
            assertEquals(
                    firsts.getOrDefault(i, RangeIndex.ABSENT),
                    found,
                    () -> "index=" + index + ", step=" + step + ", -Dquire.seed=" + seed);
        }
    }

    private void checkSum(RangeIndex index, RangeReader reader) {
        for (long block = 0; block < NR_BLOCKS; block++) {
            if (!firsts.containsKey(block << ORDER)) {
                index.store(block << ORDER, ORDER);
                remember(block << ORDER, ORDER);
            }
        }
        long sum =
                firsts.values().stream().distinct().mapToLong(Long::longValue).sum();
        int nrRanges = (int) firsts.values().stream().distinct().count();
        assertEquals(sum, reader.sum(0, nrRanges), "-Dquire.seed=" + seed);
        assertEquals(sum, reader.sum(1L << ORDER, nrRanges - countBelow(1L << ORDER)) + sumBelow(1L << ORDER));
    }

    private int countBelow(long end) {
        return (int)
                firsts.values().stream().distinct().filter(first -> first < end).count();
    }

    private long sumBelow(long end) {
        return firsts.values().stream()
                .distinct()
                .mapToLong(Long::longValue)
                .filter(first -> first < end)
                .sum();
    }
}
