/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** A set of pages, as ranges of their indices in ascending order; immutable. */
final class PageRanges {
    private final long[] starts;

    /** How many pages of the set come before each range; one more for all. */
    private final long[] nrPagesBefore;

    private PageRanges(NavigableMap<Long, Long> endsByStart) {
        starts = new long[endsByStart.size()];
        nrPagesBefore = new long[endsByStart.size() + 1];
        int range = 0;
        for (Map.Entry<Long, Long> entry : endsByStart.entrySet()) {
            starts[range] = entry.getKey();
            nrPagesBefore[range + 1] = nrPagesBefore[range] + entry.getValue() - entry.getKey();
            range++;
        }
    }

    /** The pages that some conversion of a scenario is about. */
    static PageRanges convertedBy(GuestScenario scenario) {
        NavigableMap<Long, Long> endsByStart = new TreeMap<>();
        for (GuestOperation operation : scenario.operations()) {
            if (operation.kind().isConversion()) {
                add(endsByStart, operation.startIndex(), operation.endIndex());
            }
        }
        return new PageRanges(endsByStart);
    }

    private static void add(NavigableMap<Long, Long> endsByStart, long startIndex, long endIndex) {
        long start = startIndex;
        long end = endIndex;
        Map.Entry<Long, Long> touching = endsByStart.floorEntry(end);
        while (touching != null && touching.getValue() >= start) {
            start = Math.min(start, touching.getKey());
            end = Math.max(end, touching.getValue());
            endsByStart.remove(touching.getKey());
            touching = endsByStart.floorEntry(end);
        }
        endsByStart.put(start, end);
    }

    /** The other pages of a memory. */
    PageRanges complement(long nrPages) {
        NavigableMap<Long, Long> endsByStart = new TreeMap<>();
        long next = 0;
        for (int range = 0; range < starts.length; range++) {
            if (starts[range] > next) {
                endsByStart.put(next, starts[range]);
            }
            next = starts[range] + nrPagesBefore[range + 1] - nrPagesBefore[range];
        }
        if (next < nrPages) {
            endsByStart.put(next, nrPages);
        }
        return new PageRanges(endsByStart);
    }

    long nrPages() {
        return nrPagesBefore[starts.length];
    }

    /**
     * Index of a page.
     *
     * @param ordinal which one, from 0 to {@code nrPages() - 1}
     */
    long indexOf(long ordinal) {
        int found = Arrays.binarySearch(nrPagesBefore, ordinal);
        int range = found >= 0 ? found : -found - 2;
        return starts[range] + ordinal - nrPagesBefore[range];
    }
}
