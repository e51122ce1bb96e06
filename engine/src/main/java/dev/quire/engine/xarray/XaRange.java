/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.Errno;

/** Changes to ranges that are no single entry. All of it runs under the array's lock. */
final class XaRange {
    private XaRange() {}

    // ---- one entry over any range

    /**
     * Stores block by block. The blocks grow towards the top and shrink again, so each lies in a node on the path to the
     * first or to the last index: with these two paths in place before the first store, none needs memory.
     */
    static int store(XaCursor cursor, long first, long last, long entry) {
        if (entry != XaEntry.EMPTY && !createEdges(cursor, first, last)) {
            return Errno.ENOMEM;
        }
        long index = first;
        while (true) {
            setBlock(cursor, index, last);
            XaStore.store(cursor, entry);
            long mask = XaPath.rangeMask(cursor);
            if (Long.compareUnsigned(last - index, mask) <= 0) {
                return Errno.OK;
            }
            index += mask + 1;
        }
    }

    private static boolean createEdges(XaCursor cursor, long first, long last) {
        int lastOrder = Math.min(XArray.MAX_ORDER, Long.numberOfTrailingZeros(last + 1));
        cursor.setOrder(last, lastOrder);
        XaPath.create(cursor, true);
        if (cursor.isInError()) {
            return false;
        }
        setBlock(cursor, first, last);
        XaPath.create(cursor, true);
        if (cursor.isInError()) {
            cursor.setOrder(last, lastOrder);
            removeIfEmpty(cursor);
            cursor.retired.flush();
            return false;
        }
        return true;
    }

    /** Makes the cursor's range the largest block at {@code first} that one store can fill and that ends by {@code last}. */
    private static void setBlock(XaCursor cursor, long first, long last) {
        cursor.set(first);
        long nrMoreIndices = last - first;
        int shift = 0;
        while (shift < XaWalk.MAX_SHIFT
                && XaWalk.slotOf(first, shift) == 0
                && Long.compareUnsigned(nrMoreIndices, (1L << (shift + XaWalk.LEVEL_BITS)) - 1) >= 0) {
            shift += XaWalk.LEVEL_BITS;
        }
        long nrMoreSlots = (nrMoreIndices - ((1L << shift) - 1)) >>> shift;
        int nrSlotsAfter = XaWalk.NR_SLOTS - 1 - XaWalk.slotOf(first, shift);
        cursor.shift = shift;
        cursor.sibs = Long.compareUnsigned(nrMoreSlots, nrSlotsAfter) < 0 ? (int) nrMoreSlots : nrSlotsAfter;
    }

    // ---- slots at the lowest level

    /** From the last leaf to the first, so that the first step brings the tree to its height. */
    static void createRange(XaCursor cursor) {
        if (cursor.isInError()) {
            return;
        }
        long first = cursor.index;
        long last = first | XaPath.rangeMask(cursor);
        int shift = cursor.shift;
        int sibs = cursor.sibs;
        long index = last;
        while (true) {
            cursor.set(index);
            XaPath.create(cursor, true);
            if (cursor.isInError()) {
                removeEmptyLeaves(cursor, index, last);
                cursor.index = first;
                cursor.shift = shift;
                cursor.sibs = sibs;
                cursor.setError(Errno.ENOMEM);
                return;
            }
            long base = firstCovered(cursor);
            if (Long.compareUnsigned(base, first) <= 0) {
                cursor.set(first);
                return;
            }
            index = base - 1;
        }
    }

    /** First index of the cursor's leaf, or of the larger entry it is at. */
    private static long firstCovered(XaCursor cursor) {
        if (cursor.node == XaCursor.AT_HEAD) {
            return 0;
        }
        int slot = cursor.nodeShift == 0 ? 0 : cursor.offset;
        return XaWalk.indexOfSlot(cursor.index, cursor.nodeShift, slot);
    }

    private static void removeEmptyLeaves(XaCursor cursor, long after, long last) {
        long index = last;
        while (Long.compareUnsigned(index, after) > 0) {
            cursor.set(index);
            XaWalk.load(cursor);
            long base = cursor.isValid() ? firstCovered(cursor) : index & -XaWalk.NR_SLOTS;
            removeIfEmpty(cursor);
            index = base - 1;
        }
        cursor.retired.flush();
    }

    private static void removeIfEmpty(XaCursor cursor) {
        XaWalk.load(cursor);
        if (cursor.isValid() && cursor.node != XaCursor.AT_HEAD) {
            XaPath.removeEmpty(cursor);
        }
    }
}
