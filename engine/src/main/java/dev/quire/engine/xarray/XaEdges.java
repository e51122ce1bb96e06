/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.struct.XArrayStruct;

/**
 * The paths to the first and to the last block of a range that one entry is stored over. The nodes that both lack are
 * counted, and reserved, before the first is made: a path made and taken back again would be seen by who is told of
 * nodes, and change the order of a list of them. All of it runs under the array's lock.
 */
final class XaEdges {
    /** Of the top before the tree grows; above an entry in the head, or index 0 that is busy, come all levels. */
    private static final int NO_TOP = -XaWalk.LEVEL_BITS;

    private XaEdges() {}

    /** Makes both paths, or on ENOMEM, which then is the cursor's position, none. */
    static boolean create(XaCursor cursor, long first, long last) {
        if (!XaPath.reserve(cursor, nrMissing(cursor, first, last))) {
            return false;
        }
        // The last one brings the tree to its height.
        setLastBlock(cursor, last);
        XaPath.create(cursor, true);
        XaRange.setBlock(cursor, first, last);
        XaPath.create(cursor, true);
        return true;
    }

    private static void setLastBlock(XaCursor cursor, long last) {
        cursor.setOrder(last, Math.min(XArray.MAX_ORDER, Long.numberOfTrailingZeros(last + 1)));
    }

    private static int nrMissing(XaCursor cursor, long first, long last) {
        setLastBlock(cursor, last);
        long head = XArrayStruct.head(cursor.anchor);
        long reach = XaPath.lastIndexToReach(cursor);
        int top = XaEntry.isNode(head) ? XaEntry.nodeShift(head) : NO_TOP;
        if (reach == 0 && top == NO_TOP) {
            // The head is the slot.
            return 0;
        }
        int newTop = Math.max(top, XaPath.topShiftFor(reach));
        boolean isEmpty = head == XaEntry.EMPTY && !XaFlags.isZeroBusy(cursor.anchor);
        int nrLevels = isEmpty ? 0 : (newTop - top) / XaWalk.LEVEL_BITS;
        int shiftAtEnd = isEmpty ? newTop + XaWalk.LEVEL_BITS : NO_TOP;

        int lastShift = cursor.shift;
        int aboveLast = Math.max(shiftAtEnd, shiftAboveMissing(cursor, top));
        XaRange.setBlock(cursor, first, last);
        int firstShift = cursor.shift;
        int aboveFirst = Math.max(shiftAtEnd, shiftAboveMissing(cursor, top));
        int nrShared = 0;
        for (int shift = Math.max(firstShift, lastShift);
                shift < Math.min(aboveFirst, aboveLast);
                shift += XaWalk.LEVEL_BITS) {
            nrShared += first >>> shift >>> XaWalk.LEVEL_BITS == last >>> shift >>> XaWalk.LEVEL_BITS ? 1 : 0;
        }
        return nrLevels + (aboveFirst - firstShift + aboveLast - lastShift) / XaWalk.LEVEL_BITS - nrShared;
    }

    /**
     * Shift of the node above the highest one that the path to the cursor's range lacks, when the tree has grown; that
     * of the range itself if it lacks none.
     */
    private static int shiftAboveMissing(XaCursor cursor, int top) {
        if (top == NO_TOP || !XaWalk.covers(top, cursor.index)) {
            // A new level's first slot leads to what is there now, and the path branches off where it can.
            return Math.max(cursor.shift, XaPath.topShiftFor(cursor.index));
        }
        return XaWalk.load(cursor) == XaEntry.EMPTY ? Math.max(cursor.shift, cursor.nodeShift) : cursor.shift;
    }
}
