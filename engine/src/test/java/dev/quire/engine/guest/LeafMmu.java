/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A guest's page tables with leaves of any order, which notes what a zap removes outside of its range. */
final class LeafMmu implements SecondaryMmu {
    /** Orders of the leaves, by their first index. */
    private final TreeMap<Long, Integer> leaves = new TreeMap<>();

    final List<String> wrong = new ArrayList<>();

    /** Runs without the tables' lock: what guest faults do meanwhile. */
    Runnable beforeSplitting = () -> {};

    Runnable afterSplitting = () -> {};

    @Override
    public int splitLeaves(long startIndex, long endIndex) {
        beforeSplitting.run();
        synchronized (this) {
            splitAt(startIndex);
            splitAt(endIndex);
        }
        afterSplitting.run();
        return Errno.OK;
    }

    private void splitAt(long index) {
        Map.Entry<Long, Integer> leaf = leaves.lowerEntry(index);
        if (leaf != null && endOf(leaf) > index) {
            leaves.remove(leaf.getKey());
            for (long page = leaf.getKey(); page < endOf(leaf); page++) {
                leaves.put(page, 0);
            }
        }
    }

    @Override
    public synchronized void zap(long startIndex, long endIndex) {
        for (Map.Entry<Long, Integer> leaf : new TreeMap<>(leaves).entrySet()) {
            if (leaf.getKey() < endIndex && endOf(leaf) > startIndex) {
                leaves.remove(leaf.getKey());
                if (leaf.getKey() < startIndex || endOf(leaf) > endIndex) {
                    wrong.add("zap of " + startIndex + "-" + endIndex + " removes the leaf of " + leaf.getKey() + "-"
                            + endOf(leaf));
                }
            }
        }
    }

    private static long endOf(Map.Entry<Long, Integer> leaf) {
        return leaf.getKey() + Geometry.pagesIn(leaf.getValue());
    }

    /** Maps a folio that is pinned, unless the pin may be stale; whether it did. */
    synchronized boolean map(GuestMemory guest, long sequence, long startIndex, int order) {
        if (guest.isInvalidated(sequence, startIndex, startIndex + Geometry.pagesIn(order))) {
            return false;
        }
        leaves.put(startIndex, order);
        return true;
    }

    /** Order of the leaf that maps a page, or -1. */
    synchronized int orderAt(long index) {
        Map.Entry<Long, Integer> leaf = leaves.floorEntry(index);
        return leaf != null && endOf(leaf) > index ? leaf.getValue() : -1;
    }
}
