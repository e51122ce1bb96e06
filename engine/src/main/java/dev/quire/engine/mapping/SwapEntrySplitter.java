/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.XaNodeStruct;
import dev.quire.engine.xarray.SplitPlan;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;

/**
 * Splits large swap entries of one address space (shmem_split_large_entry): each as a whole or not at all, the piece at
 * offset i with the slot i further on. Where nodes are out, but some are on their way back, it waits for those, without
 * the index lock.
 *
 * <p>Thread-safe; blocking on the index lock.
 */
final class SwapEntrySplitter {
    /** Most nodes that cutting an entry at one place takes: one on each level below it. */
    private static final int MAX_SPLIT_NODES = Geometry.MAX_ORDER / XaNodeStruct.SLOT_SHIFT;

    private final AddressSpace space;

    /** Used by whoever holds the index lock. */
    private final SplitPlan plan = new SplitPlan();

    SwapEntrySplitter(AddressSpace space) {
        this.space = space;
    }

    /** Splits the entry around an index, if it has the slot there, down to an order: 0, EEXIST, or ENOMEM. */
    int splitAt(long index, long slot, int newOrder) {
        int result;
        int round = 0;
        do {
            result = splitAtIfNodes(index, slot, newOrder);
        } while (mayRetry(result, round++));
        return result;
    }

    private int splitAtIfNodes(long index, long slot, int newOrder) {
        space.index().lock();
        XaCursor cursor = space.lockedCursor();
        try {
            cursor.set(index);
            long entry = cursor.load();
            if (!XaEntry.isValue(entry)) {
                return Errno.EEXIST;
            }
            long at = index - Geometry.alignDown(index, cursor.getOrder());
            if (XaEntry.valueOf(entry) + at != slot) {
                return Errno.EEXIST;
            }
            return split(cursor, entry, at, at + 1, newOrder, SplitPolicies.NON_UNIFORM);
        } finally {
            space.index().unlock();
        }
    }

    /** Without the lock: waits until nodes come back, if that was what the split lacked. */
    private boolean mayRetry(int result, int round) {
        return result == Errno.ENOMEM && space.index().pool().awaitReclaim(MAX_SPLIT_NODES, round);
    }

    /**
     * Splits the entry that reaches across an index, if one does, so that an entry begins there: into as few as
     * possible. Then a range that begins or ends there can be removed without memory. 0 or ENOMEM.
     */
    int splitBefore(long index) {
        int result;
        int round = 0;
        do {
            result = splitBeforeIfNodes(index);
        } while (mayRetry(result, round++));
        return result;
    }

    private int splitBeforeIfNodes(long index) {
        space.index().lock();
        XaCursor cursor = space.lockedCursor();
        try {
            cursor.set(index);
            long entry = cursor.load();
            if (!XaEntry.isValue(entry)) {
                return Errno.OK;
            }
            int order = cursor.getOrder();
            long at = index - Geometry.alignDown(index, order);
            return at == 0 ? Errno.OK : split(cursor, entry, at, Geometry.pagesIn(order), 0, SplitPolicies.RANGE);
        } finally {
            space.index().unlock();
        }
    }

    /** Splits the entry that the cursor is at as a policy says; waits for no node, as the index is locked. */
    int split(XaCursor cursor, long entry, long start, long end, int newOrder, SplitPolicy policy) {
        int order = cursor.getOrder();
        if (order <= newOrder) {
            return Errno.OK;
        }
        policy.plan(plan, order, start, end, newOrder, SplitPolicies.ALL_ORDERS);
        // Values are odd: the next integer is two further on.
        return cursor.split(plan, entry, entry, XaEntry.value(1) - XaEntry.value(0));
    }

    /**
     * Splits the entries across the ends of a range of bytes, if there is memory for that, so that the pages that lie
     * in it as a whole have entries of their own.
     */
    void splitAround(long startBytes, long endBytes) {
        long first = FileRange.pagesOf(startBytes);
        long end = endBytes >>> Geometry.PAGE_SHIFT;
        if (first < end) {
            splitBefore(first);
            splitBefore(end);
        }
    }
}
