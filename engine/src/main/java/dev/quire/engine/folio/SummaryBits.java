/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.machine.NativeMemory;

/**
 * Bits with summaries: a bit of each further level says that a word of the level below has all its bits set, up to a
 * level of one word. So the next clear bit is found in two loads per level, and there is a level for every factor of 64
 * (the find_next_zero_bit of a bitmap of any size).
 *
 * <p>Not thread-safe; the caller's lock guards everything. Arguments are trusted. Memory that reads as zero has all
 * bits clear.
 */
final class SummaryBits {
    /** No bit. */
    static final long NONE = -1;

    private static final int WORD_SHIFT = 6;
    private static final long FULL = -1;

    private final long nrBits;

    /** Address of each level's first word, and how many words it has. */
    private final long[] levels;

    private final long[] nrWords;

    /**
     * Makes the view of bits.
     *
     * @param base address of {@link #bytes} bytes
     * @param nrBits how many bits, at least 1
     */
    SummaryBits(long base, long nrBits) {
        this.nrBits = nrBits;
        int nrLevels = nrLevels(nrBits);
        levels = new long[nrLevels];
        nrWords = new long[nrLevels];
        long next = base;
        long inLevel = nrBits;
        for (int level = 0; level < nrLevels; level++) {
            inLevel = wordsOf(inLevel);
            levels[level] = next;
            nrWords[level] = inLevel;
            next += inLevel * Long.BYTES;
        }
    }

    /** Bytes that so many bits and their summaries take. */
    static long bytes(long nrBits) {
        long nrWords = 0;
        long inLevel = nrBits;
        for (int level = nrLevels(nrBits); level > 0; level--) {
            inLevel = wordsOf(inLevel);
            nrWords += inLevel;
        }
        return nrWords * Long.BYTES;
    }

    private static int nrLevels(long nrBits) {
        int nrLevels = 1;
        for (long inLevel = wordsOf(nrBits); inLevel > 1; inLevel = wordsOf(inLevel)) {
            nrLevels++;
        }
        return nrLevels;
    }

    private static long wordsOf(long nrBits) {
        return (nrBits + Long.SIZE - 1) >>> WORD_SHIFT;
    }

    /** Sets or clears a bit. */
    void assign(long bit, boolean value) {
        long position = bit;
        boolean set = value;
        for (int level = 0; level < levels.length; level++) {
            long address = addressOf(level, position >>> WORD_SHIFT);
            long before = NativeMemory.getLong(address);
            long after = set ? before | 1L << position : before & ~(1L << position);
            NativeMemory.setLong(address, after);
            set = after == FULL;
            if (set == (before == FULL)) {
                return;
            }
            position >>>= WORD_SHIFT;
        }
    }

    /** The first clear bit from {@code from} on; {@link #NONE} if there is none. */
    long nextClear(long from) {
        long position = from;
        for (int level = 0; level < levels.length; level++) {
            long word = position >>> WORD_SHIFT;
            if (word >= nrWords[level]) {
                return NONE;
            }
            long clear = ~wordAt(level, word) & -1L << position;
            if (clear != 0) {
                return descend(level, (word << WORD_SHIFT) + Long.numberOfTrailingZeros(clear));
            }
            position = word + 1;
        }
        return NONE;
    }

    /** The first clear bit below a clear bit of a level. Bits behind the last are clear: then there is none. */
    private long descend(int from, long clear) {
        long position = clear;
        for (int level = from - 1; level >= 0; level--) {
            if (position >= nrWords[level]) {
                return NONE;
            }
            position = (position << WORD_SHIFT) + Long.numberOfTrailingZeros(~wordAt(level, position));
        }
        return position < nrBits ? position : NONE;
    }

    private long wordAt(int level, long word) {
        return NativeMemory.getLong(addressOf(level, word));
    }

    private long addressOf(int level, long word) {
        return levels[level] + word * Long.BYTES;
    }
}
