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

    /** A word that was never stored for its index, or in a marked search one that never had the mark. */
    static final int WRONG = 9;

    private static final int NR_ROUNDS = 3;
    private static final long NOT_STARTED = -1;
    private static final long NO_OFFSET = -1;
    private static final int MAX_EXTRACTED = 16;

    /** A way to go through the array. */
    enum Way {
        /** With the cursor. */
        FIND,

        /** With the cursor, whose position is given up after each entry. */
        FIND_AND_PAUSE,

        /** With the normal API. */
        FIND_AFTER,

        /** With the cursor, from mark to mark. */
        FIND_MARKED,

        /** All at once. */
        EXTRACT
    }

    /** What an iteration must find. */
    static final class Expected {
        private final long[] staying;
        private final long large;
        private final long firstOfLarge;
        private final long lastOfLarge;
        private final long replaced;
        private final long nrPerSlot;

        private Expected(
                long[] staying, long large, long firstOfLarge, long lastOfLarge, long replaced, long nrPerSlot) {
            this.staying = staying;
            this.large = large;
            this.firstOfLarge = firstOfLarge;
            this.lastOfLarge = lastOfLarge;
            this.replaced = replaced;
            this.nrPerSlot = nrPerSlot;
        }

        /**
         * Beside changes that leave nothing else to find.
         *
         * @param offsets offsets of entries that nobody changes, ascending
         */
        static Expected staying(long... offsets) {
            return new Expected(offsets, XaEntry.EMPTY, 0, 0, NO_OFFSET, 1);
        }

        /**
         * Beside a split of the entry at offset 0 into single indices. Pieces become visible from the last to the
         * first: where one was found, all that follow must be.
         *
         * @param nrIndices of the entry
         * @param nrPerSlot indices of one of its slots before the split
         * @param staying as of {@link #staying}
         */
        static Expected split(long nrIndices, long nrPerSlot, long... staying) {
            return new Expected(staying, SharedIndex.word(0), 0, nrIndices - 1, NO_OFFSET, nrPerSlot);
        }

        /**
         * Beside a store of {@link IndexRange#OTHER} over several entries, of which only one is marked.
         *
         * @param first first offset of the range
         * @param last last one
         * @param replaced offset of an entry in it, the marked one: it must be found, or what replaces it, or one after
         *     the other
         * @param staying as of {@link #staying}
         */
        static Expected replaced(long first, long last, long replaced, long... staying) {
            return new Expected(staying, IndexRange.OTHER, first, last, replaced, 1);
        }

        private boolean isInLarge(long offset) {
            return large != XaEntry.EMPTY && offset >= firstOfLarge && offset <= lastOfLarge;
        }

        private boolean isOneOfReplaced(long offset, long word) {
            return replaced != NO_OFFSET && isInLarge(offset) && word != large;
        }

        private long nrPieces() {
            return replaced == NO_OFFSET ? lastOfLarge + 1 : 1;
        }
    }

    private final XArray array;
    private final RcuReader reader;
    private final XaCursor cursor;

    // The iteration under way.
    private Expected expected = Expected.staying();
    private boolean isMarked;
    private long base;
    private long previousOffset;
    private long pieceDueBy;
    private int nrStayingFound;
    private boolean isReplacedFound;
    private int verdict;

    private final long[] extracted = new long[MAX_EXTRACTED];

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
        isMarked = way == Way.FIND_MARKED;
        verdict = COMPLETE;
        reader.enter();
        for (int round = 0; round < NR_ROUNDS; round++) {
            begin();
            cursor.set(base + startOffset);
            if (way == Way.EXTRACT) {
                extract(last);
            } else {
                iterate(way, last);
            }
            end();
        }
        reader.exit();
        return verdict;
    }

    private void iterate(Way way, long last) {
        for (long word = first(way, last); word != XaEntry.EMPTY; word = next(way, last)) {
            if (!cursor.retry(word)) {
                judge(cursor.index() - base, word);
            }
        }
    }

    /** The words tell where they were stored, but that of the large entry. */
    private void extract(long last) {
        int nrExtracted = array.extract(cursor, last, XArray.PRESENT, extracted, MAX_EXTRACTED);
        for (int i = 0; i < nrExtracted; i++) {
            long word = extracted[i];
            if (word == expected.large) {
                isReplacedFound = true;
            } else if (XaEntry.isValue(word)) {
                judge(XaEntry.valueOf(word) - XaEntry.valueOf(SharedIndex.word(0)), word);
            } else {
                worsen(WRONG);
            }
        }
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
            case EXTRACT -> XaEntry.EMPTY;
        };
    }

    private void begin() {
        previousOffset = NOT_STARTED;
        pieceDueBy = NOT_STARTED;
        nrStayingFound = 0;
        isReplacedFound = expected.replaced == NO_OFFSET;
    }

    private void judge(long offset, long word) {
        boolean isLarge = word == expected.large && expected.isInLarge(offset);
        boolean isUnmarked = isMarked && expected.isOneOfReplaced(offset, word) && offset != expected.replaced;
        if ((word != SharedIndex.word(offset) && !isLarge) || isUnmarked) {
            worsen(WRONG);
        }
        isReplacedFound |= isLarge || offset == expected.replaced;
        if (offset <= previousOffset && !isMarkedAgain(offset, word)) {
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

    /**
     * Whether a marked search that met RETRY where a large entry came has gone back to that: it may have found it
     * before, when that had only its first slot. Nothing behind it must come twice.
     */
    private boolean isMarkedAgain(long offset, long word) {
        return isMarked
                && word == expected.large
                && offset == expected.firstOfLarge
                && expected.replaced != NO_OFFSET
                && previousOffset <= expected.lastOfLarge;
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
        return pieceDueBy != NOT_STARTED && pieceDueBy < expected.nrPieces();
    }

    private void end() {
        if (isPieceDue() || nrStayingFound < expected.staying.length || !isReplacedFound) {
            worsen(SKIPPED);
        }
    }

    private void worsen(int found) {
        verdict = Math.max(verdict, found);
    }
}
