/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.MemoryGroupStruct;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Every number that an engine, an owner of folios and a memory group keep about folios, at one moment. Those that say
 * what is there now come first, then those that say what has happened ever.
 */
final class EngineCounts {
    /** Numbers of which there is one. */
    enum Count {
        FILE_THP_PAGES,
        SHARED_MEMORY_THP_PAGES,
        PARTIALLY_MAPPED,
        QUEUED,
        SWAP_SLOTS,
        OWNER_PAGES,
        OWNER_CHARGED,
        OWNER_SWAPPED,
        GROUP_REFERENCES,
        GROUP_PAGES,
        INDEX_NODES,
        // From here on: what has happened ever.
        GROUP_INDEX_NODES,
        DEFERRED_SPLITS,
        SHARED_MEMORY_DROPPED,
        FILE_CLEANED,
        PIECES_MADE,
        NODES_ADDED,
        BYTES_WRITTEN
    }

    private static final Count[] COUNTS = Count.values();
    private static final int ANONYMOUS = COUNTS.length;
    private static final int LRU = ANONYMOUS + Geometry.NR_ORDERS;
    private static final int SPLITS = LRU + LruList.values().length;
    private static final int FAILED = SPLITS + Geometry.NR_ORDERS;
    private static final int NR_VALUES = FAILED + Geometry.NR_ORDERS;

    private final long[] values = new long[NR_VALUES];

    private EngineCounts() {}

    private EngineCounts(EngineCounts original) {
        System.arraycopy(original.values, 0, values, 0, NR_VALUES);
    }

    /** Reads all, with those of a folio's owner, if it is in an index, and of a memory group, if it is not 0. */
    static EngineCounts of(FolioContext context, @Nullable FolioOwner owner, long group) {
        EngineCounts counts = new EngineCounts();
        counts.readEngine(context);
        if (owner != null) {
            counts.set(Count.OWNER_PAGES, AddressSpaceStruct.nrPagesOpaque(owner.address()));
            counts.set(Count.OWNER_CHARGED, AddressSpaceStruct.nrChargedOpaque(owner.address()));
            counts.set(Count.OWNER_SWAPPED, AddressSpaceStruct.nrSwappedOpaque(owner.address()));
            counts.set(Count.INDEX_NODES, owner.index().pool().nrInUse());
        }
        if (group != 0) {
            counts.set(Count.GROUP_REFERENCES, MemoryGroupStruct.referencesOpaque(group));
            counts.set(Count.GROUP_PAGES, MemoryGroupStruct.chargedPagesOpaque(group));
            counts.set(Count.GROUP_INDEX_NODES, MemoryGroupStruct.indexNodesOpaque(group));
        }
        return counts;
    }

    private void readEngine(FolioContext context) {
        FolioAccounting accounting = context.accounting();
        FolioCounters counters = accounting.counters();
        set(Count.FILE_THP_PAGES, counters.fileThpPages());
        set(Count.SHARED_MEMORY_THP_PAGES, counters.sharedMemoryThpPages());
        set(Count.PARTIALLY_MAPPED, counters.nrPartiallyMapped());
        set(Count.QUEUED, accounting.deferredSplits().nrFolios());
        set(Count.SWAP_SLOTS, context.swapTable().nrInUse());
        set(Count.DEFERRED_SPLITS, counters.nrDeferredSplits());
        set(Count.SHARED_MEMORY_DROPPED, counters.sharedMemoryPagesDropped());
        set(Count.FILE_CLEANED, counters.filePagesCleaned());
        for (LruList list : LruList.values()) {
            values[LRU + list.ordinal()] = accounting.lru().nrPages(list);
        }
        SplitStatistics statistics = new SplitStatistics(context.arena(), context.lifetime());
        set(Count.PIECES_MADE, statistics.nrPieces());
        set(Count.NODES_ADDED, statistics.nrNodesAdded());
        set(Count.BYTES_WRITTEN, statistics.metadataBytesWritten());
        for (int order = 0; order < Geometry.NR_ORDERS; order++) {
            values[ANONYMOUS + order] = counters.nrAnonymous(order);
            values[SPLITS + order] = statistics.nrSplits(order);
            values[FAILED + order] = statistics.nrFailed(order);
        }
    }

    EngineCounts copy() {
        return new EngineCounts(this);
    }

    long get(Count count) {
        return values[count.ordinal()];
    }

    private void set(Count count, long value) {
        values[count.ordinal()] = value;
    }

    void add(Count count, long change) {
        values[count.ordinal()] += change;
    }

    void addAnonymous(int order, long nrFolios) {
        values[ANONYMOUS + order] += nrFolios;
    }

    void addLruPages(LruList list, long nrPages) {
        values[LRU + list.ordinal()] += nrPages;
    }

    void addSplits(int order, long nrSplits) {
        values[SPLITS + order] += nrSplits;
    }

    void addFailed(int order, long nrSplits) {
        values[FAILED + order] += nrSplits;
    }

    /** Takes over a number that cannot be foretold. */
    void accept(Count count, EngineCounts actual) {
        set(count, actual.get(count));
    }

    /** Compares what is there now. */
    void requireState(EngineCounts actual, String when) {
        compare(0, Count.GROUP_INDEX_NODES.ordinal(), actual, when);
        compare(ANONYMOUS, SPLITS, actual, when);
    }

    /** Compares what has happened ever; splits that happened have written something. */
    void requireStatistics(EngineCounts actual, boolean written, String when) {
        compare(Count.GROUP_INDEX_NODES.ordinal(), Count.BYTES_WRITTEN.ordinal(), actual, when);
        compare(SPLITS, NR_VALUES, actual, when);
        long nrBytes = actual.get(Count.BYTES_WRITTEN) - get(Count.BYTES_WRITTEN);
        assertTrue(written ? nrBytes > 0 : nrBytes == 0, () -> "bytes written by splits " + when + ": " + nrBytes);
    }

    private void compare(int from, int to, EngineCounts actual, String when) {
        int place = Arrays.mismatch(values, from, to, actual.values, from, to);
        if (place >= 0) {
            int at = from + place;
            fail("count " + nameOf(at) + " " + when + ": expected " + values[at] + ", found " + actual.values[at]);
        }
    }

    private static String nameOf(int at) {
        if (at < ANONYMOUS) {
            return COUNTS[at].name();
        }
        if (at < LRU) {
            return "anonymous folios of order " + (at - ANONYMOUS);
        }
        if (at < SPLITS) {
            return "pages on LRU list " + LruList.values()[at - LRU];
        }
        return at < FAILED ? "splits of order " + (at - SPLITS) : "failed splits of order " + (at - FAILED);
    }
}
