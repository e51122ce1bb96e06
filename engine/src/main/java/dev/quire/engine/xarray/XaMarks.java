/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;

/**
 * Marks: one bit per mark and slot, set in every node above a marked entry, and one in the anchor's flags. Sibling slots
 * carry none; the canonical slot speaks for the entry.
 *
 * <p>The lock serialises changes; readers load bitmaps opaque, as hints that lead to entries. Erasing clears the marks
 * before the release store of the empty slot, so that a reader who finds a slot empty (acquire) finds its mark gone.
 */
final class XaMarks {
    private XaMarks() {}

    static boolean isMarked(long node, int slot, int mark) {
        return ((XaNodeStruct.marksOpaque(node, mark) >>> slot) & 1) != 0;
    }

    /** The path behind {@link XArray#getMark}: true if the bit is set at every level. */
    static boolean get(long anchor, long index, int mark) {
        while (true) {
            long word = XArrayStruct.headAcquire(anchor);
            if (!XaFlags.isMarked(anchor, mark)) {
                return false;
            }
            if (!XaEntry.isNode(word)) {
                return index == 0;
            }
            if (!XaWalk.covers(XaEntry.nodeShift(word), index)) {
                return false;
            }
            while (XaEntry.isNode(word)) {
                long node = XaEntry.nodeAddress(word);
                int slot = XaWalk.slotOf(index, XaEntry.nodeShift(word));
                word = XaNodeStruct.slotAcquire(node, slot);
                boolean wasSibling = XaEntry.isSibling(word);
                while (XaEntry.isSibling(word)) {
                    slot = XaEntry.siblingSlot(word);
                    word = XaNodeStruct.slotAcquire(node, slot);
                }
                if (wasSibling && XaEntry.isNode(word)) {
                    word = XaEntry.RETRY;
                } else if (word != XaEntry.RETRY && !isMarked(node, slot, mark)) {
                    return false;
                }
            }
            if (word != XaEntry.RETRY) {
                return true;
            }
        }
    }

    static boolean get(XaCursor cursor, int mark) {
        if (!cursor.isValid()) {
            return false;
        }
        return cursor.node == XaCursor.AT_HEAD
                ? XaFlags.isMarked(cursor.anchor, mark)
                : isMarked(cursor.node, cursor.offset, mark);
    }

    /** Sets a mark upwards from the cursor's slot, as far as it was not set. */
    static void set(XaCursor cursor, int mark) {
        if (!cursor.isValid()) {
            return;
        }
        int slot = cursor.offset;
        for (long node = cursor.node; node != XaCursor.AT_HEAD; node = XaNodeStruct.parent(node)) {
            long bits = XaNodeStruct.marksOpaque(node, mark);
            if (((bits >>> slot) & 1) != 0) {
                return;
            }
            XaNodeStruct.marksOpaque(node, mark, bits | (1L << slot));
            slot = XaNodeStruct.offset(node);
        }
        if (!XaFlags.isMarked(cursor.anchor, mark)) {
            XaFlags.setMarked(cursor.anchor, mark);
        }
    }

    /** Clears a mark upwards from the cursor's slot, as far as nodes lose their last one. */
    static void clear(XaCursor cursor, int mark) {
        if (!cursor.isValid()) {
            return;
        }
        int slot = cursor.offset;
        for (long node = cursor.node; node != XaCursor.AT_HEAD; node = XaNodeStruct.parent(node)) {
            long bits = XaNodeStruct.marksOpaque(node, mark);
            if (((bits >>> slot) & 1) == 0) {
                return;
            }
            bits &= ~(1L << slot);
            XaNodeStruct.marksOpaque(node, mark, bits);
            if (bits != 0) {
                return;
            }
            slot = XaNodeStruct.offset(node);
        }
        if (XaFlags.isMarked(cursor.anchor, mark)) {
            XaFlags.clearMarked(cursor.anchor, mark);
        }
    }

    /** The marks of an index that holds nothing: none, but for the free mark where free indices are tracked. */
    static void init(XaCursor cursor) {
        if (isUnmarked(cursor)) {
            return;
        }
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            if (XaFlags.isFreeMark(cursor.anchor, mark)) {
                set(cursor, mark);
            } else {
                clear(cursor, mark);
            }
        }
    }

    /** Asked first, since a node's bitmaps have a cache line for themselves, which nothing else of a store touches. */
    private static boolean isUnmarked(XaCursor cursor) {
        return XaFlags.isUnmarked(cursor.anchor) && !XaFlags.tracksFree(cursor.anchor);
    }

    /**
     * Unites the marks of the slots that the cursor's entry is about to take on the first of them. The levels above see no
     * difference.
     */
    static void squash(XaCursor cursor) {
        if (isUnmarked(cursor)) {
            return;
        }
        int first = cursor.offset;
        long others = bitsOf(first + 1, cursor.sibs);
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            long bits = XaNodeStruct.marksOpaque(cursor.node, mark);
            if ((bits & others) != 0) {
                XaNodeStruct.marksOpaque(cursor.node, mark, (bits & ~others) | (1L << first));
            }
        }
    }

    /** One bit for each of some slots; none if there are none. */
    static long bitsOf(int firstSlot, int nrSlots) {
        return nrSlots == 0 ? 0 : -1L >>> (XaWalk.NR_SLOTS - nrSlots) << firstSlot;
    }

    /** The marks of the cursor's slot, one bit for each. */
    static int marksOfSlot(XaCursor cursor) {
        int marks = 0;
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            if (get(cursor, mark)) {
                marks |= 1 << mark;
            }
        }
        return marks;
    }

    /** Gives a node that is not reachable yet the marks of a new level over an array's head entry. */
    static void initOverHead(long anchor, long node) {
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            boolean marked = XaFlags.isMarked(anchor, mark);
            if (XaFlags.isFreeMark(anchor, mark)) {
                XaNodeStruct.marksOpaque(node, mark, marked ? -1L : -2L);
                XaFlags.setMarked(anchor, mark);
            } else {
                XaNodeStruct.marksOpaque(node, mark, marked ? 1L : 0L);
            }
        }
    }
}
