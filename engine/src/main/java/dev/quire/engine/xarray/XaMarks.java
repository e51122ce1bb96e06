/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;
import java.lang.invoke.VarHandle;

/**
 * Marks: one bit per mark and slot, set in every node above a marked entry, and one in the anchor's flags. Sibling
 * slots carry none; the canonical slot speaks for the entry.
 *
 * <p>The lock serialises changes; readers load bitmaps opaque, as hints that lead to entries. Erasing clears the marks
 * before the release store of the empty slot, so that a reader who finds a slot empty (acquire) finds its mark gone. A
 * store over several entries takes the first slot, marks it, and only then takes the others, whose bits it clears once
 * they are siblings. So who finds the first slot's bit set by it finds the new entry there; who comes from a sibling
 * finds the bit; and who finds a bit clear looks at the slot again ({@link #slotAfterMarks}), and finds the mark there
 * or where that leads.
 */
final class XaMarks {
    /** What {@link #markedWord} returns of an entry that lacks the mark: a sibling, which no entry is. */
    static final long UNMARKED = XaEntry.unstampedSibling(0);

    private XaMarks() {}

    static boolean isMarked(long node, int slot, int mark) {
        return ((XaNodeStruct.marksOpaque(node, mark) >>> slot) & 1) != 0;
    }

    /** The path behind {@link XArray#getMark}: true if the bit is set at every level. */
    static boolean get(long anchor, long index, int mark) {
        while (true) {
            long word = XArrayStruct.headAcquire(anchor);
            if (!XaEntry.isNode(word)) {
                long marked = index == 0 ? markedHead(anchor, word, mark) : UNMARKED;
                if (marked == XaEntry.RETRY) {
                    continue;
                }
                return marked != UNMARKED;
            }
            if (!XaFlags.isMarked(anchor, mark)) {
                return false;
            }
            if (!XaWalk.covers(XaEntry.nodeShift(word), index)) {
                return false;
            }
            do {
                long node = XaEntry.nodeAddress(word);
                int slot = XaWalk.slotOf(index, XaEntry.nodeShift(word));
                word = markedWord(node, slot, XaNodeStruct.slotAcquire(node, slot), mark);
            } while (XaEntry.isNode(word));
            if (word != XaEntry.RETRY) {
                return word != UNMARKED;
            }
        }
    }

    /**
     * What stands in a slot, or where its sibling leads to, if that has a mark.
     *
     * @param wordAtSlot what was just loaded from the slot
     * @return the word; UNMARKED if it has none; RETRY if the slot has changed meanwhile, or the node was cut off
     */
    static long markedWord(long node, int slot, long wordAtSlot, int mark) {
        boolean isSibling = XaEntry.isSibling(wordAtSlot);
        int canonical = slot;
        long word = wordAtSlot;
        while (XaEntry.isSibling(word)) {
            canonical = XaEntry.siblingSlot(word);
            word = XaNodeStruct.slotAcquire(node, canonical);
        }
        if (word == XaEntry.RETRY || (isSibling && XaEntry.isNode(word))) {
            return XaEntry.RETRY;
        }
        boolean isMarked = isMarked(node, canonical, mark);
        // A sibling's mark is its entry's, and may by now be that of what stands in the canonical slot alone.
        boolean isSettled = (isMarked && !isSibling) || slotAfterMarks(node, slot) == wordAtSlot;
        if (isMarked) {
            return isSettled ? word : XaEntry.RETRY;
        }
        // Asked again behind the slot: what was stored over it may have been split again, into the same words.
        return isSettled && !isMarked(node, canonical, mark) ? UNMARKED : XaEntry.RETRY;
    }

    static boolean get(XaCursor cursor, int mark) {
        if (!cursor.isValid()) {
            return false;
        }
        // In a section the tree may have grown over the entry that was in the head.
        return cursor.node == XaCursor.AT_HEAD
                ? get(cursor.anchor, 0, mark)
                : isMarked(cursor.node, cursor.offset, mark);
    }

    /** Sets a mark upwards from the cursor's slot, as far as it was not set. */
    static void set(XaCursor cursor, int mark) {
        if (!cursor.isValid()) {
            return;
        }
        // Orders the stores of the slots and the head before those of bit and flag; pairs with the fences in
        // slotAfterMarks and markedHead.
        VarHandle.releaseFence();
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
        if (cursor.isValid()) {
            clear(cursor, mark, 1L << cursor.offset);
        }
    }

    /** The same for several slots of the cursor's node, one bit for each. */
    private static void clear(XaCursor cursor, int mark, long slots) {
        long cleared = slots;
        for (long node = cursor.node; node != XaCursor.AT_HEAD; node = XaNodeStruct.parent(node)) {
            long bits = XaNodeStruct.marksOpaque(node, mark);
            if ((bits & cleared) == 0) {
                return;
            }
            bits &= ~cleared;
            XaNodeStruct.marksOpaque(node, mark, bits);
            if (bits != 0) {
                return;
            }
            cleared = 1L << XaNodeStruct.offset(node);
        }
        if (XaFlags.isMarked(cursor.anchor, mark)) {
            XaFlags.clearMarked(cursor.anchor, mark);
        }
    }

    /** The marks of an index that holds nothing: none, but for the free mark where free indices are tracked. */
    static void init(XaCursor cursor) {
        if (cursor.isValid()) {
            init(cursor, 1L << cursor.offset);
        }
    }

    /**
     * The same for all slots of the cursor's range, which are about to be emptied: where free indices are tracked, the
     * first one's free mark stands for theirs until they are ({@link #setFree}). No mark moves, as it would to an entry
     * that never had it.
     */
    static void initRange(XaCursor cursor) {
        init(cursor, bitsOf(cursor.offset, cursor.sibs + 1));
    }

    private static void init(XaCursor cursor, long slots) {
        if (isUnmarked(cursor)) {
            return;
        }
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            if (XaFlags.isFreeMark(cursor.anchor, mark)) {
                set(cursor, mark);
            } else {
                clear(cursor, mark, slots);
            }
        }
    }

    /** Where free indices are tracked, what stands at the cursor is not free. */
    static void clearFree(XaCursor cursor) {
        if (XaFlags.tracksFree(cursor.anchor)) {
            clear(cursor, XArray.FREE_MARK);
        }
    }

    /** Where free indices are tracked, so are some slots that were just emptied; the levels above know of the first. */
    static void setFree(XaCursor cursor, int firstSlot, int endSlot) {
        if (XaFlags.tracksFree(cursor.anchor)) {
            long bits = XaNodeStruct.marksOpaque(cursor.node, XArray.FREE_MARK);
            XaNodeStruct.marksOpaque(cursor.node, XArray.FREE_MARK, bits | bitsOf(firstSlot, endSlot - firstSlot));
        }
    }

    /** Asked first, since a node's bitmaps have a cache line for themselves, which nothing else of a store touches. */
    private static boolean isUnmarked(XaCursor cursor) {
        return XaFlags.isUnmarked(cursor.anchor);
    }

    /**
     * Unites the marks of the slots that the cursor's entry takes on the first of them. The levels above see no
     * difference. When the entry is in that slot, and before the others change; their marks go afterwards
     * ({@link #clearOthers}).
     *
     * @return whether any of the others has a mark
     */
    static boolean unite(XaCursor cursor) {
        if (isUnmarked(cursor)) {
            return false;
        }
        // Orders the store of the first slot before that of its bits; pairs with the fence in slotAfterMarks.
        VarHandle.releaseFence();
        long first = 1L << cursor.offset;
        long others = bitsOf(cursor.offset + 1, cursor.sibs);
        boolean areOthersMarked = false;
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            long bits = XaNodeStruct.marksOpaque(cursor.node, mark);
            if ((bits & others) != 0) {
                areOthersMarked = true;
                XaNodeStruct.marksOpaque(cursor.node, mark, bits | first);
            }
        }
        return areOthersMarked;
    }

    /** Takes the marks of all slots of the cursor's range but the first, once they are siblings of that. */
    static void clearOthers(XaCursor cursor) {
        // Orders the stores of the slots before those of the bitmaps; pairs with the fence in slotAfterMarks.
        VarHandle.releaseFence();
        long others = bitsOf(cursor.offset + 1, cursor.sibs);
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            long bits = XaNodeStruct.marksOpaque(cursor.node, mark);
            if ((bits & others) != 0) {
                XaNodeStruct.marksOpaque(cursor.node, mark, bits & ~others);
            }
        }
    }

    /**
     * The word of a slot as it is after its bit was loaded: the sibling, if the bit went because a larger entry took
     * the slot, and that entry, if it is the one that the bit was set for.
     */
    static long slotAfterMarks(long node, int slot) {
        // Orders the load of the bitmap before that of the slot; pairs with the fences in unite and clearOthers.
        VarHandle.acquireFence();
        return XaNodeStruct.slotAcquire(node, slot);
    }

    /**
     * What stands in the head, if it has a mark.
     *
     * @param word what was just loaded from the head, no node
     * @return the word; UNMARKED if it has none; RETRY if another word has come since, perhaps a tree, to whose entries
     *     the flag may belong
     */
    static long markedHead(long anchor, long word, int mark) {
        int flags = XArrayStruct.flagsOpaque(anchor);
        if (!XaFlags.isMarked(flags, mark)) {
            return UNMARKED;
        }
        // Orders the load of the flags before that of the head; pairs with the fence in XaFlags.publishTop: who is told
        // of a tree finds that, or what has come after it, the next time.
        VarHandle.acquireFence();
        boolean isOfHead = !XaFlags.hasTree(flags) && XArrayStruct.headAcquire(anchor) == word;
        return isOfHead ? word : XaEntry.RETRY;
    }

    /** One bit for each of some slots; none if there are none. */
    static long bitsOf(int firstSlot, int nrSlots) {
        return nrSlots == 0 ? 0 : -1L >>> (XaWalk.NR_SLOTS - nrSlots) << firstSlot;
    }

    /** The marks of the cursor's slot, one bit for each. */
    static int marksOfSlot(XaCursor cursor) {
        if (isUnmarked(cursor)) {
            return 0;
        }
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
            } else {
                XaNodeStruct.marksOpaque(node, mark, marked ? 1L : 0L);
            }
        }
    }
}
