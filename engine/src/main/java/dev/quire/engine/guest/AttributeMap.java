/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import java.util.Arrays;

/**
 * Which pages are private and which are shared: ranges without gaps, no two neighbours alike.
 *
 * <p>Held as the indices where the state changes, so that it cannot be otherwise. Immutable: a conversion prepares the
 * next map and publishes it in one step, and whoever reads one has all of it. Looking a page up takes time logarithmic
 * in the number of ranges, a change copies them.
 */
final class AttributeMap {
    private static final long[] NO_BOUNDARIES = {};

    private final long nrPages;
    private final boolean firstShared;

    /** First indices of all ranges but the first, ascending. */
    private final long[] boundaries;

    private AttributeMap(long nrPages, boolean firstShared, long[] boundaries) {
        this.nrPages = nrPages;
        this.firstShared = firstShared;
        this.boundaries = boundaries;
    }

    static AttributeMap allPrivate(long nrPages) {
        return new AttributeMap(nrPages, false, NO_BOUNDARIES);
    }

    boolean isShared(long index) {
        return isRangeShared(nrBoundariesUpTo(index));
    }

    /** Whether all pages of a range that is not empty are in one state, and which. */
    boolean isAll(long startIndex, long endIndex, boolean shared) {
        int range = nrBoundariesUpTo(startIndex);
        return isRangeShared(range) == shared && endOf(range) >= endIndex;
    }

    /** First index after one where the state changes; the number of pages if it does not. */
    long endOfRangeAt(long index) {
        return endOf(nrBoundariesUpTo(index));
    }

    int nrRanges() {
        return boundaries.length + 1;
    }

    /** The map with a range, which is not empty, in one state. */
    AttributeMap with(long startIndex, long endIndex, boolean shared) {
        int nrBefore = nrBoundariesUpTo(startIndex - 1);
        int nrUpToEnd = nrBoundariesUpTo(endIndex);
        boolean changesAtStart = startIndex > 0 && isRangeShared(nrBefore) != shared;
        boolean changesAtEnd = endIndex < nrPages && isRangeShared(nrUpToEnd) != shared;
        int nrAfter = boundaries.length - nrUpToEnd;
        int nrNew = (changesAtStart ? 1 : 0) + (changesAtEnd ? 1 : 0);
        long[] next = Arrays.copyOf(boundaries, nrBefore + nrNew + nrAfter);
        if (changesAtStart) {
            next[nrBefore] = startIndex;
        }
        if (changesAtEnd) {
            next[nrBefore + nrNew - 1] = endIndex;
        }
        System.arraycopy(boundaries, nrUpToEnd, next, nrBefore + nrNew, nrAfter);
        return new AttributeMap(nrPages, startIndex == 0 ? shared : firstShared, next);
    }

    private boolean isRangeShared(int range) {
        return firstShared ^ (range % 2 != 0);
    }

    private long endOf(int range) {
        return range < boundaries.length ? boundaries[range] : nrPages;
    }

    /** Boundaries at or below an index: the number of the range that it lies in. */
    private int nrBoundariesUpTo(long index) {
        int found = Arrays.binarySearch(boundaries, index);
        return found >= 0 ? found + 1 : -found - 1;
    }

    /** The ranges, as first index and state: {@code 0:private 5:shared 6:private}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int range = 0; range < nrRanges(); range++) {
            text.append(range == 0 ? "" : " ")
                    .append(range == 0 ? 0 : boundaries[range - 1])
                    .append(isRangeShared(range) ? ":shared" : ":private");
        }
        return text.toString();
    }
}
