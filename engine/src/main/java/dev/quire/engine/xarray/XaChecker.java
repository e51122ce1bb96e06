/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;

/**
 * Verifies the shape of an array: everything about the tree that must hold while nobody changes it. For tests, and for
 * users who want to know whether they may trust what they see.
 *
 * <p>Used by one thread at a time; the array must be quiescent, or locked by the caller.
 */
public final class XaChecker {
    private final long anchor;
    private final boolean tracksFree;
    private long nrNodes;

    private XaChecker(XArray array) {
        anchor = array.anchor();
        tracksFree = XArray.tracksFree(anchor);
    }

    /**
     * Checks that
     *
     * <ul>
     *   <li>every node names its array, its parent and its slot there, its shift is 6 less than its parent's, and the word
     *       that leads to it says the same shift;
     *   <li>{@code count} is the number of slots in use, at least 1, and {@code nr_values} that of slots whose entry is a
     *       value;
     *   <li>siblings directly follow the entry they belong to, and nothing is left of a change in progress;
     *   <li>siblings and empty slots carry no mark, the bit of a slot that holds a node says whether the node has any, and the
     *       anchor's bit whether the top has; the free mark, where it is kept, is on every empty slot.
     * </ul>
     *
     * @param array the array
     * @return number of nodes in the tree
     * @throws AssertionError naming the index, node and field of the first violation
     */
    public static long check(XArray array) {
        XaChecker checker = new XaChecker(array);
        checker.checkHead();
        return checker.nrNodes;
    }

    private void checkHead() {
        long head = XArrayStruct.head(anchor);
        require(
                !XaEntry.isInternal(head) || XaEntry.isNode(head) || head == XaEntry.ZERO,
                0,
                0,
                "head",
                XaEntry.toText(head),
                "an entry or a node");
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            boolean isMarked = XaMarks.isMarked(anchor, mark);
            if (XaEntry.isNode(head)) {
                boolean topHasMark = XaNodeStruct.marksOpaque(XaEntry.nodeAddress(head), mark) != 0;
                require(isMarked == topHasMark, 0, 0, "flags, mark " + mark, isMarked, topHasMark);
            } else if (head == XaEntry.EMPTY) {
                boolean isFree = mark == XArray.FREE_MARK && tracksFree && !XArray.isZeroBusy(anchor);
                require(isMarked == isFree, 0, 0, "flags, mark " + mark, isMarked, isFree);
            }
        }
        if (XaEntry.isNode(head)) {
            checkNode(head, 0, 0, 0);
        }
    }

    private void checkNode(long nodeWord, long base, long parent, int slotInParent) {
        long node = XaEntry.nodeAddress(nodeWord);
        nrNodes++;
        require(XaNodeStruct.array(node) == anchor, base, node, "array", XaNodeStruct.array(node), anchor);
        require(XaNodeStruct.parent(node) == parent, base, node, "parent", XaNodeStruct.parent(node), parent);
        require(
                XaNodeStruct.offset(node) == slotInParent,
                base,
                node,
                "offset",
                XaNodeStruct.offset(node),
                slotInParent);
        int shift = XaEntry.nodeShift(nodeWord);
        require(XaNodeStruct.shift(node) == shift, base, node, "shift", XaNodeStruct.shift(node), shift);
        int shiftBelowParent = parent == 0 ? shift : XaNodeStruct.shift(parent) - XaWalk.LEVEL_BITS;
        require(shift == shiftBelowParent && shift >= 0, base, node, "shift", shift, shiftBelowParent);
        checkCounts(node, base);
        for (int slot = 0; slot < XaWalk.NR_SLOTS; slot++) {
            checkSlot(node, shift, slot, base + ((long) slot << shift));
        }
    }

    private static void checkCounts(long node, long base) {
        int count = 0;
        int nrValues = 0;
        for (int slot = 0; slot < XaWalk.NR_SLOTS; slot++) {
            if (XaNodeStruct.slot(node, slot) != XaEntry.EMPTY) {
                count++;
                nrValues += XaEntry.isValue(entryOf(node, slot)) ? 1 : 0;
            }
        }
        require(XaNodeStruct.count(node) == count, base, node, "count", XaNodeStruct.count(node), count);
        require(count > 0, base, node, "count", count, "at least 1");
        require(
                XaNodeStruct.nrValues(node) == nrValues,
                base,
                node,
                "nr_values",
                XaNodeStruct.nrValues(node),
                nrValues);
    }

    private void checkSlot(long node, int shift, int slot, long index) {
        long word = XaNodeStruct.slot(node, slot);
        if (word != XaEntry.EMPTY) {
            require(isReachable(shift, slot), index, node, "slot " + slot, XaEntry.toText(word), "empty");
        }
        require(word != XaEntry.RETRY, index, node, "slot " + slot, XaEntry.toText(word), "none");
        if (XaEntry.isSibling(word)) {
            checkSibling(node, slot, index);
        } else if (XaEntry.isNode(word)) {
            require(shift > 0, index, node, "slot " + slot, "a node", "an entry");
            checkNode(word, index, node, slot);
        } else {
            require(
                    !XaEntry.isInternal(word) || word == XaEntry.ZERO,
                    index,
                    node,
                    "slot " + slot,
                    XaEntry.toText(word),
                    "an entry");
        }
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            checkMark(node, slot, index, mark);
        }
    }

    /** At the highest shift, 64 slots would cover more than all indices. */
    private static boolean isReachable(int shift, int slot) {
        return shift < XaWalk.MAX_SHIFT || slot < 1 << (Long.SIZE - XaWalk.MAX_SHIFT);
    }

    private static void checkSibling(long node, int slot, long index) {
        int canonical = XaEntry.siblingSlot(XaNodeStruct.slot(node, slot));
        require(canonical < slot, index, node, "sibling in slot " + slot, canonical, "less than " + slot);
        for (int between = canonical + 1; between < slot; between++) {
            long word = XaNodeStruct.slot(node, between);
            require(XaEntry.isSibling(word), index, node, "slot " + between, XaEntry.toText(word), "a sibling");
        }
        long entry = entryOf(node, slot);
        boolean isEntry = XaEntry.isValue(entry) || XaEntry.isPointer(entry) || entry == XaEntry.ZERO;
        require(isEntry, index, node, "entry of slot " + slot, XaEntry.toText(entry), "an entry");
    }

    private void checkMark(long node, int slot, long index, int mark) {
        long word = XaNodeStruct.slot(node, slot);
        boolean isMarked = XaMarks.isMarked(node, slot, mark);
        String field = "mark " + mark + " of slot " + slot;
        if (XaEntry.isNode(word)) {
            boolean childHasMark = XaNodeStruct.marksOpaque(XaEntry.nodeAddress(word), mark) != 0;
            require(isMarked == childHasMark, index, node, field, isMarked, childHasMark);
        } else if (XaEntry.isSibling(word)) {
            require(!isMarked, index, node, field, true, false);
        } else if (word == XaEntry.EMPTY) {
            boolean isFree = mark == XArray.FREE_MARK && tracksFree;
            require(isMarked == isFree, index, node, field, isMarked, isFree);
        }
    }

    /** The word of the entry that a slot belongs to; ranges stored over parts of others leave siblings of siblings. */
    private static long entryOf(long node, int slot) {
        long word = XaNodeStruct.slot(node, slot);
        int canonical = slot;
        while (XaEntry.isSibling(word) && XaEntry.siblingSlot(word) < canonical) {
            canonical = XaEntry.siblingSlot(word);
            word = XaNodeStruct.slot(node, canonical);
        }
        return word;
    }

    private static void require(boolean holds, long index, long node, String field, Object actual, Object expected) {
        if (!holds) {
            throw new AssertionError("index=0x" + Long.toHexString(index) + ", node=0x" + Long.toHexString(node) + ", "
                    + field + ": is " + actual + ", must be " + expected);
        }
    }
}
