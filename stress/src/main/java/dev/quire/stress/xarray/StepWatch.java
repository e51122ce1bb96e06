/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;

/**
 * A reader that steps from index to index, forwards and back in one read section, and judges what it found in a digit.
 */
final class StepWatch {
    /** Each index showed what was stored for it. */
    static final int COMPLETE = 1;

    /** An index showed nothing, although it held something all the time. */
    static final int MISSED = 7;

    /** A piece of an entry that is split was found, and then the whole behind it. */
    static final int WENT_BACK = 8;

    /** A word that was never stored for its index. */
    static final int WRONG = 9;

    /**
     * What a reader must find.
     *
     * @param firstOffset where to start
     * @param lastOffset where to turn round
     * @param nrSplit indices of the entry at offset 0 that is split into single ones, from the last to the first; or 0
     * @param stayingOffset offset of an entry that nobody changes
     */
    record Expected(long firstOffset, long lastOffset, long nrSplit, long stayingOffset) {
        boolean isAlwaysThere(long offset) {
            return offset < nrSplit || offset == stayingOffset;
        }
    }

    private final XaCursor cursor;
    private final RcuReader reader;

    StepWatch(XArray array, RcuReader reader) {
        this.reader = reader;
        cursor = new XaCursor(array, reader);
    }

    /**
     * Steps over offsets.
     *
     * @param base index that offsets count from
     */
    int watch(long base, Expected expected) {
        int verdict = COMPLETE;
        boolean isPieceDue = false;
        reader.enter();
        cursor.set(base + expected.firstOffset);
        long offset = expected.firstOffset;
        for (long word = cursor.load(); offset <= expected.lastOffset; word = cursor.next()) {
            long found = settled(word);
            boolean isWhole = offset > 0 && isWhole(expected, offset, found);
            verdict = Math.max(verdict, isWhole && isPieceDue ? WENT_BACK : judge(expected, offset, found));
            isPieceDue |= offset > 0 && offset < expected.nrSplit && !isWhole;
            offset++;
        }
        while (offset > expected.firstOffset) {
            offset--;
            verdict = Math.max(verdict, judge(expected, offset, settled(cursor.prev())));
        }
        reader.exit();
        return verdict;
    }

    /** What stands at the index, if the step came into a node that was cut off. */
    private long settled(long stepped) {
        long word = stepped;
        while (word == XaEntry.RETRY) {
            cursor.reset();
            word = cursor.load();
        }
        return word;
    }

    private static int judge(Expected expected, long offset, long word) {
        if (word == XaEntry.EMPTY) {
            return expected.isAlwaysThere(offset) ? MISSED : COMPLETE;
        }
        return word == SharedIndex.word(offset) || isWhole(expected, offset, word) ? COMPLETE : WRONG;
    }

    /** The steps come upon the siblings of an entry. */
    private static boolean isWhole(Expected expected, long offset, long word) {
        return offset < expected.nrSplit && (word == SharedIndex.word(0) || XaEntry.isSibling(word));
    }
}
