/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;

/**
 * Stores one entry over a range that the tree reaches and where nothing is yet. The outcome is that of the general way
 * ({@link XaRange}); what is saved is a walk from the head for each block, and to look at each slot of a node that is
 * made for it: nodes are filled before they hang in the tree.
 *
 * <p>Under the array's lock. What returns {@link #NOT_VACANT} has changed nothing, and is for the general way.
 */
final class XaVacantRange {
    /** The range is no such, or changes of it mean more than the change; no error number. */
    static final int NOT_VACANT = 1;

    /** In place of a number of nodes. */
    private static final int TAKEN = -1;

    private XaVacantRange() {}

    /** Stores from the first block to the last, as the general way does: 0, ENOMEM, or {@link #NOT_VACANT}. */
    static int store(XaCursor cursor, long first, long last, long entry) {
        long head = XArrayStruct.head(cursor.anchor);
        if (!XaEntry.isNode(head) || cursor.array.update != null || XaFlags.tracksFree(cursor.anchor)) {
            return NOT_VACANT;
        }
        long top = XaEntry.nodeAddress(head);
        int shift = XaEntry.nodeShift(head);
        int nrMissing = XaWalk.covers(shift, indexToReach(last)) ? nrMissing(top, shift, first, last) : TAKEN;
        if (nrMissing == TAKEN) {
            return NOT_VACANT;
        }
        cursor.set(first);
        if (!XaPath.reserve(cursor, nrMissing)) {
            return Errno.ENOMEM;
        }
        fill(cursor, top, shift, first, last, entry, cursor.array.nextSiblingStamp());
        return Errno.OK;
    }

    /** The general way, like the original, brings the tree to a height at which the aligned block that ends there fits. */
    private static long indexToReach(long last) {
        boolean isBlockAtZero = (last & (last + 1)) == 0;
        return isBlockAtZero && last > 0 ? last + 1 : last;
    }

    /** Whether a range begins and ends where blocks of indices do; {@code mask} has the bits below a block. */
    private static boolean isWhole(long first, long last, long mask) {
        return (first & mask) == 0 && (last & mask) == mask;
    }

    /** Number of nodes that a range in a node lacks, or TAKEN if something stands there. */
    private static int nrMissing(long node, int shift, long first, long last) {
        long mask = (1L << shift) - 1;
        int from = XaWalk.slotOf(first, shift);
        int to = XaWalk.slotOf(last, shift);
        if (from == to && !isWhole(first, last, mask)) {
            return nrMissingBelow(XaNodeStruct.slot(node, from), shift, first, last);
        }
        int nrAtFirst = 0;
        if ((first & mask) != 0) {
            nrAtFirst = nrMissingBelow(XaNodeStruct.slot(node, from), shift, first, first | mask);
            from++;
        }
        int nrAtLast = 0;
        if ((last & mask) != mask) {
            nrAtLast = nrMissingBelow(XaNodeStruct.slot(node, to), shift, last & ~mask, last);
            to--;
        }
        for (int slot = from; slot <= to; slot++) {
            if (XaNodeStruct.slot(node, slot) != XaEntry.EMPTY) {
                return TAKEN;
            }
        }
        return nrAtFirst == TAKEN || nrAtLast == TAKEN ? TAKEN : nrAtFirst + nrAtLast;
    }

    private static int nrMissingBelow(long word, int shift, long first, long last) {
        int shiftBelow = shift - XaWalk.LEVEL_BITS;
        if (XaEntry.isNode(word)) {
            return nrMissing(XaEntry.nodeAddress(word), shiftBelow, first, last);
        }
        return word == XaEntry.EMPTY ? nrNodesOver(shiftBelow, first, last) : TAKEN;
    }

    /** Number of nodes of a shift and below, one of that shift, that a range needs which is a part of that one. */
    private static int nrNodesOver(int shift, long first, long last) {
        long mask = (1L << shift) - 1;
        int below = shift - XaWalk.LEVEL_BITS;
        if (first >>> shift == last >>> shift && !isWhole(first, last, mask)) {
            return 1 + nrNodesOver(below, first, last);
        }
        return 1
                + ((first & mask) != 0 ? nrNodesOver(below, first, first | mask) : 0)
                + ((last & mask) != mask ? nrNodesOver(below, last & ~mask, last) : 0);
    }

    /** Fills a range in a node, upwards. */
    private static void fill(
            XaCursor cursor, long node, int shift, long first, long last, long entry, long siblingStamp) {
        long mask = (1L << shift) - 1;
        int from = XaWalk.slotOf(first, shift);
        int end = XaWalk.slotOf(last, shift) + 1;
        if (from == end - 1 && !isWhole(first, last, mask)) {
            fillBelow(cursor, node, from, shift, first, last, entry, siblingStamp);
            return;
        }
        if ((first & mask) != 0) {
            fillBelow(cursor, node, from, shift, first, first | mask, entry, siblingStamp);
            from++;
        }
        boolean cutsLast = (last & mask) != mask;
        if (cutsLast) {
            end--;
        }
        if (from < end) {
            XaStore.publish(node, from, end, entry, siblingStamp);
            XaNodeStruct.count(node, XaNodeStruct.count(node) + end - from);
            if (XaEntry.isValue(entry)) {
                XaNodeStruct.nrValues(node, XaNodeStruct.nrValues(node) + end - from);
            }
        }
        if (cutsLast) {
            fillBelow(cursor, node, end, shift, last & ~mask, last, entry, siblingStamp);
        }
    }

    /** Fills a part of what a slot covers, in the node there or in a new one. */
    private static void fillBelow(
            XaCursor cursor, long node, int slot, int shift, long first, long last, long entry, long siblingStamp) {
        long word = XaNodeStruct.slot(node, slot);
        int shiftBelow = shift - XaWalk.LEVEL_BITS;
        if (XaEntry.isNode(word)) {
            fill(cursor, XaEntry.nodeAddress(word), shiftBelow, first, last, entry, siblingStamp);
            return;
        }
        long child = XaPath.takeEmpty(cursor, node, shiftBelow, slot);
        fill(cursor, child, shiftBelow, first, last, entry, siblingStamp);
        // Release: the child with all that is in it. Pairs with the acquire load of the slot.
        XaNodeStruct.slotRelease(node, slot, XaEntry.node(child, shiftBelow));
        XaNodeStruct.count(node, XaNodeStruct.count(node) + 1);
    }
}
