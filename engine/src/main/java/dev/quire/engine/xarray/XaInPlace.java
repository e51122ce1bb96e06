/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;

/**
 * Changes of one entry that leave the tree as it is: only its slots change, and the counts of their node. Most stores,
 * insertions and erasures are such. The outcome is that of the general way ({@link XaStore}); what is saved is the
 * cursor's bookkeeping, and with it so many instructions that the processor fetches the cache lines of the next changes
 * while this one still waits for its own.
 *
 * <p>Under the array's lock. What returns {@link #NOT_IN_PLACE} has changed nothing; the cursor is at what covers the
 * index, at the level of its range or above, or not walked, and the change must go the general way from there.
 */
final class XaInPlace {
    /** The change is not one of these; no entry is this word. */
    static final long NOT_IN_PLACE = XaEntry.RETRY;

    /** With fewer slots in use a node may have to go, or the tree to shrink. */
    private static final int MIN_COUNT_AFTER_ERASE = 2;

    private XaInPlace() {}

    /** Stores a value or a pointer over the range of an order: what was there, or {@link #NOT_IN_PLACE}. */
    static long store(XaCursor cursor, long index, int order, long entry) {
        cursor.setWidth(order);
        long word = goToEntry(cursor, index);
        if (word == XaEntry.EMPTY) {
            return fill(cursor, entry);
        }
        if (XaEntry.isInternal(word) || !XaEntry.isSameKind(word, entry) || !isWithinEntry(cursor)) {
            return NOT_IN_PLACE;
        }
        // Release: what the entry leads to. Pairs with the acquire load of the slot.
        XaNodeStruct.slotRelease(cursor.node, cursor.offset, entry);
        // A store through a cursor may have left it.
        XaMarks.clearFree(cursor);
        return word;
    }

    /** Stores a value or a pointer at an index if nothing is there: what was there, or {@link #NOT_IN_PLACE}. */
    static long insert(XaCursor cursor, long index, long entry) {
        cursor.setWidth(0);
        long word = goToEntry(cursor, index);
        if (word == XaEntry.EMPTY) {
            return fill(cursor, entry);
        }
        return XaEntry.isInternal(word) ? NOT_IN_PLACE : word;
    }

    /** Removes the whole entry that covers an index: what was there, or {@link #NOT_IN_PLACE}. */
    static long erase(XaCursor cursor, long index) {
        cursor.setWidth(0);
        long word = goToEntry(cursor, index);
        if (word == XaEntry.EMPTY) {
            return word;
        }
        if (XaEntry.isInternal(word) || isWatched(cursor) || !XaFlags.isUnmarked(cursor.anchor)) {
            return NOT_IN_PLACE;
        }
        long node = cursor.node;
        int first = cursor.offset;
        int nrSlots = 1 + XaStore.nrSiblingsAfter(node, first);
        if (XaNodeStruct.count(node) - nrSlots < MIN_COUNT_AFTER_ERASE) {
            return NOT_IN_PLACE;
        }
        for (int slot = first; slot < first + nrSlots; slot++) {
            // Release, as every store to a slot that readers reach; nothing hangs on this one.
            XaNodeStruct.slotRelease(node, slot, XaEntry.EMPTY);
        }
        XaNodeStruct.changeCounts(node, -nrSlots, XaEntry.isValue(word) ? -nrSlots : 0);
        return word;
    }

    /** Fills the cursor's slots if all are empty and of the level of its order: EMPTY, or {@link #NOT_IN_PLACE}. */
    private static long fill(XaCursor cursor, long entry) {
        long node = cursor.node;
        int first = cursor.offset;
        int nrSlots = cursor.sibs + 1;
        if (cursor.nodeShift != cursor.shift || isWatched(cursor)) {
            return NOT_IN_PLACE;
        }
        for (int slot = first + 1; slot < first + nrSlots; slot++) {
            if (XaNodeStruct.slot(node, slot) != XaEntry.EMPTY) {
                return NOT_IN_PLACE;
            }
        }
        long siblingStamp = nrSlots == 1 ? 0 : cursor.array.nextSiblingStamp();
        XaStore.publish(node, first, first + nrSlots, entry, siblingStamp);
        XaNodeStruct.changeCounts(node, nrSlots, XaEntry.isValue(entry) ? nrSlots : 0);
        return XaEntry.EMPTY;
    }

    /** Whether the cursor's range is no more than the entry at its position. */
    private static boolean isWithinEntry(XaCursor cursor) {
        if (cursor.nodeShift != cursor.shift) {
            return cursor.nodeShift > cursor.shift;
        }
        for (int slot = cursor.offset + cursor.sibs; slot > cursor.offset; slot--) {
            if (!XaEntry.isSiblingOf(XaNodeStruct.slot(cursor.node, slot), cursor.offset)) {
                return false;
            }
        }
        return true;
    }

    /** Whether changed counts mean more than the counts: somebody to tell, or free indices to mark. */
    private static boolean isWatched(XaCursor cursor) {
        return cursor.array.update != null || XaFlags.tracksFree(cursor.anchor);
    }

    /**
     * Goes down to what covers an index, at its canonical slot, but not below the level of the cursor's range, where a
     * change goes on that is not in place.
     *
     * @return the word there, or {@link #NOT_IN_PLACE} if no node covers the index
     */
    private static long goToEntry(XaCursor cursor, long index) {
        cursor.index = index;
        long word = XArrayStruct.head(cursor.anchor);
        if (!XaEntry.isNode(word) || !XaWalk.covers(XaEntry.nodeShift(word), index)) {
            cursor.reset();
            return NOT_IN_PLACE;
        }
        int shift = XaEntry.nodeShift(word);
        while (true) {
            long node = XaEntry.nodeAddress(word);
            int slot = XaWalk.slotOf(index, shift);
            word = XaNodeStruct.slot(node, slot);
            if (!XaEntry.isNode(word) || shift <= cursor.shift) {
                return settle(cursor, node, shift, slot, word);
            }
            shift -= XaWalk.LEVEL_BITS;
        }
    }

    /** Puts the cursor at a slot, or the canonical one of its sibling: the word there. */
    private static long settle(XaCursor cursor, long node, int shift, int firstSlot, long firstWord) {
        int slot = firstSlot;
        long word = firstWord;
        while (XaEntry.isSibling(word)) {
            slot = XaEntry.siblingSlot(word);
            word = XaNodeStruct.slot(node, slot);
        }
        cursor.node = node;
        cursor.nodeShift = shift;
        cursor.offset = slot;
        return word;
    }
}
