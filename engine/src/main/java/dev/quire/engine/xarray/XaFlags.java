/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.struct.XArrayStruct;
import java.lang.invoke.VarHandle;

/**
 * The flags in an array's anchor: what the array is (bits 0 to 5, as in the kernel), above them one bit per mark that
 * says whether any entry has it, and one that says whether those bits may be of entries in a tree.
 *
 * <p>Changed under the array's lock; readers load them opaque. What the array is never changes; the rest is a hint to
 * them, but for this: as long as {@link #TREE} is clear, a mark is that of the entry in the head, there is one, and no
 * node is in the head. It is set once the first node is there and before any other entry gets a mark, and cleared once
 * no other has one and before the last node goes.
 */
final class XaFlags {
    /** The last index handed out was the highest there is. */
    private static final int ALLOC_WRAPPED = 16;

    private static final int FIRST_MARK = 64;
    private static final int MARKS = FIRST_MARK * ((1 << XArray.NR_MARKS) - 1);
    private static final int KIND_AND_STATE = FIRST_MARK - 1;
    private static final int TREE = FIRST_MARK << XArray.NR_MARKS;

    private XaFlags() {}

    /** The flags of an empty array of a kind; with index 0 busy, what is free in it comes only as it grows. */
    static void initialise(long anchor, int kind) {
        boolean hasFree = kind == XArray.TRACK_FREE;
        XArrayStruct.flags(anchor, hasFree ? kind | bitOf(XArray.FREE_MARK) : kind);
    }

    static boolean tracksFree(long anchor) {
        return has(anchor, XArray.TRACK_FREE);
    }

    static boolean isZeroBusy(long anchor) {
        return has(anchor, XArray.ZERO_BUSY);
    }

    /** Whether mark is the one that means free, and not a mark like any other. */
    static boolean isFreeMark(long anchor, int mark) {
        return mark == XArray.FREE_MARK && tracksFree(anchor);
    }

    static boolean isMarked(long anchor, int mark) {
        return isMarked(XArrayStruct.flagsOpaque(anchor), mark);
    }

    /** The same of flags that were loaded. */
    static boolean isMarked(int flags, int mark) {
        return (flags & bitOf(mark)) != 0;
    }

    /** Whether no entry has a mark, and none can come to mean free: then no node has a bit set, nor needs one. */
    static boolean isUnmarked(long anchor) {
        return (XArrayStruct.flagsOpaque(anchor) & (MARKS | XArray.TRACK_FREE)) == 0;
    }

    static void setMarked(long anchor, int mark) {
        XArrayStruct.flags(anchor, XArrayStruct.flagsOpaque(anchor) | bitOf(mark));
    }

    static void clearMarked(long anchor, int mark) {
        XArrayStruct.flags(anchor, XArrayStruct.flagsOpaque(anchor) & ~bitOf(mark));
    }

    /** Of a kind of array that tracks free indices: clears all marks but the free one. */
    static void clearOwnMarks(long anchor) {
        XArrayStruct.flags(anchor, XArrayStruct.flagsOpaque(anchor) & ~(MARKS & ~bitOf(XArray.FREE_MARK)));
    }

    /** Of flags that were loaded: whether the marks may be those of entries in a tree. */
    static boolean hasTree(int flags) {
        return (flags & TREE) != 0;
    }

    /**
     * Publishes the top of a tree, be it the first or a higher one, and then that there is one; where free indices are
     * tracked, it has some.
     */
    static void publishTop(long anchor, long nodeWord) {
        // Publishes the top with its marks; pairs with the acquire load of the head.
        XArrayStruct.headRelease(anchor, nodeWord);
        // Orders the store of the head before that of the flags; pairs with the fence in XaMarks.markedHead.
        VarHandle.releaseFence();
        int free = tracksFree(anchor) ? bitOf(XArray.FREE_MARK) : 0;
        XArrayStruct.flags(anchor, XArrayStruct.flagsOpaque(anchor) | TREE | free);
    }

    /** Puts a word that is no node in the place of a tree, of whose marks only its own, if any, are left. */
    static void replaceTree(long anchor, long word) {
        XArrayStruct.flags(anchor, XArrayStruct.flagsOpaque(anchor) & ~TREE);
        // Orders the store of the flags before that of the head; pairs with the acquire load of the head: who finds the
        // word finds the flags without a tree, or as they become later.
        XArrayStruct.headRelease(anchor, word);
    }

    static void setWrapped(long anchor) {
        XArrayStruct.flags(anchor, XArrayStruct.flagsOpaque(anchor) | ALLOC_WRAPPED);
    }

    /** Clears the wrapped flag and returns what it was. */
    static boolean takeWrapped(long anchor) {
        boolean wrapped = has(anchor, ALLOC_WRAPPED);
        XArrayStruct.flags(anchor, XArrayStruct.flagsOpaque(anchor) & ~ALLOC_WRAPPED);
        return wrapped;
    }

    /** The bits below those of the marks. */
    static int kindAndState(long anchor) {
        return XArrayStruct.flagsOpaque(anchor) & KIND_AND_STATE;
    }

    private static boolean has(long anchor, int bit) {
        return (XArrayStruct.flagsOpaque(anchor) & bit) != 0;
    }

    private static int bitOf(int mark) {
        return FIRST_MARK << mark;
    }
}
