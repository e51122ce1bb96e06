/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;

/**
 * Ways through the tree: from the head down to an index, and from one slot to the next.
 *
 * <p>Everything here may run beside a writer. The head and the slots are loaded with acquire, which pairs with the
 * release stores that publish them: the contents of a node are visible to whoever found the node's word. (Under the
 * lock plain loads would do; they cost the same.) A reader that got into a node that was cut off meanwhile stays safe,
 * since nodes are reused only after a grace period, and meets {@link XaEntry#RETRY} where the writer left it.
 */
final class XaWalk {
    /** Slots of a node. */
    static final int NR_SLOTS = XaNodeStruct.NR_SLOTS;

    /** Index bits that one level takes. */
    static final int LEVEL_BITS = 6;

    /** Shift of the highest node there can be. */
    static final int MAX_SHIFT = 60;

    private static final int SLOT_MASK = NR_SLOTS - 1;

    private static final int NO_ORDER = -1;

    private XaWalk() {}

    // ---- without a cursor

    /** Looks an index up: the path behind {@link XArray#load}. Never returns RETRY or a node. */
    static long load(long anchor, long index) {
        long word;
        do {
            word = XArrayStruct.headAcquire(anchor);
            if (!XaEntry.isNode(word)) {
                return index == 0 ? word : XaEntry.EMPTY;
            }
            int shift = XaEntry.nodeShift(word);
            if (!covers(shift, index)) {
                return XaEntry.EMPTY;
            }
            word = loadBelow(word, shift, index);
        } while (word == XaEntry.RETRY);
        return word;
    }

    /** Counts the shift down from the head word's, so that no step waits for anything but the slot before it. */
    private static long loadBelow(long nodeWord, int topShift, long index) {
        long word = nodeWord;
        int shift = topShift;
        while (true) {
            long node = XaEntry.nodeAddress(word);
            word = XaNodeStruct.slotAcquire(node, slotOf(index, shift));
            if (!XaEntry.isInternal(word)) {
                return word;
            }
            if (!XaEntry.isNode(word)) {
                return XaEntry.isSibling(word) ? loadCanonical(node, slotOf(index, shift), word) : word;
            }
            shift -= LEVEL_BITS;
        }
    }

    /**
     * Follows a slot's sibling to its canonical slot: the word there, or RETRY if it is not the sibling's. Between the
     * loads of the two slots a writer may have erased, split or replaced the entry, and stored another, or a node, at
     * the canonical slot alone: so the sibling is loaded again. No two stored into a slot are the same: if it is there
     * now, it was there all the time.
     */
    static long loadCanonical(long node, int slot, long sibling) {
        long word = XaNodeStruct.slotAcquire(node, XaEntry.siblingSlot(sibling));
        if (XaEntry.isSibling(word)) {
            return loadAtEnd(node, slot, way(node, sibling));
        }
        return XaNodeStruct.slotAcquire(node, slot) == sibling ? word : XaEntry.RETRY;
    }

    /**
     * The way from a sibling to a canonical slot: that slot, and above it the newest stamp on the way. It leads through
     * other siblings after a store over parts of others, and during one. They point downwards, so that it ends.
     */
    private static long way(long node, long sibling) {
        long newestStamp = 0;
        int slot;
        long word = sibling;
        do {
            newestStamp = Math.max(newestStamp, XaEntry.siblingStamp(word));
            slot = XaEntry.siblingSlot(word);
            word = XaNodeStruct.slotAcquire(node, slot);
        } while (XaEntry.isSibling(word));
        return newestStamp << LEVEL_BITS | slot;
    }

    private static int endOf(long way) {
        return (int) way & SLOT_MASK;
    }

    /**
     * The word at the end of a way, or RETRY if the way is another by now. If it is the same, each sibling on it was
     * there when the word was loaded: one stored since has a newer stamp than all that were seen.
     */
    private static long loadAtEnd(long node, int slot, long way) {
        long word = XaNodeStruct.slotAcquire(node, endOf(way));
        long sibling = XaNodeStruct.slotAcquire(node, slot);
        boolean isUnchanged = XaEntry.isSibling(sibling) && way(node, sibling) == way;
        return isUnchanged ? word : XaEntry.RETRY;
    }

    /** The canonical slot of a sibling, or of what that is a sibling of: a store over parts of others leaves such. */
    static int canonicalSlot(long node, long sibling) {
        int slot;
        long word = sibling;
        do {
            slot = XaEntry.siblingSlot(word);
            word = XaNodeStruct.slotAcquire(node, slot);
        } while (XaEntry.isSibling(word));
        return slot;
    }

    /** Order of the entry that covers an index: the path behind {@link XArray#getOrder}. */
    static int getOrder(long anchor, long index) {
        while (true) {
            long word = XArrayStruct.headAcquire(anchor);
            if (!XaEntry.isNode(word) || !covers(XaEntry.nodeShift(word), index)) {
                return 0;
            }
            long node;
            int shift;
            do {
                node = XaEntry.nodeAddress(word);
                shift = XaEntry.nodeShift(word);
                word = XaNodeStruct.slotAcquire(node, slotOf(index, shift));
            } while (XaEntry.isNode(word));
            int order = settledOrder(node, shift, slotOf(index, shift), word);
            if (order != NO_ORDER) {
                return order;
            }
        }
    }

    /**
     * Order of the entry that a slot's word belongs to, or NO_ORDER if the node was cut off or the slot changed
     * meanwhile. A split begins at an entry's last slot, and a store ends there: for that slot the order is exact.
     */
    private static int settledOrder(long node, int shift, int slot, long wordAtSlot) {
        int canonical = XaEntry.isSibling(wordAtSlot) ? canonicalSlot(node, wordAtSlot) : slot;
        long word = XaNodeStruct.slotAcquire(node, canonical);
        if (word == XaEntry.EMPTY) {
            return 0;
        }
        int order = orderAt(node, shift, canonical);
        int slotAfter = canonical + (1 << (order - shift));
        boolean isCutOff = word == XaEntry.RETRY
                || (slotAfter < NR_SLOTS && XaNodeStruct.slotAcquire(node, slotAfter) == XaEntry.RETRY);
        boolean isUnchanged =
                XaNodeStruct.slotAcquire(node, slot) == wordAtSlot && XaNodeStruct.slotAcquire(node, canonical) == word;
        return isUnchanged && !isCutOff && !XaEntry.isNode(word) ? order : NO_ORDER;
    }

    private static int orderAt(long node, int shift, int canonicalSlot) {
        int order = 0;
        while (canonicalSlot + (1 << order) < NR_SLOTS
                && XaEntry.isSibling(XaNodeStruct.slotAcquire(node, canonicalSlot + (1 << order)))) {
            order++;
        }
        return order + shift;
    }

    /** Whether a top node of this shift covers an index. */
    static boolean covers(int shift, long index) {
        // In two steps, since a top node of shift 60 covers more than 64 bits.
        return index >>> shift >>> LEVEL_BITS == 0;
    }

    /** Slot of a node of this shift that covers an index. */
    static int slotOf(long index, int shift) {
        return (int) (index >>> shift) & SLOT_MASK;
    }

    /** First index covered by a slot of the node of this shift that covers {@code index}. */
    static long indexOfSlot(long index, int shift, int slot) {
        long base = index >>> shift >>> LEVEL_BITS << LEVEL_BITS << shift;
        return base + ((long) slot << shift);
    }

    /** First index of the slot that a cursor is at, whatever its own index is; 0 at the head. Under the lock. */
    static long firstIndex(XaPosition position) {
        long first = 0;
        int slot = position.offset;
        int shift = position.nodeShift;
        for (long node = position.node; node != XaPosition.AT_HEAD; node = XaNodeStruct.parent(node)) {
            first |= (long) slot << shift;
            slot = XaNodeStruct.offset(node);
            shift += LEVEL_BITS;
        }
        return first;
    }

    /** Whether one node of this shift covers both indices. */
    static boolean isSameNode(long index, long other, int shift) {
        return covers(shift, index ^ other);
    }

    // ---- with a cursor

    /** Goes to the head: leaves the cursor at the head, or past the end if the tree does not reach the index. */
    static long start(XaCursor cursor) {
        cursor.array.requireOpen();
        long word = XArrayStruct.headAcquire(cursor.anchor);
        boolean covered = XaEntry.isNode(word) ? covers(XaEntry.nodeShift(word), cursor.index) : cursor.index == 0;
        cursor.node = covered ? XaCursor.AT_HEAD : XaCursor.BOUNDS;
        return covered ? word : XaEntry.EMPTY;
    }

    /** Enters a node at the slot that covers the index, or the canonical one of that. */
    static long descend(XaCursor cursor, long nodeWord) {
        enter(cursor, nodeWord);
        int slot = slotOf(cursor.index, cursor.nodeShift);
        long word = XaNodeStruct.slotAcquire(cursor.node, slot);
        cursor.offset = slot;
        if (!XaEntry.isSibling(word)) {
            return word;
        }
        long way = way(cursor.node, word);
        cursor.offset = endOf(way);
        return loadAtEnd(cursor.node, slot, way);
    }

    /**
     * Walks from the head to the entry that covers the index, for a caller that has the lock: what it finds stays, so
     * siblings are followed without looking twice.
     */
    static long loadLocked(XaCursor cursor) {
        return loadLockedBelow(cursor, start(cursor));
    }

    /** The same from the word of a node that covers the index; any other is the entry itself. */
    static long loadLockedBelow(XaCursor cursor, long wordAbove) {
        long word = wordAbove;
        while (XaEntry.isNode(word)) {
            enter(cursor, word);
            cursor.offset = slotOf(cursor.index, cursor.nodeShift);
            word = goToCanonical(cursor, XaNodeStruct.slotAcquire(cursor.node, cursor.offset));
        }
        return word;
    }

    /** Makes the node of a word the cursor's. */
    static void enter(XaCursor cursor, long nodeWord) {
        cursor.node = XaEntry.nodeAddress(nodeWord);
        cursor.nodeShift = XaEntry.nodeShift(nodeWord);
    }

    /**
     * Goes to the slot of the parent that holds the cursor's node; false at the top, which leaves the cursor at the
     * head.
     */
    static boolean ascend(XaCursor cursor) {
        long node = cursor.node;
        // Growing and shrinking change the parent of a live node; either is a valid way for a reader. Acquire: a parent
        // that came by growing is complete; pairs with its publication there.
        long parent = XaNodeStruct.parentAcquire(node);
        cursor.offset = XaNodeStruct.offset(node);
        cursor.node = parent;
        cursor.nodeShift += LEVEL_BITS;
        return parent != XaCursor.AT_HEAD;
    }

    static long load(XaCursor cursor) {
        if (cursor.isInError()) {
            return XaEntry.EMPTY;
        }
        long word = cursor.isValid() ? reload(cursor) : start(cursor);
        while (XaEntry.isNode(word) && cursor.shift <= XaEntry.nodeShift(word)) {
            word = descend(cursor, word);
        }
        return word;
    }

    static long reload(XaCursor cursor) {
        if (cursor.node == XaCursor.AT_HEAD) {
            cursor.array.requireOpen();
            return XArrayStruct.headAcquire(cursor.anchor);
        }
        int slot = cursor.isAtConflict() ? cursor.offset : slotOf(cursor.index, cursor.nodeShift);
        long word = XaNodeStruct.slotAcquire(cursor.node, slot);
        return XaEntry.isSibling(word) ? loadCanonical(cursor.node, slot, word) : word;
    }

    static int getOrder(XaCursor cursor) {
        return cursor.node == XaCursor.AT_HEAD ? 0 : orderAt(cursor.node, cursor.nodeShift, cursor.offset);
    }

    static long next(XaCursor cursor) {
        return step(cursor, 1);
    }

    static long prev(XaCursor cursor) {
        return step(cursor, -1);
    }

    private static long step(XaCursor cursor, int direction) {
        if (cursor.isFrozen()) {
            return load(cursor);
        }
        long before = cursor.index;
        cursor.index = before + direction;
        if (cursor.node == XaCursor.AT_HEAD) {
            cursor.node = XaCursor.BOUNDS;
            return XaEntry.EMPTY;
        }
        if (cursor.node == XaCursor.BOUNDS) {
            return load(cursor);
        }
        while (!isSameNode(before, cursor.index, cursor.nodeShift)) {
            if (!ascend(cursor)) {
                cursor.node = XaCursor.BOUNDS;
                return XaEntry.EMPTY;
            }
        }
        return descendToSlot(cursor);
    }

    /**
     * From the cursor's node, which covers the index, down to the last slot that does. Returns the word of that, also
     * if it is a sibling; the position is its canonical slot, so that a change there changes the whole entry.
     */
    private static long descendToSlot(XaCursor cursor) {
        while (true) {
            cursor.offset = slotOf(cursor.index, cursor.nodeShift);
            long word = XaNodeStruct.slotAcquire(cursor.node, cursor.offset);
            if (!XaEntry.isNode(word)) {
                goToCanonical(cursor, word);
                return word;
            }
            enter(cursor, word);
        }
    }

    /** Goes from the cursor's slot to the canonical one; returns the word there. */
    private static long goToCanonical(XaCursor cursor, long wordAtSlot) {
        long word = wordAtSlot;
        while (XaEntry.isSibling(word)) {
            cursor.offset = XaEntry.siblingSlot(word);
            word = XaNodeStruct.slotAcquire(cursor.node, cursor.offset);
        }
        return word;
    }

    /**
     * The slot where a search goes on from a valid position: after that of the index, which lies behind the cursor's if
     * the entry covered both when it was found; it may have been split since.
     */
    static int slotAfter(XaCursor cursor) {
        return Math.max(cursor.offset, slotOf(cursor.index, cursor.nodeShift)) + 1;
    }

    static void pause(XaCursor cursor) {
        if (!cursor.isValid()) {
            return;
        }
        cursor.index = indexAfterEntry(cursor);
        cursor.node = cursor.index == 0 ? XaCursor.BOUNDS : XaCursor.RESTART;
    }

    /** First index behind the entry at a valid position, 0 if there is none. */
    static long indexAfterEntry(XaCursor cursor) {
        return cursor.node == XaCursor.AT_HEAD
                ? cursor.index + 1
                : indexOfSlot(cursor.index, cursor.nodeShift, slotAfterEntry(cursor));
    }

    /**
     * The slot after the siblings of the entry at a valid position, or of the piece of it that covers the index. A
     * sibling of a slot before the entry's is of another, which has taken the place of this one, and of what has not
     * been searched yet.
     */
    private static int slotAfterEntry(XaCursor cursor) {
        int end = slotAfter(cursor);
        while (end < NR_SLOTS) {
            long word = XaNodeStruct.slotAcquire(cursor.node, end);
            if (!XaEntry.isSibling(word) || XaEntry.siblingSlot(word) < cursor.offset) {
                break;
            }
            end++;
        }
        return end;
    }

    static void advance(XaCursor cursor, long index) {
        long before = cursor.index;
        cursor.index = index;
        if (!cursor.isValid()) {
            return;
        }
        boolean isCovered = cursor.node != XaCursor.AT_HEAD && isSameNode(before, index, cursor.nodeShift);
        long word = isCovered ? XaEntry.node(cursor.node, cursor.nodeShift) : start(cursor);
        while (XaEntry.isNode(word)) {
            word = descend(cursor, word);
        }
    }
}
