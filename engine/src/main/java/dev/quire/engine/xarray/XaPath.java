/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Nodes of the tree as such: the path to a slot is created top down, in one step as far as memory goes, and nodes that
 * ran empty or were cut off are given back. All of it runs under the array's lock.
 */
final class XaPath {
    /** What readers find in a leaf that was cut off. */
    private static final long[] RETRIES = new long[XaWalk.NR_SLOTS];

    static {
        Arrays.fill(RETRIES, XaEntry.RETRY);
    }

    private XaPath() {}

    // ---- creation

    /**
     * Walks to the cursor's slot and makes what is missing on the way (xas_create). All nodes for it are reserved
     * before the first change, so that on ENOMEM, which then is the cursor's position, the tree is as it was.
     *
     * @param canBeInHead whether the entry to come may stand in the head, if it is the only one, at index 0
     * @return the word at the slot, possibly of a larger entry
     */
    static long create(XaCursor cursor, boolean canBeInHead) {
        if (cursor.isInError()) {
            return XaEntry.EMPTY;
        }
        boolean inNode = cursor.isValid() && cursor.node != XaCursor.AT_HEAD;
        if (inNode && cursor.nodeShift >= cursor.shift) {
            return createBelow(cursor, XaNodeStruct.slot(cursor.node, cursor.offset), cursor.nodeShift);
        }
        int shiftAboveTop = grow(cursor, canBeInHead);
        if (cursor.isInError()) {
            return XaEntry.EMPTY;
        }
        cursor.node = XaCursor.AT_HEAD;
        return createBelow(cursor, XArrayStruct.head(cursor.anchor), shiftAboveTop);
    }

    /** Descends from a word at the cursor's position, which stands above nodes of the shift before this one. */
    private static long createBelow(XaCursor cursor, long wordAbove, int shiftAbove) {
        long word = wordAbove;
        int shift = shiftAbove;
        while (shift > cursor.shift) {
            if (word == XaEntry.EMPTY) {
                if (!reserve(cursor, (shift - cursor.shift) / XaWalk.LEVEL_BITS)) {
                    return XaEntry.EMPTY;
                }
                word = attachNode(cursor, shift - XaWalk.LEVEL_BITS);
            } else if (!XaEntry.isNode(word)) {
                break;
            }
            word = XaWalk.descend(cursor, word);
            shift -= XaWalk.LEVEL_BITS;
        }
        return word;
    }

    /** Hangs an empty node into the cursor's slot, or the head; the spare for it must be there. */
    private static long attachNode(XaCursor cursor, int shift) {
        long parent = cursor.node;
        long node = takeEmpty(cursor, parent, shift, parent == XaCursor.AT_HEAD ? 0 : cursor.offset);
        if (XaFlags.tracksFree(cursor.anchor)) {
            XaNodeStruct.marksOpaque(node, XArray.FREE_MARK, -1L);
        }
        long word = XaEntry.node(node, shift);
        if (parent == XaCursor.AT_HEAD) {
            XaFlags.publishTop(cursor.anchor, word);
        } else {
            // Publishes the empty node; pairs with the acquire load of the slot.
            XaNodeStruct.slotRelease(parent, cursor.offset, word);
            XaNodeStruct.changeCounts(parent, 1, 0);
            notify(cursor, parent);
        }
        return word;
    }

    /** Makes an empty node, with counts of 0 and no marks, out of a spare one, which must be there. */
    static long takeEmpty(XaCursor cursor, long parent, int shift, int slot) {
        long node = cursor.spares.take();
        XaNodePool.wipe(node);
        XaNodeStruct.header(node, shift, slot, 0, 0);
        XaNodeStruct.parentOpaque(node, parent);
        XaNodeStruct.array(node, cursor.anchor);
        return node;
    }

    /**
     * Puts levels over the head until the tree can hold the cursor's range (xas_expand).
     *
     * @return the shift that nodes above the top would have; 0 if the head itself is the slot
     */
    private static int grow(XaCursor cursor, boolean canBeInHead) {
        long head = XArrayStruct.head(cursor.anchor);
        if (head == XaEntry.EMPTY && XaFlags.isZeroBusy(cursor.anchor)) {
            head = XaEntry.ZERO;
        }
        long last = lastIndexToReach(cursor);
        if (XaEntry.isNode(head)) {
            int top = XaEntry.nodeShift(head);
            return XaWalk.covers(top, last)
                    ? top + XaWalk.LEVEL_BITS
                    : addLevels(cursor, head, top + XaWalk.LEVEL_BITS, topShiftFor(last));
        }
        if (last == 0) {
            return canBeInHead ? 0 : XaWalk.LEVEL_BITS;
        }
        int top = topShiftFor(last);
        return head == XaEntry.EMPTY ? top + XaWalk.LEVEL_BITS : addLevels(cursor, head, 0, top);
    }

    /**
     * The last index of the range; but as an entry of several indices cannot stand in the head, nor in a slot that
     * covers more than it does, such an entry at index 0 needs a top node that reaches beyond it.
     */
    static long lastIndexToReach(XaCursor cursor) {
        long mask = rangeMask(cursor);
        return cursor.index == 0 && mask != 0 ? mask + 1 : cursor.index | mask;
    }

    /** One less than the number of indices of the cursor's range. */
    static long rangeMask(XaPosition position) {
        return ((position.sibs + 1L) << position.shift) - 1;
    }

    static int topShiftFor(long lastIndex) {
        int nrBits = Long.SIZE - Long.numberOfLeadingZeros(lastIndex);
        return Math.max(0, (nrBits - 1) / XaWalk.LEVEL_BITS * XaWalk.LEVEL_BITS);
    }

    /**
     * Adds the levels from one shift to another over a head that is not empty, and reserves the path below them too.
     */
    private static int addLevels(XaCursor cursor, long head, int firstShift, int topShift) {
        int nrLevels = (topShift - firstShift) / XaWalk.LEVEL_BITS + 1;
        // The path goes through a slot of the new top that is still empty, unless it ends at the top.
        int nrBelow = (topShift - cursor.shift) / XaWalk.LEVEL_BITS;
        if (!reserve(cursor, nrLevels + nrBelow)) {
            return 0;
        }
        long word = head;
        for (int shift = firstShift; shift <= topShift; shift += XaWalk.LEVEL_BITS) {
            word = addLevel(cursor, word, shift);
        }
        return topShift + XaWalk.LEVEL_BITS;
    }

    private static long addLevel(XaCursor cursor, long head, int shift) {
        long node = takeEmpty(cursor, XaCursor.AT_HEAD, shift, 0);
        XaNodeStruct.changeCounts(node, 1, XaEntry.isValue(head) ? 1 : 0);
        XaNodeStruct.slot(node, 0, head);
        XaMarks.initOverHead(cursor.anchor, node);
        if (XaEntry.isNode(head)) {
            // Before the head, so that a reader who climbs out of the old tree finds the new top or none.
            // Release: the new top is complete; pairs with the acquire load of the parent.
            XaNodeStruct.parentRelease(XaEntry.nodeAddress(head), node);
        }
        long word = XaEntry.node(node, shift);
        XaFlags.publishTop(cursor.anchor, word);
        notify(cursor, node);
        return word;
    }

    /** Makes sure that the cursor has spare nodes; without them it is in the error ENOMEM. */
    static boolean reserve(XaCursor cursor, int nrNodes) {
        if (cursor.spares.reserve(nrNodes)) {
            return true;
        }
        cursor.setError(Errno.ENOMEM);
        return false;
    }

    /** First index that a node of the tree covers. */
    static long firstIndexOf(long node) {
        long index = 0;
        for (long child = node; XaNodeStruct.parent(child) != XaCursor.AT_HEAD; child = XaNodeStruct.parent(child)) {
            index |= (long) XaNodeStruct.offset(child) << (XaNodeStruct.shift(child) + XaWalk.LEVEL_BITS);
        }
        return index;
    }

    // ---- change and removal

    /** Changes the counts of the cursor's node, tells who wants to know, and removes the node if it is empty now. */
    static void changeCounts(XaCursor cursor, int nrFilled, int nrValues) {
        if (nrFilled == 0 && nrValues == 0) {
            return;
        }
        long node = cursor.node;
        XaNodeStruct.changeCounts(node, nrFilled, nrValues);
        notify(cursor, node);
        if (nrFilled < 0) {
            removeEmpty(cursor);
        }
    }

    static void notify(XaCursor cursor, long node) {
        @Nullable NodeUpdate update = cursor.array.update;
        if (update != null) {
            update.update(node);
        }
    }

    /**
     * Removes the cursor's node and those above it as far as they are empty, then levels of the top that are not
     * needed.
     */
    private static void removeEmpty(XaCursor cursor) {
        while (XaNodeStruct.count(cursor.node) == 0) {
            long node = cursor.node;
            boolean hasParent = XaWalk.ascend(cursor);
            if (!hasParent) {
                // Readers inside find every slot empty, which is what the array is.
                XaFlags.replaceTree(cursor.anchor, XaEntry.EMPTY);
                cursor.retired.add(node);
                cursor.node = XaCursor.BOUNDS;
                return;
            }
            // A reader inside the node finds it empty, which is what it is.
            XaNodeStruct.slotRelease(cursor.node, cursor.offset, XaEntry.EMPTY);
            XaNodeStruct.changeCounts(cursor.node, -1, 0);
            notify(cursor, cursor.node);
            cursor.retired.add(node);
        }
        if (XaNodeStruct.parent(cursor.node) == XaCursor.AT_HEAD) {
            shrink(cursor, cursor.node);
        }
    }

    /** Removes tops whose only entry is in slot 0, unless that is an entry of several indices (xas_shrink). */
    private static void shrink(XaCursor cursor, long topNode) {
        long top = topNode;
        while (XaNodeStruct.count(top) == 1) {
            long word = XaNodeStruct.slot(top, 0);
            boolean isNode = XaEntry.isNode(word);
            if (word == XaEntry.EMPTY || (!isNode && XaNodeStruct.shift(top) > 0)) {
                return;
            }
            cursor.node = XaCursor.BOUNDS;
            boolean isBusyZero = word == XaEntry.ZERO && XaFlags.isZeroBusy(cursor.anchor);
            if (isBusyZero) {
                // The array is empty from here on, and who stores into it next must find no mark.
                XaFlags.clearOwnMarks(cursor.anchor);
            }
            if (XaFlags.tracksFree(cursor.anchor) && !XaMarks.isMarked(top, 0, XArray.FREE_MARK)) {
                XaFlags.clearMarked(cursor.anchor, XArray.FREE_MARK);
            }
            if (isNode) {
                // Readers come in through the new head from here on; the node in it was published long ago.
                XArrayStruct.headRelease(cursor.anchor, word);
                // A reader that loaded the old top still gets to the node through it.
                retireEmptied(cursor, top);
                top = XaEntry.nodeAddress(word);
                XaNodeStruct.parentOpaque(top, XaCursor.AT_HEAD);
            } else {
                XaFlags.replaceTree(cursor.anchor, isBusyZero ? XaEntry.EMPTY : word);
                // After the head: a reader who meets it starts over and finds the entry there.
                XaNodeStruct.slotRelease(top, 0, XaEntry.RETRY);
                retireEmptied(cursor, top);
                return;
            }
        }
    }

    /** Gives the subtrees up whose slots the cursor's store has overwritten. */
    static void retireSubtrees(XaCursor cursor) {
        for (long word = cursor.retired.takeSubtree(); word != XaEntry.EMPTY; word = cursor.retired.takeSubtree()) {
            retireSubtree(cursor, word);
        }
    }

    /**
     * Gives a subtree up whose word no reader can load any more. Every slot of a leaf gets RETRY, as does every other
     * that holds an entry, so that readers inside start over; words of nodes stay, and lead them there.
     */
    static void retireSubtree(XaCursor cursor, long nodeWord) {
        long node = XaEntry.nodeAddress(nodeWord);
        if (XaEntry.nodeShift(nodeWord) == 0) {
            // Orders the store that cut the subtree off before all of these. Pairs with the acquire load of the slot:
            // who meets RETRY starts over and finds that store. One fence and plain stores cost half of 64 release
            // stores.
            VarHandle.releaseFence();
            XaNodeStruct.slots(node, 0, RETRIES, XaWalk.NR_SLOTS);
        } else {
            for (int slot = 0; slot < XaWalk.NR_SLOTS; slot++) {
                long word = XaNodeStruct.slot(node, slot);
                if (XaEntry.isNode(word)) {
                    retireSubtree(cursor, word);
                } else if (word != XaEntry.EMPTY) {
                    // Release: as above.
                    XaNodeStruct.slotRelease(node, slot, XaEntry.RETRY);
                }
            }
        }
        retireEmptied(cursor, node);
    }

    private static void retireEmptied(XaCursor cursor, long node) {
        XaNodeStruct.clearCounts(node);
        notify(cursor, node);
        cursor.retired.add(node);
    }
}
