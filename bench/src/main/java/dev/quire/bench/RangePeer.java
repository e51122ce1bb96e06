/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;

/** What one would build an index of ranges on. */
public enum RangePeer {
    /** Multi-index entries of an XArray. */
    XARRAY,

    /** {@link ConcurrentSkipListMap} by first indices. */
    SKIP_LIST,

    /**
     * {@link TreeMap} by first indices, under a StampedLock: a search that meets a rotation may never end, so it locks.
     */
    TREE_MAP,

    /** {@link java.util.concurrent.ConcurrentHashMap} with every index. */
    CONCURRENT_HASH_MAP,

    /** Agrona's Long2LongHashMap with every index, under a StampedLock, with optimistic lookups. */
    AGRONA,

    /** Agrona's Long2LongHashMap with every index, without a lock: for one thread. */
    AGRONA_ONE_THREAD;

    /**
     * Makes an empty index.
     *
     * @param nrNodes most nodes that an XArray will need
     */
    RangeIndex newIndex(long nrNodes) {
        return switch (this) {
            case XARRAY -> new XArrayRanges(nrNodes);
            case SKIP_LIST -> new OrderedMapRanges(new ConcurrentSkipListMap<>());
            case TREE_MAP -> new LockedRanges(new OrderedMapRanges(new TreeMap<>()), false);
            case CONCURRENT_HASH_MAP -> new HashMapRanges.Concurrent();
            // The map probes arrays that it read from its fields once and that always have a free place, so it ends.
            case AGRONA -> new LockedRanges(new HashMapRanges.Primitive(), true);
            case AGRONA_ONE_THREAD -> new HashMapRanges.Primitive();
        };
    }

    /** Whether a range takes an entry for each of its indices. */
    boolean storesEveryIndex() {
        return switch (this) {
            case XARRAY, SKIP_LIST, TREE_MAP -> false;
            case CONCURRENT_HASH_MAP, AGRONA, AGRONA_ONE_THREAD -> true;
        };
    }
}
