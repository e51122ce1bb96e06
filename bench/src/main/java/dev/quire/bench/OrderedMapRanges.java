/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.xarray.SplitPlan;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;

/**
 * Ranges in an ordered map by their first indices. Fit for readers beside a writer if the map is: changes of several
 * entries are made in an order in which each step leaves every index in its old or its new range.
 */
final class OrderedMapRanges implements RangeIndex, RangeReader {
    /** A value of the map; a new one for each store, so that a reader can tell whether it is still the same. */
    static final class Range {
        private final long first;
        private final long last;

        Range(long first, long last) {
            this.first = first;
            this.last = last;
        }

        boolean covers(long index) {
            return first <= index && index <= last;
        }
    }

    private final NavigableMap<Long, Range> ranges;

    /**
     * Wraps a map.
     *
     * @param ranges an empty one
     */
    OrderedMapRanges(NavigableMap<Long, Range> ranges) {
        this.ranges = ranges;
    }

    @Override
    public RangeReader newReader() {
        return this;
    }

    /**
     * Takes the range with the greatest first index up to this one. If that does not cover the index, it may be the
     * first piece of a split whose other pieces the search passed before they were there: those are there if the same
     * piece is found again.
     */
    @Override
    public long load(long index) {
        Range last = null;
        while (true) {
            Map.Entry<Long, Range> entry = ranges.floorEntry(index);
            if (entry == null || entry.getValue() == last) {
                return ABSENT;
            }
            last = entry.getValue();
            if (last.covers(index)) {
                return last.first;
            }
        }
    }

    @Override
    public long sum(long first, int nrRanges) {
        Iterator<Range> iterator = ranges.tailMap(first, true).values().iterator();
        long sum = 0;
        for (int i = 0; i < nrRanges; i++) {
            sum += iterator.next().first;
        }
        return sum;
    }

    /** The whole first, then the pieces away from the first one up: each is found until it goes, and then the whole. */
    @Override
    public void storeBetween(long first, long last) {
        ranges.put(first, new Range(first, last));
        if (first < last) {
            ranges.subMap(first, false, last, true).clear();
        }
    }

    @Override
    public void eraseBetween(long first, long last) {
        ranges.remove(first);
    }

    /**
     * From the last piece down to the first, which has the key of the whole: until then what has no piece has the
     * whole.
     */
    @Override
    public void split(long first, SplitPlan plan) {
        long end = first + (1L << plan.order());
        for (int run = plan.nrRuns() - 1; run >= 0; run--) {
            int order = plan.runOrder(run);
            for (long count = plan.runCount(run); count > 0; count--) {
                long last = end - 1;
                end -= 1L << order;
                ranges.put(end, new Range(end, last));
            }
        }
    }

    @Override
    public void close() {}
}
