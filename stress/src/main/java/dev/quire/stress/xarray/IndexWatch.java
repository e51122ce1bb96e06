/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;
import dev.quire.stress.Progress;

/**
 * A reader that looks at one index all through a read section, by the array's own load and by a cursor in turn, and sums up
 * what it saw in two digits.
 */
final class IndexWatch {
    /** The entry from before the change, all the time. */
    static final int OLD = 1;

    /** The entry from after the change, all the time. */
    static final int NEW = 2;

    /** First the one, then the other. */
    static final int OLD_THEN_NEW = 3;

    /** At least once the old entry after the new one. */
    static final int NEW_THEN_OLD = 4;

    /** At least once a word that was never stored for this index. */
    static final int WRONG = 9;

    /** Added if the cursor met RETRY: it was in a node that was just cut off, or at a slot that just became a node. */
    static final int MET_RETRY = 10;

    private static final int NR_LOOKS = 8;

    private final XArray array;
    private final RcuReader reader;
    private final XaCursor cursor;
    private boolean metRetry;

    IndexWatch(XArray array, RcuReader reader) {
        this.array = array;
        this.reader = reader;
        cursor = new XaCursor(array, reader);
    }

    int watch(long index, long oldWord, long newWord) {
        metRetry = false;
        int history = 0;
        reader.enter();
        for (int look = 0; look < NR_LOOKS; look++) {
            long word = (look & 1) == 0 ? array.load(reader, index) : loadWithCursor(index);
            history = extend(history, word == oldWord ? OLD : word == newWord ? NEW : WRONG);
        }
        reader.exit();
        return history + (metRetry ? MET_RETRY : 0);
    }

    private static int extend(int history, int seen) {
        if (history == WRONG || seen == WRONG) {
            return WRONG;
        }
        if (seen == OLD) {
            return history == 0 || history == OLD ? OLD : NEW_THEN_OLD;
        }
        return history == 0 || history == NEW ? NEW : history == OLD ? OLD_THEN_NEW : history;
    }

    private long loadWithCursor(long index) {
        cursor.set(index);
        long word = cursor.load();
        while (word == XaEntry.RETRY) {
            metRetry = true;
            cursor.reset();
            word = cursor.load();
        }
        return word;
    }

    boolean isPresent(long index) {
        reader.enter();
        try {
            return array.load(reader, index) != XaEntry.EMPTY;
        } finally {
            reader.exit();
        }
    }

    /**
     * Finds an entry, and looks at the same place again once the writer is through. 0 if the entry was gone at the first
     * look; 3 if the place says so, by RETRY, at the second; 1 if it shows anything else.
     */
    int reload(long index, long oldWord, Progress writer) {
        reader.enter();
        try {
            cursor.set(index);
            long first = cursor.load();
            if (first != oldWord) {
                return 0;
            }
            writer.await();
            return cursor.reload() == XaEntry.RETRY ? OLD_THEN_NEW : OLD;
        } finally {
            reader.exit();
        }
    }
}
