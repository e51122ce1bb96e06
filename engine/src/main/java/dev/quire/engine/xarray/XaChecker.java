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
    /** Slots of a node of the highest shift that cover any index at all. */
    private static final int NR_SLOTS_AT_MAX_SHIFT = 1 << (Long.SIZE - XaWalk.MAX_SHIFT);

    private final XaNodePool pool;
    private final long anchor;
    private final boolean tracksFree;
    private long nrNodes;

    private XaChecker(XArray array) {
        pool = array.pool();
        anchor = array.openAnchor();
        tracksFree = XaFlags.tracksFree(anchor);
    }

    /**
     * Checks that
     *
     * <ul>
     *   <li>every node names its array, its parent and its slot there, its shift is 6 less than its parent's, and the
     *       word that leads to it says the same shift;
     *   <li>{@code count} is the number of slots in use, at least 1, and {@code nr_values} that of slots whose entry is
     *       a value;
     *   <li>siblings directly follow the entry they belong to, and nothing is left of a change in progress;
     *   <li>siblings and empty slots carry no mark, the bit of a slot that holds a node says whether the node has any,
     *       and the anchor's bit whether the top has; the free mark, where it is kept, is on every empty slot.
     * </ul>
     *
     * @param array the array; one without nodes that {@link XaCursor#createRange} has made and nothing was stored in
     * @return number of nodes in the tree
     * @throws AssertionError naming the index, node and field of the first violation
     * @throws IllegalStateException if the array or the engine is closed
     */
    public static long check(XArray array) {
        // Guards against the engine's close, not against changes.
        array.pool().lifetime().enter();
        try {
            XaChecker checker = new XaChecker(array);
            checker.checkHead();
            return checker.nrNodes;
        } finally {
            array.pool().lifetime().exit();
        }
    }

    private void checkHead() {
        long head = XArrayStruct.head(anchor);
        if (isNode(head)) {
            checkNode(head, 0, 0, 0);
        } else if (head != XaEntry.EMPTY && !isEntry(head)) {
            throw violation(0, 0, "head=" + XaEntry.toText(head));
        }
        if (XaFlags.hasTree(XArrayStruct.flagsOpaque(anchor)) != isNode(head)) {
            throw violation(
                    0,
                    0,
                    "flags=0x" + Integer.toHexString(XArrayStruct.flagsOpaque(anchor)) + ", head="
                            + XaEntry.toText(head));
        }
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            checkHeadMark(head, mark);
        }
    }

    /** An entry in the head has its marks in the flags and nowhere else. */
    private void checkHeadMark(long head, int mark) {
        boolean isMarked = XaFlags.isMarked(anchor, mark);
        boolean mustBe = isMarked;
        if (XaEntry.isNode(head)) {
            mustBe = hasMark(head, mark);
        } else if (head == XaEntry.EMPTY) {
            // With index 0 busy it is there only if someone stored to that and erased it.
            mustBe = XaFlags.isFreeMark(anchor, mark) && (isMarked || !XaFlags.isZeroBusy(anchor));
        }
        if (isMarked != mustBe) {
            throw violation(0, 0, "flags, mark " + mark + "=" + isMarked + ", want=" + mustBe);
        }
    }

    private void checkNode(long nodeWord, long base, long parent, int slotInParent) {
        long node = XaEntry.nodeAddress(nodeWord);
        int shift = XaEntry.nodeShift(nodeWord);
        nrNodes++;
        requireField(base, node, "array", XaNodeStruct.array(node), anchor);
        requireField(base, node, "parent", XaNodeStruct.parent(node), parent);
        requireField(base, node, "offset", XaNodeStruct.offset(node), slotInParent);
        requireField(base, node, "shift", XaNodeStruct.shift(node), shift);
        if (parent != 0) {
            requireField(base, node, "shift", shift, XaNodeStruct.shift(parent) - XaWalk.LEVEL_BITS);
        }
        for (int slot = 0; slot < XaWalk.NR_SLOTS; slot++) {
            long index = base + ((long) slot << shift);
            checkSlot(node, shift, slot, index);
            for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
                checkMark(node, slot, index, mark);
            }
        }
        checkCounts(node, base);
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
        requireField(base, node, "count", XaNodeStruct.count(node), count);
        requireField(base, node, "nr_values", XaNodeStruct.nrValues(node), nrValues);
        if (count == 0) {
            throw violation(base, node, "count=0 in a node that is attached");
        }
    }

    private void checkSlot(long node, int shift, int slot, long index) {
        long word = XaNodeStruct.slot(node, slot);
        if (word == XaEntry.EMPTY) {
            return;
        }
        if (shift == XaWalk.MAX_SHIFT && slot >= NR_SLOTS_AT_MAX_SHIFT) {
            throw violation(index, node, "slot " + slot + "=" + XaEntry.toText(word) + " behind the last index");
        }
        if (XaEntry.isSibling(word)) {
            checkSibling(node, slot, index);
        } else if (isNode(word) && shift > 0) {
            checkNode(word, index, node, slot);
        } else if (!isEntry(word)) {
            throw violation(index, node, "slot " + slot + "=" + XaEntry.toText(word) + " in a node of shift " + shift);
        }
    }

    private static void checkSibling(long node, int slot, long index) {
        int canonical = XaEntry.siblingSlot(XaNodeStruct.slot(node, slot));
        boolean isApart = canonical >= slot;
        for (int between = canonical + 1; between < slot; between++) {
            isApart |= !XaEntry.isSibling(XaNodeStruct.slot(node, between));
        }
        if (isApart || !isEntry(entryOf(node, slot))) {
            throw violation(index, node, "slot " + slot + "=s" + canonical + " does not follow an entry there");
        }
    }

    private void checkMark(long node, int slot, long index, int mark) {
        long word = XaNodeStruct.slot(node, slot);
        boolean isMarked = XaMarks.isMarked(node, slot, mark);
        boolean mustBe = isMarked;
        if (isNode(word)) {
            mustBe = hasMark(word, mark);
        } else if (XaEntry.isSibling(word)) {
            mustBe = false;
        } else if (word == XaEntry.EMPTY) {
            mustBe = tracksFree && mark == XArray.FREE_MARK;
        }
        if (isMarked != mustBe) {
            throw violation(index, node, "mark " + mark + " of slot " + slot + "=" + isMarked + ", want=" + mustBe);
        }
    }

    private static boolean hasMark(long nodeWord, int mark) {
        return XaNodeStruct.marksOpaque(XaEntry.nodeAddress(nodeWord), mark) != 0;
    }

    /** A word that would lead out of the slab is none: whatever damage the checker finds, it does not follow it. */
    private boolean isNode(long word) {
        return XaEntry.isNode(word) && pool.isNode(XaEntry.nodeAddress(word));
    }

    private static boolean isEntry(long word) {
        return XaEntry.isValue(word) || XaEntry.isPointer(word) || word == XaEntry.ZERO;
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

    private static void requireField(long index, long node, String field, long actual, long expected) {
        if (actual != expected) {
            throw violation(index, node, field + "=" + actual + ", want=" + expected);
        }
    }

    private static AssertionError violation(long index, long node, String what) {
        return new AssertionError(
                "index=0x" + Long.toHexString(index) + ", node=0x" + Long.toHexString(node) + ": " + what);
    }
}
