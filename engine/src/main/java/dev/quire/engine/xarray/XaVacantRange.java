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

    // ---- geometry: the range forks in one node; above, one slot of each node has all of it; below are its two edges

    /** Whether all of a range is in one slot of a node, and does not fill it. */
    private static boolean isInOneSlot(long first, long last, int shift) {
        return XaWalk.slotOf(first, shift) == XaWalk.slotOf(last, shift)
                && (isCut(first, shift) || isCut(last + 1, shift));
    }

    /** Whether an edge, the first index or the one after the last, is inside a slot of a node and not at its bounds. */
    private static boolean isCut(long edge, int shift) {
        return (edge & ((1L << shift) - 1)) != 0;
    }

    /** Number of nodes of an edge below a slot of a node. */
    private static int nrNodesBelow(int shift, long edge) {
        int lowestShift = Long.numberOfTrailingZeros(edge) / XaWalk.LEVEL_BITS * XaWalk.LEVEL_BITS;
        return Math.max(0, shift - lowestShift) / XaWalk.LEVEL_BITS;
    }

    /** First slot that the range fills in a node which its beginning leads through. */
    private static int fromSlot(long first, int shift) {
        return XaWalk.slotOf(first, shift) + (isCut(first, shift) ? 1 : 0);
    }

    /** The slot after those that the range fills in a node which its end leads through. */
    private static int endSlot(long last, int shift) {
        return XaWalk.slotOf(last, shift) + (isCut(last + 1, shift) ? 0 : 1);
    }

    // ---- what is there

    /** Number of nodes that a range in a node lacks, or TAKEN if something stands there. */
    private static int nrMissing(long topNode, int topShift, long first, long last) {
        long node = topNode;
        int shift = topShift;
        while (isInOneSlot(first, last, shift)) {
            long word = XaNodeStruct.slot(node, XaWalk.slotOf(first, shift));
            if (!XaEntry.isNode(word)) {
                return word == XaEntry.EMPTY ? nrNodesInSlot(shift, first, last) : TAKEN;
            }
            node = XaEntry.nodeAddress(word);
            shift -= XaWalk.LEVEL_BITS;
        }
        if (!areEmpty(node, fromSlot(first, shift), endSlot(last, shift))) {
            return TAKEN;
        }
        int nrAtFirst = nrMissingAtEdge(node, shift, first, true);
        int nrAtLast = nrMissingAtEdge(node, shift, last, false);
        return nrAtFirst == TAKEN || nrAtLast == TAKEN ? TAKEN : nrAtFirst + nrAtLast;
    }

    /** Number of nodes, all new, of a range that is in one slot. */
    private static int nrNodesInSlot(int slotShift, long first, long last) {
        int nrNodes = 0;
        int shift = slotShift;
        while (isInOneSlot(first, last, shift)) {
            nrNodes++;
            shift -= XaWalk.LEVEL_BITS;
        }
        return nrNodes + nrNodesBelow(shift, first) + nrNodesBelow(shift, last + 1);
    }

    /** Number of nodes that an edge lacks below the fork, or TAKEN. */
    private static int nrMissingAtEdge(long fork, int forkShift, long index, boolean isFirst) {
        long edge = isFirst ? index : index + 1;
        long node = fork;
        int shift = forkShift;
        while (isCut(edge, shift)) {
            long word = XaNodeStruct.slot(node, XaWalk.slotOf(index, shift));
            if (!XaEntry.isNode(word)) {
                return word == XaEntry.EMPTY ? nrNodesBelow(shift, edge) : TAKEN;
            }
            node = XaEntry.nodeAddress(word);
            shift -= XaWalk.LEVEL_BITS;
            int from = isFirst ? fromSlot(index, shift) : 0;
            int end = isFirst ? XaWalk.NR_SLOTS : endSlot(index, shift);
            if (!areEmpty(node, from, end)) {
                return TAKEN;
            }
        }
        return 0;
    }

    private static boolean areEmpty(long node, int from, int end) {
        long words = XaEntry.EMPTY;
        for (int slot = from; slot < end; slot++) {
            words |= XaNodeStruct.slot(node, slot);
        }
        return words == XaEntry.EMPTY;
    }

    // ---- the change

    private static void fill(
            XaCursor cursor, long topNode, int topShift, long first, long last, long entry, long siblingStamp) {
        long node = topNode;
        int shift = topShift;
        while (isInOneSlot(first, last, shift)) {
            int slot = XaWalk.slotOf(first, shift);
            long word = XaNodeStruct.slot(node, slot);
            if (word == XaEntry.EMPTY) {
                hang(node, slot, newFork(cursor, node, shift, first, last, entry, siblingStamp));
                return;
            }
            node = XaEntry.nodeAddress(word);
            shift -= XaWalk.LEVEL_BITS;
        }
        fillFork(cursor, node, shift, first, last, entry, siblingStamp);
    }

    /** Makes the nodes in a slot that all of the range is in, and returns the word of the uppermost. */
    private static long newFork(
            XaCursor cursor, long parent, int parentShift, long first, long last, long entry, long siblingStamp) {
        int topShift = parentShift - XaWalk.LEVEL_BITS;
        long top = XaPath.takeEmpty(cursor, parent, topShift, XaWalk.slotOf(first, parentShift));
        long node = top;
        int shift = topShift;
        while (isInOneSlot(first, last, shift)) {
            node = newChild(cursor, node, shift, XaWalk.slotOf(first, shift));
            shift -= XaWalk.LEVEL_BITS;
        }
        fillFork(cursor, node, shift, first, last, entry, siblingStamp);
        return XaEntry.node(top, topShift);
    }

    private static void fillFork(
            XaCursor cursor, long node, int shift, long first, long last, long entry, long siblingStamp) {
        fillEdge(cursor, node, shift, first, true, entry, siblingStamp);
        fillSlots(node, fromSlot(first, shift), endSlot(last, shift), entry, siblingStamp);
        fillEdge(cursor, node, shift, last, false, entry, siblingStamp);
    }

    /** Fills what is below the fork at the range's beginning or end, in the nodes there and in new ones. */
    private static void fillEdge(
            XaCursor cursor, long fork, int forkShift, long index, boolean isFirst, long entry, long siblingStamp) {
        long edge = isFirst ? index : index + 1;
        long node = fork;
        int shift = forkShift;
        while (isCut(edge, shift)) {
            int slot = XaWalk.slotOf(index, shift);
            long word = XaNodeStruct.slot(node, slot);
            if (word == XaEntry.EMPTY) {
                hang(node, slot, newEdge(cursor, node, shift, index, isFirst, entry, siblingStamp));
                return;
            }
            node = XaEntry.nodeAddress(word);
            shift -= XaWalk.LEVEL_BITS;
            fillInEdge(node, shift, index, isFirst, entry, siblingStamp);
        }
    }

    /** Makes the nodes of an edge below a slot, and returns the word of the uppermost. */
    private static long newEdge(
            XaCursor cursor, long parent, int parentShift, long index, boolean isFirst, long entry, long siblingStamp) {
        long edge = isFirst ? index : index + 1;
        int topShift = parentShift - XaWalk.LEVEL_BITS;
        long top = XaPath.takeEmpty(cursor, parent, topShift, XaWalk.slotOf(index, parentShift));
        fillInEdge(top, topShift, index, isFirst, entry, siblingStamp);
        long node = top;
        int shift = topShift;
        while (isCut(edge, shift)) {
            node = newChild(cursor, node, shift, XaWalk.slotOf(index, shift));
            shift -= XaWalk.LEVEL_BITS;
            fillInEdge(node, shift, index, isFirst, entry, siblingStamp);
        }
        return XaEntry.node(top, topShift);
    }

    private static void fillInEdge(long node, int shift, long index, boolean isFirst, long entry, long siblingStamp) {
        int from = isFirst ? fromSlot(index, shift) : 0;
        int end = isFirst ? XaWalk.NR_SLOTS : endSlot(index, shift);
        fillSlots(node, from, end, entry, siblingStamp);
    }

    /** Makes an empty node in a slot of a node that is not reachable yet. */
    private static long newChild(XaCursor cursor, long parent, int parentShift, int slot) {
        int shift = parentShift - XaWalk.LEVEL_BITS;
        long child = XaPath.takeEmpty(cursor, parent, shift, slot);
        XaNodeStruct.slot(parent, slot, XaEntry.node(child, shift));
        XaNodeStruct.changeCounts(parent, 1, 0);
        return child;
    }

    /** Hangs a subtree that is complete into an empty slot. */
    private static void hang(long parent, int slot, long word) {
        // Release: the subtree with all that is in it. Pairs with the acquire load of the slot.
        XaNodeStruct.slotRelease(parent, slot, word);
        XaNodeStruct.changeCounts(parent, 1, 0);
    }

    private static void fillSlots(long node, int from, int end, long entry, long siblingStamp) {
        if (from >= end) {
            return;
        }
        XaStore.publish(node, from, end, entry, siblingStamp);
        XaNodeStruct.changeCounts(node, end - from, XaEntry.isValue(entry) ? end - from : 0);
    }
}
