/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.Errno;

/**
 * What the words in an array mean.
 *
 * <pre>
 *  word                     meaning
 *  0                        nothing
 *  ...00                    pointer: any other multiple of 4, for example the handle of a page
 *  ...1                     value: the integer v of 0 to 2^63-1 as 2v+1
 *  ...10                    internal; never given to {@code store}:
 *    1026                     retry: the node was cut off, start over from the head
 *    1030                     zero: reserved, reads as nothing through the normal API
 *    0, shift:6, addr:57 + 2  child node; the bits below the sign hold its shift (0, 6, ... 60)
 *    10, stamp:54, s:6, 10    sibling: the entry's canonical slot is slot s (0 to 62) of the same node
 *    -4e+2, e of 1..4095      error e; only ever a result, never in a slot
 * </pre>
 *
 * The shift travels in the word, because loading it from the node's header costs a lookup one more dependent cache miss
 * per level, and because a header field of its own would race with growing and shrinking. The sign bit is set in
 * siblings and errors alone, so that one comparison tells a node from all other internal words.
 *
 * <p>The stamp tells a sibling from all that were stored in its slot before: who finds the same word again knows that
 * the slot was the same entry's all the time between, and what the canonical slot held meanwhile was that entry's word.
 * Without it a lookup could not tell an entry that is still there from one that went and came back.
 *
 * <p>Pure functions; the words are those of the original (lib/xarray.c) but for shift and stamp.
 */
public final class XaEntry {
    /** Nothing. */
    public static final long EMPTY = 0;

    /** The reader walked into a node that was cut off. */
    public static final long RETRY = 1026;

    /** A reserved index. */
    public static final long ZERO = 1030;

    /** Largest integer that a value can hold. */
    public static final long MAX_VALUE = Long.MAX_VALUE;

    private static final int NODE_SHIFT_POSITION = 57;
    private static final long NODE_ADDRESS_MASK = (1L << NODE_SHIFT_POSITION) - 64;
    private static final long LARGEST_SMALL_INTERNAL = 4096;

    private static final int SIBLING_TAG_POSITION = 62;

    /** The two top bits, sign-extended. */
    private static final long SIBLING_TAG = -2;

    private static final int SIBLING_STAMP_POSITION = 8;
    private static final int SIBLING_SLOT_MASK = 63;
    private static final long SIBLING_STAMP_MASK = (1L << SIBLING_TAG_POSITION) - (1L << SIBLING_STAMP_POSITION);

    private XaEntry() {}

    /**
     * Makes a value.
     *
     * @param integer 0 to {@link #MAX_VALUE}
     * @return the word that holds it
     * @throws IllegalArgumentException if it is negative
     */
    public static long value(long integer) {
        if (integer < 0) {
            throw new IllegalArgumentException("integer out of range: integer=" + integer + ", min=0");
        }
        return (integer << 1) | 1;
    }

    /**
     * Whether a word is a value.
     *
     * @param word any word
     * @return true for a value
     */
    public static boolean isValue(long word) {
        return (word & 1) != 0;
    }

    /**
     * The integer that a value holds.
     *
     * @param word any word
     * @return 0 to {@link #MAX_VALUE}; meaningless for other words
     */
    public static long valueOf(long word) {
        return word >>> 1;
    }

    /**
     * Whether a word is a pointer.
     *
     * @param word any word
     * @return true for a multiple of 4 that is not 0
     */
    public static boolean isPointer(long word) {
        return (word & 3) == 0 && word != EMPTY;
    }

    /**
     * Whether a word is internal to the array.
     *
     * @param word any word
     * @return true for siblings, retry, zero, child nodes and errors
     */
    public static boolean isInternal(long word) {
        return (word & 3) == 2;
    }

    /**
     * Whether a word may be met only by users of the cursor: a sibling or retry. Zero is not among them, because a
     * reservation goes through the same compare and exchange as any entry.
     *
     * @param word any word
     * @return true if only they may
     */
    public static boolean isAdvanced(long word) {
        return word == RETRY || isSibling(word);
    }

    /** What the normal API shows of a word: a reservation reads as nothing. */
    static long visible(long word) {
        return word == ZERO ? EMPTY : word;
    }

    /**
     * Makes a sibling word.
     *
     * @param slot canonical slot, 0 to 62: a canonical slot precedes its siblings
     * @param stamp a number that no sibling stored into the same slot had before; the lowest 54 bits count
     * @return the word
     */
    static long sibling(int slot, long stamp) {
        return unstampedSibling(slot) | ((stamp << SIBLING_STAMP_POSITION) & SIBLING_STAMP_MASK);
    }

    /** What all siblings of a slot have in common. */
    static long unstampedSibling(int slot) {
        return SIBLING_TAG << SIBLING_TAG_POSITION | (long) slot << 2 | 2;
    }

    /** A sibling without its stamp; no other word becomes one. */
    static long unstamped(long word) {
        return word & ~SIBLING_STAMP_MASK;
    }

    /** Whether a word is a sibling of a slot. */
    static boolean isSiblingOf(long word, int slot) {
        return unstamped(word) == unstampedSibling(slot);
    }

    /** The stamp of a sibling. */
    static long siblingStamp(long word) {
        return (word & SIBLING_STAMP_MASK) >>> SIBLING_STAMP_POSITION;
    }

    /**
     * Whether a word is a sibling.
     *
     * @param word any word
     * @return true for a sibling
     */
    public static boolean isSibling(long word) {
        return isInternal(word) && word >> SIBLING_TAG_POSITION == SIBLING_TAG;
    }

    /** Slot that a sibling points at; meaningless for other words. */
    static int siblingSlot(long word) {
        return (int) (word >>> 2) & SIBLING_SLOT_MASK;
    }

    /**
     * Makes an error word.
     *
     * @param errno a negative number of {@link Errno}
     * @return the word
     * @throws IllegalArgumentException if it is not in -4095..-1
     */
    public static long error(int errno) {
        if (errno >= 0 || errno < -Errno.MAX_ERRNO) {
            throw new IllegalArgumentException(
                    "errno out of range: errno=" + errno + ", min=" + -Errno.MAX_ERRNO + ", max=-1");
        }
        return ((long) errno << 2) | 2;
    }

    /**
     * Whether a word is an error.
     *
     * @param word any word
     * @return true for an error
     */
    public static boolean isError(long word) {
        return isInternal(word) && word < 0 && word >= ((long) -Errno.MAX_ERRNO << 2);
    }

    /**
     * The error number of an error word.
     *
     * @param word any word
     * @return a negative number of {@link Errno}; 0 for any other word
     */
    public static int errnoOf(long word) {
        return isError(word) ? (int) (word >> 2) : Errno.OK;
    }

    /** Whether two words are both values, or both pointers, if neither is internal. */
    static boolean isSameKind(long word, long other) {
        return ((word ^ other) & 1) == 0;
    }

    /** Makes the word of a child node: a trusted address, a multiple of 64 between 4096 and 2^57, and its shift. */
    static long node(long address, int shift) {
        return address | 2 | (long) shift << NODE_SHIFT_POSITION;
    }

    /** Whether a word is a child node. */
    static boolean isNode(long word) {
        return isInternal(word) && word > LARGEST_SMALL_INTERNAL;
    }

    /** Address of a child node. */
    static long nodeAddress(long word) {
        return word & NODE_ADDRESS_MASK;
    }

    /** Shift of a child node: index bits below one of its slots. */
    static int nodeShift(long word) {
        return (int) (word >>> NODE_SHIFT_POSITION);
    }

    /**
     * Describes a word for people, in one token: {@code -}, {@code v7}, {@code p1f40}, {@code s3}, {@code R},
     * {@code Z}, {@code N} or {@code !ENOMEM}.
     *
     * @param word any word
     * @return the token; pointers are in hexadecimal, integers in decimal
     */
    public static String toText(long word) {
        if (word == EMPTY) {
            return "-";
        }
        if (isValue(word)) {
            return "v" + valueOf(word);
        }
        if (isPointer(word)) {
            return "p" + Long.toHexString(word);
        }
        return internalToText(word);
    }

    private static String internalToText(long word) {
        if (isSibling(word)) {
            return "s" + siblingSlot(word);
        }
        if (word == RETRY) {
            return "R";
        }
        if (word == ZERO) {
            return "Z";
        }
        if (isError(word)) {
            return "!" + Errno.name(errnoOf(word));
        }
        return isNode(word) ? "N" : "?" + Long.toHexString(word);
    }
}
