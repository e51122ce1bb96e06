/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;

/**
 * Which slots of a swap area are free: finds an aligned run of free ones, of any order, in a number of loads that grows
 * with the logarithm of the area's size, however full and fragmented it is (what the clusters of mm/swapfile.c and
 * their lists by order are for; as in a buddy allocator, a run is found where it is free as a whole).
 *
 * <pre>
 *  level   one bit, if it is set         one word covers        holds runs of order
 *  0       slot is taken                 64 slots, order 6      0 to 5
 *  1       a word of level 0 is not 0    4096 slots, order 12   6 to 11
 *  2       a word of level 1 is not 0    order 18               12 to 17
 *  3       a word of level 2 is not 0    order 24               18
 * </pre>
 *
 * Beside them, for each order, are {@link SummaryBits} with one bit per word of its level: it is set if the word lacks
 * a free run of that order. So the next word that has one is the next clear bit.
 *
 * <p>Not thread-safe; the lock of the swap table guards everything. Arguments are trusted. Memory that reads as zero
 * has all slots free.
 */
final class FreeSlots {
    /** No slot. */
    static final long NONE = -1;

    private static final int WORD_SHIFT = 6;
    private static final int NR_LEVELS = 4;
    private static final long ALL = -1;

    /** Bits at which a run of {@code 2^span} may start, by span. */
    private static final long[] STARTS = {
        ALL,
        0x5555_5555_5555_5555L,
        0x1111_1111_1111_1111L,
        0x0101_0101_0101_0101L,
        0x0001_0001_0001_0001L,
        0x1_0000_0001L
    };

    private final long[] levels = new long[NR_LEVELS];
    private final SummaryBits[] lacking = new SummaryBits[Geometry.NR_ORDERS];

    /** First block of each level that is not there, or not as a whole; its number and those behind it stay taken. */
    private final long[] nrWhole = new long[NR_LEVELS];

    /**
     * Makes the map of an area, with all slots free.
     *
     * @param base address of {@link #bytes} bytes that read as zero
     * @param nrSlots slots of the area, at least 1
     */
    FreeSlots(long base, long nrSlots) {
        long next = base;
        for (int level = 0; level < NR_LEVELS; level++) {
            levels[level] = next;
            nrWhole[level] = nrSlots >>> shiftOf(level);
            next += wordsOf(level, nrSlots) * Long.BYTES;
        }
        for (int order = 0; order < Geometry.NR_ORDERS; order++) {
            long nrWords = wordsOf(levelOf(order), nrSlots);
            lacking[order] = new SummaryBits(next, nrWords);
            next += SummaryBits.bytes(nrWords);
        }
        for (int level = 0; level < NR_LEVELS; level++) {
            takeBehind(level, wordsOf(level, nrSlots) - 1);
        }
    }

    /**
     * Bytes that the map of an area takes.
     *
     * @param nrSlots slots of the area, at least 1
     * @return its size
     */
    static long bytes(long nrSlots) {
        long nrBytes = 0;
        for (int level = 0; level < NR_LEVELS; level++) {
            nrBytes += wordsOf(level, nrSlots) * Long.BYTES;
        }
        for (int order = 0; order < Geometry.NR_ORDERS; order++) {
            nrBytes += SummaryBits.bytes(wordsOf(levelOf(order), nrSlots));
        }
        return nrBytes;
    }

    /** Takes what a level's last word has behind the last whole block, so that no run reaches there. */
    private void takeBehind(int level, long lastWord) {
        long inWord = nrWhole[level] - (lastWord << WORD_SHIFT);
        if (inWord < Long.SIZE) {
            NativeMemory.setLong(addressOf(level, lastWord), ALL << inWord);
            noteRuns(level, lastWord);
        }
    }

    /**
     * Finds free slots.
     *
     * @param from slot to begin at, rounded down to a multiple of the run's length; from the end the search goes on at
     *     slot 0
     * @param order log2 slots, 0 to {@link Geometry#MAX_ORDER}
     * @return first slot of the first run, or {@link #NONE} if there is none
     */
    long find(long from, int order) {
        int level = levelOf(order);
        long block = Geometry.alignDown(from, order) >>> shiftOf(level);
        long word = block >>> WORD_SHIFT;
        if (block < nrWhole[level]) {
            long runs = runsIn(level, word, order) & ALL << block;
            if (runs != 0) {
                return firstOf(level, word, runs);
            }
        }
        word = lacking[order].nextClear(word + 1);
        if (word == SummaryBits.NONE) {
            word = lacking[order].nextClear(0);
        }
        return word == SummaryBits.NONE ? NONE : firstOf(level, word, runsIn(level, word, order));
    }

    private static long firstOf(int level, long word, long runs) {
        return ((word << WORD_SHIFT) + Long.numberOfTrailingZeros(runs)) << shiftOf(level);
    }

    /**
     * Takes a free run.
     *
     * @param slot its first slot
     * @param order log2 slots
     */
    void take(long slot, int order) {
        long first = slot >>> WORD_SHIFT;
        if (order < WORD_SHIFT) {
            change(first, wordAt(0, first) | bits(slot, order));
        } else {
            long end = first + (1L << (order - WORD_SHIFT));
            for (long word = first; word < end; word++) {
                change(word, ALL);
            }
        }
    }

    /** The bits of a word that {@code 2^order} slots take, order 0 to 5. */
    private static long bits(long slot, int order) {
        return ((1L << (1 << order)) - 1) << slot;
    }

    /**
     * Gives taken slots back.
     *
     * @param word slot number of the first of 64 slots, divided by 64
     * @param slots a bit for each slot of them that is free from now on
     */
    void giveBack(long word, long slots) {
        change(word, wordAt(0, word) & ~slots);
    }

    /** Stores a word of level 0, and what follows from it on all levels. */
    private void change(long word, long value) {
        NativeMemory.setLong(addressOf(0, word), value);
        noteRuns(0, word);
        long block = word;
        boolean taken = value != 0;
        for (int level = 1; level < NR_LEVELS; level++) {
            long address = addressOf(level, block >>> WORD_SHIFT);
            long before = NativeMemory.getLong(address);
            long after = taken ? before | 1L << block : before & ~(1L << block);
            if (before == after) {
                return;
            }
            NativeMemory.setLong(address, after);
            block >>>= WORD_SHIFT;
            noteRuns(level, block);
            taken = after != 0;
        }
    }

    /** Notes which orders a word lacks a run of. */
    private void noteRuns(int level, long word) {
        int first = shiftOf(level);
        int end = Math.min(first + WORD_SHIFT, Geometry.NR_ORDERS);
        for (int order = first; order < end; order++) {
            lacking[order].assign(word, runsIn(level, word, order) == 0);
        }
    }

    /** A bit for each free run of an order in a word of its level, where it starts. */
    private long runsIn(int level, long word, int order) {
        long free = ~wordAt(level, word);
        int span = order - shiftOf(level);
        for (int half = 0; half < span; half++) {
            free &= free >>> (1 << half);
        }
        return free & STARTS[span];
    }

    private static int levelOf(int order) {
        return order / WORD_SHIFT;
    }

    /** Order of what one bit of a level covers. */
    private static int shiftOf(int level) {
        return level * WORD_SHIFT;
    }

    /** Words of a level that covers all slots, in whole blocks and a part of one. */
    private static long wordsOf(int level, long nrSlots) {
        int shift = shiftOf(level + 1);
        return (nrSlots + (1L << shift) - 1) >>> shift;
    }

    private long wordAt(int level, long word) {
        return NativeMemory.getLong(addressOf(level, word));
    }

    private long addressOf(int level, long word) {
        return levels[level] + word * Long.BYTES;
    }
}
