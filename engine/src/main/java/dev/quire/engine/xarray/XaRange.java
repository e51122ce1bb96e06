/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XArrayStruct;

/** Changes to ranges that are no single entry. All of it runs under the array's lock. */
final class XaRange {
    private XaRange() {}

    // ---- one entry over any range

    /**
     * Stores block by block. The blocks grow towards the top and shrink again, so each lies in a node on the path to
     * the first or to the last index: with these two paths in place before the first store, none needs memory.
     */
    static int store(XaCursor cursor, long first, long last, long entry) {
        if (entry != XaEntry.EMPTY) {
            int result = XaVacantRange.store(cursor, first, last, entry);
            if (result != XaVacantRange.NOT_VACANT) {
                return result;
            }
            if (!XaEdges.create(cursor, first, last)) {
                return Errno.ENOMEM;
            }
        }
        long index = first;
        while (true) {
            setBlock(cursor, index, last);
            XaStore.store(cursor, entry);
            if (entry != XaEntry.EMPTY) {
                XaMarks.clearFree(cursor);
            }
            long mask = XaPath.rangeMask(cursor);
            if (Long.compareUnsigned(last - index, mask) <= 0) {
                return Errno.OK;
            }
            index += mask + 1;
        }
    }

    /**
     * Makes the cursor's range the largest block at {@code first} that one store can fill and that ends by
     * {@code last}.
     */
    static void setBlock(XaCursor cursor, long first, long last) {
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
        long nrMissing = nrMissing(cursor, first, last);
        if (nrMissing > Integer.MAX_VALUE || !XaPath.reserve(cursor, (int) nrMissing)) {
            cursor.index = first;
            cursor.shift = shift;
            cursor.sibs = sibs;
            cursor.setError(Errno.ENOMEM);
            return;
        }
        long index = last;
        while (true) {
            cursor.set(index);
            XaPath.create(cursor, true);
            long base = firstCovered(cursor);
            if (Long.compareUnsigned(base, first) <= 0) {
                cursor.set(first);
                return;
            }
            index = base - 1;
        }
    }

    /** First index of the cursor's leaf, or of the larger slot it is at. */
    private static long firstCovered(XaCursor cursor) {
        if (cursor.node == XaCursor.AT_HEAD) {
            return 0;
        }
        int slot = cursor.nodeShift == 0 ? 0 : cursor.offset;
        return XaWalk.indexOfSlot(cursor.index, cursor.nodeShift, slot);
    }

    /** Number of nodes to be made for all leaves of a range to exist. */
    private static long nrMissing(XaCursor cursor, long first, long last) {
        long head = XArrayStruct.head(cursor.anchor);
        boolean isTree = XaEntry.isNode(head);
        int topShift = isTree ? XaEntry.nodeShift(head) : -XaWalk.LEVEL_BITS;
        if (isTree && XaWalk.covers(topShift, last)) {
            return nrMissingInTree(cursor, first, last);
        }
        if (last == 0) {
            // The head is its slot.
            return 0;
        }
        int newTopShift = XaPath.topShiftFor(last);
        if (head == XaEntry.EMPTY && !XaFlags.isZeroBusy(cursor.anchor)) {
            return nrNodesOver(first, last, newTopShift);
        }
        long end = 1L << (topShift + XaWalk.LEVEL_BITS);
        boolean beginsInTree = Long.compareUnsigned(first, end) < 0;
        long firstOutside = beginsInTree ? end : first;
        long nrMissing = nrNodesOver(firstOutside, last, newTopShift);
        for (int shift = topShift + XaWalk.LEVEL_BITS; shift <= newTopShift; shift += XaWalk.LEVEL_BITS) {
            // What is there now comes under the first node of each new level, which need not be one over the range.
            nrMissing += XaWalk.covers(shift, firstOutside) ? 0 : 1;
        }
        return isTree && beginsInTree ? nrMissing + nrMissingInTree(cursor, first, end - 1) : nrMissing;
    }

    /** Of a range that the tree reaches. */
    private static long nrMissingInTree(XaCursor cursor, long first, long last) {
        long nrMissing = 0;
        long index = last;
        while (true) {
            cursor.set(index);
            long word = XaWalk.load(cursor);
            long base = firstCovered(cursor);
            boolean isFirst = Long.compareUnsigned(base, first) <= 0;
            if (word == XaEntry.EMPTY) {
                nrMissing += nrNodesOver(isFirst ? first : base, index, cursor.nodeShift - XaWalk.LEVEL_BITS);
            }
            if (isFirst) {
                return nrMissing;
            }
            index = base - 1;
        }
    }

    /**
     * Number of nodes, from leaves to those of a shift, that cover a range where there is none yet; 0 for a negative
     * shift.
     */
    private static long nrNodesOver(long first, long last, int topShift) {
        long nrNodes = 0;
        for (int shift = 0; shift <= topShift; shift += XaWalk.LEVEL_BITS) {
            nrNodes += (last >>> shift >>> XaWalk.LEVEL_BITS) - (first >>> shift >>> XaWalk.LEVEL_BITS) + 1;
        }
        return nrNodes;
    }
}
