/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.struct.XaNodeStruct;

/**
 * Searches forward through the tree. Runs beside writers like everything in {@link XaWalk}, but for the search for
 * conflicts, which needs the lock.
 */
final class XaFind {
    private XaFind() {}

    // ---- any entry

    static long find(XaCursor cursor, long max) {
        long word = nextInLeaf(cursor, max);
        return word != XaEntry.EMPTY ? word : findAnywhere(cursor, max);
    }

    /** The step that dense arrays take nearly always: to a single entry in the next slot of a leaf (xas_next_entry). */
    private static long nextInLeaf(XaCursor cursor, long max) {
        boolean isInLeaf = cursor.isValid() && cursor.node != XaCursor.AT_HEAD && cursor.nodeShift == 0;
        int slot = cursor.offset + 1;
        boolean isAtOwnSlot = XaWalk.slotOf(cursor.index, 0) + 1 == slot;
        if (!isInLeaf || !isAtOwnSlot || slot == XaWalk.NR_SLOTS || Long.compareUnsigned(cursor.index, max) >= 0) {
            return XaEntry.EMPTY;
        }
        long word = XaNodeStruct.slotAcquire(cursor.node, slot);
        if (XaEntry.isInternal(word) || word == XaEntry.EMPTY) {
            return XaEntry.EMPTY;
        }
        cursor.offset = slot;
        cursor.index++;
        return word;
    }

    private static long findAnywhere(XaCursor cursor, long max) {
        if (cursor.isInError() || cursor.node == XaCursor.BOUNDS) {
            return XaEntry.EMPTY;
        }
        if (Long.compareUnsigned(cursor.index, max) > 0) {
            cursor.node = XaCursor.BOUNDS;
            return XaEntry.EMPTY;
        }
        if (cursor.node == XaCursor.AT_HEAD) {
            cursor.index = 1;
            cursor.node = XaCursor.BOUNDS;
            return XaEntry.EMPTY;
        }
        if (cursor.node != XaCursor.RESTART) {
            return findNext(cursor, max, cursor.offset);
        }
        long word = loadEntry(cursor);
        boolean isAtEmptySlot = word == XaEntry.EMPTY && cursor.isValid() && cursor.node != XaCursor.AT_HEAD;
        return isAtEmptySlot ? findNext(cursor, max, XaWalk.slotAfter(cursor)) : word;
    }

    /** Walks to the entry that covers the index, whatever the cursor's order. */
    static long loadEntry(XaCursor cursor) {
        long word = XaWalk.start(cursor);
        while (XaEntry.isNode(word)) {
            word = XaWalk.descend(cursor, word);
        }
        return word;
    }

    /**
     * The first entry in the slots after the cursor's.
     *
     * @param foundSlot first slot of the entry found last; the slot to begin with if there is none
     */
    private static long findNext(XaCursor cursor, long max, int foundSlot) {
        int first = XaWalk.slotAfter(cursor);
        int found = foundSlot;
        int slot = first;
        while (true) {
            // The last slot has no siblings.
            long ownSibling = XaEntry.unstampedSibling(found < first ? found : XaWalk.NR_SLOTS - 1);
            long word = XaEntry.EMPTY;
            while (slot < XaWalk.NR_SLOTS) {
                word = XaNodeStruct.slotAcquire(cursor.node, slot);
                if (word != XaEntry.EMPTY && XaEntry.unstamped(word) != ownSibling) {
                    break;
                }
                slot++;
            }
            if (slot < XaWalk.NR_SLOTS && XaEntry.isSibling(word)) {
                int canonical = XaWalk.canonicalSlot(cursor.node, word);
                if (canonical >= found) {
                    // Empty when it was passed, or part of what was found.
                    slot = canonical >= first ? canonical : slot + 1;
                    continue;
                }
                // The entry took the place of what was found or searched here, and of this slot: it is found from here.
                word = XaEntry.RETRY;
            }
            if (!moveTo(cursor, slot, max)) {
                return XaEntry.EMPTY;
            }
            if (slot == XaWalk.NR_SLOTS) {
                if (ascendToNextSlot(cursor) == XaEntry.EMPTY) {
                    cursor.node = XaCursor.BOUNDS;
                    return XaEntry.EMPTY;
                }
                slot = cursor.offset + 1;
            } else if (XaEntry.isNode(word)) {
                XaWalk.enter(cursor, word);
                slot = 0;
            } else {
                return word;
            }
            first = slot;
            found = slot;
        }
    }

    /**
     * Moves to the first index of a slot, or of what follows the node. If that lies behind {@code max}, the position is
     * given up, so that a search that goes on from there finds what stands there.
     */
    private static boolean moveTo(XaCursor cursor, int slot, long max) {
        cursor.offset = slot;
        cursor.index = XaWalk.indexOfSlot(cursor.index, cursor.nodeShift, slot);
        if (cursor.index == 0 && slot > 0) {
            // Behind the last index of all.
            cursor.node = XaCursor.BOUNDS;
            return false;
        }
        if (Long.compareUnsigned(cursor.index, max) > 0) {
            cursor.reset();
            return false;
        }
        return true;
    }

    /**
     * Goes up to the first node that has a slot after the one come from. Returns the word of the node below; 0 at the
     * top.
     */
    private static long ascendToNextSlot(XaCursor cursor) {
        long child;
        do {
            child = XaEntry.node(cursor.node, cursor.nodeShift);
            if (!XaWalk.ascend(cursor)) {
                return XaEntry.EMPTY;
            }
        } while (cursor.offset + 1 == XaWalk.NR_SLOTS);
        return child;
    }

    // ---- marked entries

    static long findMarked(XaCursor cursor, long max, int mark) {
        if (cursor.isInError()) {
            return XaEntry.EMPTY;
        }
        if (Long.compareUnsigned(cursor.index, max) > 0) {
            cursor.reset();
            return XaEntry.EMPTY;
        }
        if (cursor.node == XaCursor.AT_HEAD) {
            cursor.index = 1;
            return endOfSearch(cursor, max);
        }
        if (cursor.isValid()) {
            return findMarkedInTree(cursor, max, mark, XaWalk.slotAfter(cursor));
        }
        long head = XaWalk.start(cursor);
        if (!cursor.isValid()) {
            return endOfSearch(cursor, max);
        }
        if (!XaEntry.isNode(head)) {
            long marked = XaMarks.markedHead(cursor.anchor, head, mark);
            // An entry that has just gone may leave its flag behind for a moment.
            boolean isHit = marked != XaEntry.EMPTY || XaFlags.isFreeMark(cursor.anchor, mark);
            if (marked != XaMarks.UNMARKED && isHit) {
                return marked;
            }
            cursor.index = 1;
            return endOfSearch(cursor, max);
        }
        return findMarkedInTree(cursor, max, mark, enterCanonical(cursor, head));
    }

    /** Enters a node at the slot that covers the index; back at the canonical slot if that is a sibling. */
    private static int enterCanonical(XaCursor cursor, long nodeWord) {
        XaWalk.enter(cursor, nodeWord);
        int slot = XaWalk.slotOf(cursor.index, cursor.nodeShift);
        cursor.offset = slot;
        long word = XaNodeStruct.slotAcquire(cursor.node, slot);
        return XaEntry.isSibling(word) ? backTo(cursor, XaWalk.canonicalSlot(cursor.node, word)) : slot;
    }

    private static int backTo(XaCursor cursor, int canonicalSlot) {
        cursor.offset = canonicalSlot;
        cursor.index = XaWalk.indexOfSlot(cursor.index, cursor.nodeShift, canonicalSlot);
        return canonicalSlot;
    }

    /**
     * The first marked entry in a slot of the cursor's node, or after it. Where a marked slot is part of a larger
     * entry, that was stored after the mark was read, or is about to be split; then it may be found already.
     */
    private static long findMarkedInTree(XaCursor cursor, long max, int mark, int firstSlot) {
        boolean emptyIsHit = XaFlags.isFreeMark(cursor.anchor, mark);
        int slot = firstSlot;
        // Of the current node: what is below was searched. Of one just entered that is nothing.
        int firstUnsearched = slot == cursor.offset ? 0 : slot;
        // Word of the node that the search came up from into the current one.
        long child = XaEntry.EMPTY;
        while (true) {
            slot = slot == cursor.offset
                    ? nextMarkedAsEntered(cursor, mark, firstUnsearched)
                    : nextMarked(cursor.node, slot, mark);
            if (child != XaEntry.EMPTY && XaMarks.slotAfterMarks(cursor.node, firstUnsearched - 1) != child) {
                // A larger entry may have taken the child's place, and that of slots behind it with their marks.
                return XaEntry.RETRY;
            }
            if (slot != cursor.offset && !moveToMarked(cursor, slot, max)) {
                return XaEntry.EMPTY;
            }
            if (slot == XaWalk.NR_SLOTS) {
                child = ascendToNextSlot(cursor);
                if (child == XaEntry.EMPTY) {
                    return endOfSearch(cursor, max);
                }
                slot = cursor.offset + 1;
                firstUnsearched = slot;
                continue;
            }
            long word = XaMarks.slotAfterMarks(cursor.node, slot);
            if (XaEntry.isNode(word)) {
                slot = enterCanonical(cursor, word);
                firstUnsearched = 0;
                child = XaEntry.EMPTY;
            } else if (XaEntry.isSibling(word)) {
                int canonical = XaWalk.canonicalSlot(cursor.node, word);
                slot = canonical >= firstUnsearched ? backTo(cursor, canonical) : slot + 1;
            } else if (word == XaEntry.EMPTY && !emptyIsHit) {
                // The entry went after its mark was read.
                slot++;
            } else {
                return word;
            }
        }
    }

    /**
     * The next marked slot from the one entered at, or from the first of an entry that has taken that slot meanwhile.
     */
    private static int nextMarkedAsEntered(XaCursor cursor, int mark, int firstUnsearched) {
        int slot = cursor.offset;
        int marked = nextMarked(cursor.node, slot, mark);
        while (marked != slot) {
            long word = XaMarks.slotAfterMarks(cursor.node, slot);
            if (word == XaEntry.RETRY) {
                // The node was cut off by a larger entry over it, whose mark is further up: the caller starts over.
                return slot;
            }
            int canonical = XaEntry.isSibling(word) ? XaWalk.canonicalSlot(cursor.node, word) : slot;
            if (canonical == slot || canonical < firstUnsearched) {
                // Asked again behind the slot: what had taken it may have been split again. Or something takes it now,
                // and a bit that has gone since leads there.
                return Math.min(marked, nextMarked(cursor.node, slot, mark));
            }
            slot = backTo(cursor, canonical);
            marked = nextMarked(cursor.node, slot, mark);
        }
        return slot;
    }

    private static int nextMarked(long node, int slot, int mark) {
        if (slot >= XaWalk.NR_SLOTS) {
            return XaWalk.NR_SLOTS;
        }
        long bits = XaNodeStruct.marksOpaque(node, mark) >>> slot;
        return bits == 0 ? XaWalk.NR_SLOTS : slot + Long.numberOfTrailingZeros(bits);
    }

    /** As {@link #moveTo}, but leaves the cursor unwalked when {@code max} ends the search. */
    private static boolean moveToMarked(XaCursor cursor, int slot, long max) {
        cursor.offset = slot;
        cursor.index = XaWalk.indexOfSlot(cursor.index, cursor.nodeShift, slot);
        // Behind the last index of all comes 0, which lies behind any max.
        if (Long.compareUnsigned(cursor.index - 1, max) >= 0) {
            cursor.reset();
            return false;
        }
        return true;
    }

    private static long endOfSearch(XaCursor cursor, long max) {
        cursor.node = Long.compareUnsigned(cursor.index, max) > 0 ? XaCursor.RESTART : XaCursor.BOUNDS;
        return XaEntry.EMPTY;
    }

    // ---- conflicts

    /** Entries that overlap the cursor's range; the index stays at its start, node and slot tell the entry. */
    static long findConflict(XaCursor cursor) {
        if (cursor.isInError()) {
            return XaEntry.EMPTY;
        }
        long word;
        if (cursor.node == XaCursor.RESTART || cursor.node == XaCursor.BOUNDS) {
            word = loadEntry(cursor);
            if (word == XaEntry.EMPTY && cursor.isValid()) {
                word = nextConflict(cursor);
            }
        } else {
            word = nextConflict(cursor);
        }
        if (word == XaEntry.EMPTY) {
            cursor.reset();
        }
        return word;
    }

    private static long nextConflict(XaCursor cursor) {
        if (cursor.node == XaCursor.AT_HEAD) {
            return XaEntry.EMPTY;
        }
        int last = XaWalk.slotOf(cursor.index, cursor.shift) + cursor.sibs;
        while (cursor.nodeShift <= cursor.shift) {
            int end = cursor.nodeShift == cursor.shift ? last : XaWalk.NR_SLOTS - 1;
            if (cursor.offset >= end) {
                if (cursor.nodeShift == cursor.shift || !XaWalk.ascend(cursor)) {
                    return XaEntry.EMPTY;
                }
                continue;
            }
            cursor.offset++;
            long word = XaNodeStruct.slot(cursor.node, cursor.offset);
            while (XaEntry.isNode(word)) {
                XaWalk.enter(cursor, word);
                cursor.offset = 0;
                word = XaNodeStruct.slot(cursor.node, 0);
            }
            if (word != XaEntry.EMPTY && !XaEntry.isSibling(word)) {
                return word;
            }
        }
        return XaEntry.EMPTY;
    }

    // ---- the normal API's searches

    static long findFrom(XaCursor cursor, long last, int filter) {
        long first = cursor.index;
        cursor.set(first);
        long word = searchFrom(cursor, first, last, filter);
        if (word == XaEntry.EMPTY) {
            cursor.set(first);
        }
        return word;
    }

    static long findAfter(XaCursor cursor, long last, int filter) {
        long first = cursor.index;
        cursor.set(first + 1);
        long word = XaEntry.EMPTY;
        boolean goOn = first != XArray.MAX_INDEX;
        while (goOn) {
            word = search(cursor, last, filter);
            goOn = cursor.retry(word) || beginsAtOrBefore(cursor, first);
        }
        if (word == XaEntry.EMPTY) {
            cursor.set(first);
        }
        return word;
    }

    /** Whether the entry the cursor is at begins at an index or before it, wherever in it the cursor is. */
    private static boolean beginsAtOrBefore(XaCursor cursor, long index) {
        if (!cursor.isValid()) {
            return false;
        }
        return cursor.node == XaCursor.AT_HEAD
                || Long.compareUnsigned(XaWalk.indexOfSlot(cursor.index, cursor.nodeShift, cursor.offset), index) <= 0;
    }

    static int extract(XaCursor cursor, long last, int filter, long[] entries, int nrEntries) {
        cursor.set(cursor.index);
        long from = cursor.index;
        int nrCopied = 0;
        while (nrCopied < nrEntries) {
            long word = searchFrom(cursor, from, last, filter);
            if (word == XaEntry.EMPTY) {
                break;
            }
            entries[nrCopied++] = word;
            from = filter == XArray.PRESENT ? from : XaWalk.indexAfterEntry(cursor);
        }
        return nrCopied;
    }

    /** The next entry, or reservation to be passed over, that is not wholly before an index. */
    private static long searchFrom(XaCursor cursor, long from, long last, int filter) {
        long word;
        boolean goOn;
        do {
            word = search(cursor, last, filter);
            goOn = cursor.retry(word);
            if (isBefore(cursor, word, from)) {
                cursor.set(from);
                goOn = true;
            }
        } while (goOn);
        return word;
    }

    /**
     * Whether the entry that was found ends before an index. A search with a mark goes back to the first slot of what
     * covers its index; by the time it finds that, the entry may have been split.
     */
    private static boolean isBefore(XaCursor cursor, long found, long index) {
        if (Long.compareUnsigned(cursor.index, index) >= 0 || !cursor.isValid() || cursor.node == XaCursor.AT_HEAD) {
            return false;
        }
        if (!XaWalk.isSameNode(cursor.index, index, cursor.nodeShift)) {
            return true;
        }
        int slot = XaWalk.slotOf(index, cursor.nodeShift);
        if (slot == cursor.offset) {
            return false;
        }
        long word = XaNodeStruct.slotAcquire(cursor.node, slot);
        // A piece that was found may by now be part of an entry again, which leads here.
        return !XaEntry.isSibling(word) || XaWalk.loadCanonical(cursor.node, slot, word) != found;
    }

    private static long search(XaCursor cursor, long last, int filter) {
        return filter == XArray.PRESENT ? find(cursor, last) : findMarked(cursor, last, filter);
    }
}
