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
 *    4s+2, s of 0..62         sibling: the entry's canonical slot is slot s of the same node
 *    1026                     retry: the node was cut off, start over from the head
 *    1030                     zero: reserved, reads as nothing through the normal API
 *    shift:6, address:58 + 2  child node; the top six bits hold its shift (0, 6, ... 60)
 *    -4e+2, e of 1..4095      error e; only ever a result, never in a slot
 * </pre>
 *
 * The shift travels in the word, because loading it from the node's header costs a lookup one more dependent cache miss
 * per level, and because a header field of its own would race with growing and shrinking. An error's top six bits are
 * 63, which is no shift.
 *
 * <p>Pure functions; the words are those of the original (lib/xarray.c) but for the shift.
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

    private static final int MAX_SIBLING = 62;
    private static final int NODE_SHIFT_POSITION = 58;
    private static final int MAX_SHIFT = 60;
    private static final long NODE_ADDRESS_MASK = (1L << NODE_SHIFT_POSITION) - 4;
    private static final long LARGEST_SMALL_INTERNAL = 4096;

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
        return isInternal(word) && Long.compareUnsigned(word, RETRY) <= 0;
    }

    /** What the normal API shows of a word: a reservation reads as nothing. */
    static long visible(long word) {
        return word == ZERO ? EMPTY : word;
    }

    /**
     * Makes a sibling word.
     *
     * @param slot canonical slot, 0 to 62: a canonical slot precedes its siblings
     * @return the word
     */
    static long sibling(int slot) {
        return ((long) slot << 2) | 2;
    }

    /**
     * Whether a word is a sibling.
     *
     * @param word any word
     * @return true for a sibling
     */
    public static boolean isSibling(long word) {
        return isInternal(word) && Long.compareUnsigned(word, sibling(MAX_SIBLING)) <= 0;
    }

    /** Slot that a sibling points at; meaningless for other words. */
    static int siblingSlot(long word) {
        return (int) (word >>> 2);
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

    /** Makes the word of a child node: a trusted address, a multiple of 4 between 4096 and 2^58, and its shift. */
    static long node(long address, int shift) {
        return address | 2 | (long) shift << NODE_SHIFT_POSITION;
    }

    /**
     * Whether a word that came out of a slot or the head is a child node. Errors, which never stand there, would pass.
     */
    static boolean isNode(long word) {
        return isInternal(word) && Long.compareUnsigned(word, LARGEST_SMALL_INTERNAL) > 0;
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
        return isNode(word) && nodeShift(word) <= MAX_SHIFT ? "N" : "?" + Long.toHexString(word);
    }
}
