/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;

/** A reader that goes from entry to entry, several times in one read section, and judges what it found in a digit. */
final class IterationWatch {
    /** The mark that marked iterations look for. */
    static final int MARK = 1;

    /** What stays was found once each time. */
    static final int COMPLETE = 1;

    /** Something that was there all the time was not found. */
    static final int SKIPPED = 7;

    /** An index came twice, or after a larger one. */
    static final int WENT_BACK = 8;

    /** A word that was never stored for its index. */
    static final int WRONG = 9;

    private static final int NR_ROUNDS = 3;
    private static final long NOT_STARTED = -1;

    /** A way to go through the array. */
    enum Way {
        /** With the cursor. */
        FIND,

        /** With the cursor, whose position is given up after each entry. */
        FIND_AND_PAUSE,

        /** With the normal API. */
        FIND_AFTER,

        /** With the cursor, from mark to mark. */
        FIND_MARKED
    }

    /** What an iteration must find. */
    static final class Expected {
        private final long[] staying;
        private final long large;
        private final long nrPieces;
        private final long nrPerSlot;

        /**
         * Beside a split of the entry at offset 0 into single indices. Pieces become visible from the last to the first: where
         * one was found, all that follow must be.
         *
         * @param staying offsets of entries that nobody changes, ascending
         * @param large a word that may stand at any offset, as that of a large entry; 0 for none
         * @param nrPieces indices of the entry that is split
         * @param nrPerSlot indices of one of its slots before the split
         */
        Expected(long[] staying, long large, long nrPieces, long nrPerSlot) {
            this.staying = staying;
            this.large = large;
            this.nrPieces = nrPieces;
            this.nrPerSlot = nrPerSlot;
        }

        /** Beside other changes. */
        Expected(long[] staying, long large) {
            this(staying, large, 1, 1);
        }
    }

    private final XArray array;
    private final RcuReader reader;
    private final XaCursor cursor;

    // The iteration under way.
    private Expected expected = new Expected(new long[0], XaEntry.EMPTY);
    private long base;
    private long previousOffset;
    private long pieceDueBy;
    private int nrStayingFound;
    private int verdict;

    IterationWatch(XArray array, RcuReader reader) {
        this.array = array;
        this.reader = reader;
        cursor = new XaCursor(array, reader);
    }

    /**
     * Iterates over a range.
     *
     * @param base index that offsets count from
     * @param startOffset where to start; nothing that stays is before it
     */
    int watch(Way way, long base, long startOffset, long last, Expected expected) {
        this.expected = expected;
        this.base = base;
        verdict = COMPLETE;
        reader.enter();
        for (int round = 0; round < NR_ROUNDS; round++) {
            begin();
            cursor.set(base + startOffset);
            for (long word = first(way, last); word != XaEntry.EMPTY; word = next(way, last)) {
                if (!cursor.retry(word)) {
                    judge(cursor.index() - base, word);
                }
            }
            end();
        }
        reader.exit();
        return verdict;
    }

    private long first(Way way, long last) {
        return way == Way.FIND_AFTER ? array.find(cursor, last, XArray.PRESENT) : next(way, last);
    }

    private long next(Way way, long last) {
        return switch (way) {
            case FIND -> cursor.find(last);
            case FIND_AND_PAUSE -> {
                cursor.pause();
                yield cursor.find(last);
            }
            case FIND_AFTER -> array.findAfter(cursor, last, XArray.PRESENT);
            case FIND_MARKED -> cursor.findMarked(last, MARK);
        };
    }

    private void begin() {
        previousOffset = NOT_STARTED;
        pieceDueBy = NOT_STARTED;
        nrStayingFound = 0;
    }

    private void judge(long offset, long word) {
        if (word != SharedIndex.word(offset) && word != expected.large) {
            worsen(WRONG);
        }
        if (offset <= previousOffset) {
            worsen(WENT_BACK);
        }
        previousOffset = offset;
        judgePiece(offset, word);
        long[] staying = expected.staying;
        if (nrStayingFound < staying.length && staying[nrStayingFound] <= offset) {
            if (staying[nrStayingFound] != offset) {
                worsen(SKIPPED);
            }
            nrStayingFound++;
        }
    }

    private void judgePiece(long offset, long word) {
        if (isPieceDue() && offset > pieceDueBy) {
            worsen(SKIPPED);
        }
        long nextSlot = expected.nrPerSlot;
        if (offset > 0) {
            pieceDueBy = word == SharedIndex.word(offset) ? offset + 1 : NOT_STARTED;
        } else if (array.load(reader, base + nextSlot) == SharedIndex.word(nextSlot)) {
            // The first piece keeps the word of the whole; the next slot tells that the split has come this far.
            pieceDueBy = nextSlot;
        }
    }

    private boolean isPieceDue() {
        return pieceDueBy != NOT_STARTED && pieceDueBy < expected.nrPieces;
    }

    private void end() {
        if (isPieceDue() || nrStayingFound < expected.staying.length) {
            worsen(SKIPPED);
        }
    }

    private void worsen(int found) {
        verdict = Math.max(verdict, found);
    }
}
