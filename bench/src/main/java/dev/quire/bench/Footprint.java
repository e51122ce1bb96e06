/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * Memory that an index of ranges takes, in bytes per range, for an XArray and its peers.
 *
 * <p>Of an XArray these are the nodes in use, 576 bytes each; of a structure on the Java heap what a full collection
 * leaves with it less what one left before it, keys and values included. Not thread-safe: whatever else allocates on
 * the heap meanwhile is counted with it.
 */
public final class Footprint {
    private static final int MAX_LEVELS = 6;
    private static final int MAX_COLLECTIONS = 10;
    private static final long STEADY_BYTES = 1 << 16;

    private Footprint() {}

    /** Where the ranges are. */
    enum Pattern {
        /** Single indices side by side. */
        CONSECUTIVE(0) {
            @Override
            long firstIndexOf(int range) {
                return range;
            }
        },

        /** Single indices at random below 2^32. */
        SPARSE(0) {
            @Override
            long firstIndexOf(int range) {
                // The last step of MurmurHash3 (Appleby), which maps no two numbers of 32 bits to the same one.
                int bits = range;
                bits = (bits ^ bits >>> 16) * 0x85ebca6b;
                bits = (bits ^ bits >>> 13) * 0xc2b2ae35;
                return Integer.toUnsignedLong(bits ^ bits >>> 16);
            }
        },

        /** Ranges of 512 indices side by side. */
        ORDER_9(9) {
            @Override
            long firstIndexOf(int range) {
                return (long) range << 9;
            }
        };

        private final int order;

        Pattern(int order) {
            this.order = order;
        }

        /** First index of a range; different for different ranges. */
        abstract long firstIndexOf(int range);
    }

    /**
     * Measures every peer and prints a table.
     *
     * @param nrRanges number of ranges, at least 512; hash maps get as many indices, and so fewer ranges of several
     *     indices
     * @param out where to
     */
    public static void printTable(int nrRanges, PrintWriter out) {
        out.printf(Locale.ROOT, "Bytes per range, %,d ranges%n", nrRanges);
        out.printf("%-20s", "");
        for (Pattern pattern : Pattern.values()) {
            out.printf("%14s", pattern);
        }
        out.println();
        for (RangePeer peer : RangePeer.values()) {
            if (peer == RangePeer.AGRONA_ONE_THREAD) {
                // The same map as AGRONA.
                continue;
            }
            Map<Pattern, Double> bytes = new EnumMap<>(Pattern.class);
            for (Pattern pattern : Pattern.values()) {
                bytes.put(pattern, bytesPerRange(peer, pattern, nrRanges));
            }
            out.print(row(peer, bytes));
            out.flush();
        }
    }

    /** A line of the table. */
    static String row(RangePeer peer, Map<Pattern, Double> bytesPerRange) {
        StringBuilder line = new StringBuilder(String.format("%-20s", peer));
        for (Pattern pattern : Pattern.values()) {
            line.append(String.format(Locale.ROOT, "%,14.1f", bytesPerRange.get(pattern)));
        }
        return line.append(System.lineSeparator()).toString();
    }

    private static double bytesPerRange(RangePeer peer, Pattern pattern, int nrRanges) {
        int nrStored = peer.storesEveryIndex() ? nrRanges >> pattern.order : nrRanges;
        // Classes and what they keep for good are not the index's.
        fill(peer, pattern, 1).close();
        long bytesBefore = usedHeapBytes();
        try (RangeIndex index = fill(peer, pattern, nrStored)) {
            long heapBytes = usedHeapBytes() - bytesBefore;
            requireFull(index, pattern, nrStored);
            return (double) (heapBytes + index.offHeapBytes()) / nrStored;
        }
    }

    /** Makes an index with the ranges of a pattern. */
    static RangeIndex fill(RangePeer peer, Pattern pattern, int nrRanges) {
        // The most nodes that lead to one range of their own each.
        RangeIndex index = peer.newIndex((long) nrRanges * MAX_LEVELS + MAX_LEVELS);
        for (int range = 0; range < nrRanges; range++) {
            index.store(pattern.firstIndexOf(range), pattern.order);
        }
        return index;
    }

    /** Keeps the index alive behind the measurement, too. */
    private static void requireFull(RangeIndex index, Pattern pattern, int nrRanges) {
        try (RangeReader reader = index.newReader()) {
            for (int range = 0; range < nrRanges; range++) {
                long first = pattern.firstIndexOf(range);
                if (reader.load(first) != first) {
                    throw new IllegalStateException("range missing: first=" + first);
                }
            }
        }
    }

    /** Collects until that frees nothing more. */
    private static long usedHeapBytes() {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        long before = Long.MAX_VALUE;
        for (int i = 0; i < MAX_COLLECTIONS; i++) {
            memory.gc();
            long used = memory.getHeapMemoryUsage().getUsed();
            if (before - used < STEADY_BYTES) {
                return used;
            }
            before = used;
        }
        return before;
    }
}
