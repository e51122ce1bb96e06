/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;

/**
 * Stores and erases through a cursor (xas_store). All of it runs under the array's lock.
 *
 * <p>Every store to a slot of a reachable node is a release: a reader that loads the word with acquire sees what it
 * leads to complete.
 */
final class XaStore {
    private XaStore() {}

    static long store(XaCursor cursor, long entry) {
        long current = entry == XaEntry.EMPTY ? loadRange(cursor) : XaPath.create(cursor, entry != XaEntry.ZERO);
        if (!cursor.isValid()) {
            return current;
        }
        long before = current;
        if (cursor.node == XaCursor.AT_HEAD) {
            storeAtHead(cursor, entry, current);
        } else {
            before = storeInNode(cursor, entry, current);
        }
        cursor.retired.flush();
        return before;
    }

    /** Walks to the slots of the cursor's range; anew if the position is below them. */
    private static long loadRange(XaCursor cursor) {
        if (cursor.isValid() && cursor.node != XaCursor.AT_HEAD && cursor.nodeShift < cursor.shift) {
            cursor.reset();
        }
        return XaWalk.load(cursor);
    }

    private static void storeAtHead(XaCursor cursor, long entry, long current) {
        if (entry == XaEntry.EMPTY && current == XaEntry.EMPTY) {
            return;
        }
        if (entry == XaEntry.EMPTY) {
            XaMarks.init(cursor);
        }
        replaceHead(cursor, entry, current);
    }

    /** Stores a word that is no node; a tree that was there is cut off, readers inside meet RETRY in its leaves. */
    private static void replaceHead(XaCursor cursor, long entry, long current) {
        if (XaEntry.isNode(current)) {
            XaFlags.replaceTree(cursor.anchor, entry);
            XaPath.retireSubtree(cursor, current);
        } else {
            // Publishes nothing but the word itself. Pairs with the acquire load of the head.
            XArrayStruct.headRelease(cursor.anchor, entry);
        }
    }

    /** Returns what the last slot belonged to before. */
    private static long storeInNode(XaCursor cursor, long entry, long current) {
        if (cursor.shift < cursor.nodeShift) {
            // The whole of a larger entry, or of an empty slot above the cursor's level, is the target.
            cursor.sibs = 0;
        }
        if (cursor.sibs == 0 && entry == current) {
            return current;
        }
        if (entry != XaEntry.EMPTY) {
            return overwrite(cursor, entry, current);
        }
        // Before the slots are empty; see XaMarks.
        XaMarks.initRange(cursor);
        return erase(cursor, current);
    }

    /**
     * Where the range is only a part of a wider entry at its level, the rest of that entry's slots follow it, and are
     * counted with it (the original then counts too few or too many values).
     */
    private static long overwrite(XaCursor cursor, long entry, long current) {
        long node = cursor.node;
        int end = cursor.offset + cursor.sibs + 1;
        int nrFilled = 0;
        int nrValuesBefore = 0;
        long canonical = current;
        for (int slot = cursor.offset; slot < end; slot++) {
            long before = XaNodeStruct.slot(node, slot);
            if (!XaEntry.isSibling(before) && slot > cursor.offset) {
                canonical = before;
            }
            if (before == XaEntry.EMPTY) {
                nrFilled++;
            } else if (XaEntry.isValue(canonical)) {
                nrValuesBefore++;
            } else if (XaEntry.isNode(before)) {
                cursor.retired.addSubtree(before);
            }
        }
        publishUnited(cursor, end, entry);
        XaPath.retireSubtrees(cursor);
        int nrSlots = cursor.sibs + 1;
        if (XaEntry.isValue(entry) != XaEntry.isValue(canonical)) {
            int nrTrailing = nrSiblingsAfter(node, end - 1);
            nrSlots += nrTrailing;
            nrValuesBefore += XaEntry.isValue(canonical) ? nrTrailing : 0;
        }
        int nrValuesAfter = XaEntry.isValue(entry) ? nrSlots : 0;
        XaPath.changeCounts(cursor, nrFilled, nrValuesAfter - nrValuesBefore);
        return canonical;
    }

    /**
     * Puts the entry into the cursor's slots, with the marks of all that were there; in the order that XaMarks tells.
     */
    private static void publishUnited(XaCursor cursor, int endSlot, long entry) {
        // Release: as any store of a slot. Pairs with the acquire load of the slot.
        XaNodeStruct.slotRelease(cursor.node, cursor.offset, entry);
        if (cursor.sibs == 0) {
            return;
        }
        boolean areOthersMarked = XaMarks.unite(cursor);
        publishSiblings(cursor.node, cursor.offset, endSlot, cursor.array.nextSiblingStamp());
        if (areOthersMarked) {
            XaMarks.clearOthers(cursor);
        }
    }

    /**
     * Puts a word, of an entry or of a complete subtree, into the slots that it takes: canonical slot first, then its
     * siblings, so that a reader never finds a sibling whose canonical slot is not there yet.
     */
    static void publish(long node, int canonicalSlot, int endSlot, long word, long siblingStamp) {
        // Release: the subtree below, if there is one, and the marks. Pairs with the acquire load of the slot.
        XaNodeStruct.slotRelease(node, canonicalSlot, word);
        publishSiblings(node, canonicalSlot, endSlot, siblingStamp);
    }

    private static void publishSiblings(long node, int canonicalSlot, int endSlot, long siblingStamp) {
        long sibling = XaEntry.sibling(canonicalSlot, siblingStamp);
        for (int slot = canonicalSlot + 1; slot < endSlot; slot++) {
            // Release: after the slot it points at, and its marks.
            XaNodeStruct.slotRelease(node, slot, sibling);
        }
    }

    /** Empties the cursor's slots, and those after them that belong to an entry that began there. */
    private static long erase(XaCursor cursor, long current) {
        long node = cursor.node;
        int end = cursor.offset + cursor.sibs + 1;
        int nrEmptied = 0;
        int nrValues = 0;
        long canonical = current;
        int slot = cursor.offset;
        for (; slot < XaWalk.NR_SLOTS; slot++) {
            long before = XaNodeStruct.slot(node, slot);
            boolean isSibling = XaEntry.isSibling(before);
            if (slot >= end && !isSibling) {
                break;
            }
            if (!isSibling) {
                canonical = before;
            }
            if (before == XaEntry.EMPTY) {
                continue;
            }
            // Release: after the marks are gone; who finds the slot empty (acquire) finds no mark either.
            XaNodeStruct.slotRelease(node, slot, XaEntry.EMPTY);
            nrEmptied++;
            if (XaEntry.isValue(canonical)) {
                nrValues++;
            } else if (XaEntry.isNode(before)) {
                XaPath.retireSubtree(cursor, before);
            }
        }
        XaMarks.setFree(cursor, cursor.offset, slot);
        XaPath.changeCounts(cursor, -nrEmptied, -nrValues);
        return canonical;
    }

    static int nrSiblingsAfter(long node, int slot) {
        int end = slot + 1;
        while (end < XaWalk.NR_SLOTS && XaEntry.isSibling(XaNodeStruct.slot(node, end))) {
            end++;
        }
        return end - slot - 1;
    }

    /**
     * Removes a node of the tree, whatever it holds, by erasing the slot of its parent, or the head, that leads to it.
     */
    static void deleteNode(XaCursor cursor, long node) {
        long first = XaPath.firstIndexOf(node);
        cursor.set(first);
        cursor.shift = XaNodeStruct.shift(node) + XaWalk.LEVEL_BITS;
        cursor.node = XaNodeStruct.parent(node);
        cursor.nodeShift = cursor.shift;
        cursor.offset = XaNodeStruct.offset(node);
        store(cursor, XaEntry.EMPTY);
        cursor.set(first);
    }

    /** Forgets everything (xa_destroy). */
    static void destroyAll(XaCursor cursor) {
        cursor.set(0);
        cursor.node = XaCursor.AT_HEAD;
        long head = XArrayStruct.head(cursor.anchor);
        // Before the head: who finds nothing there finds no mark.
        XaMarks.init(cursor);
        if (XaFlags.isZeroBusy(cursor.anchor)) {
            XaFlags.clearMarked(cursor.anchor, XArray.FREE_MARK);
        }
        replaceHead(cursor, XaEntry.EMPTY, head);
        cursor.retired.flush();
    }
}
