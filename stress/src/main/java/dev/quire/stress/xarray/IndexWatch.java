/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaBatch;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;
import dev.quire.stress.Progress;

/**
 * A reader that looks at one index all through a read section, by the array's own load, by a cursor and in a batch in turn,
 * and sums up what it saw in two digits.
 */
final class IndexWatch {
    /** The entry from before the change, all the time. */
    static final int OLD = 1;

    /** The entry from after the change, all the time. */
    static final int NEW = 2;

    /** First the one, then the other, or what came between them. */
    static final int OLD_THEN_NEW = 3;

    /** At least once an older entry after a newer one. */
    static final int NEW_THEN_OLD = 4;

    /** At least once a word that was never stored for this index. */
    static final int WRONG = 9;

    /** Added if the cursor met RETRY: it was in a node that was just cut off, or at a slot that just became a node. */
    static final int MET_RETRY = 10;

    private static final int NR_LOOKS = 9;
    private static final int NR_WAYS = 3;

    private final XArray array;
    private final RcuReader reader;
    private final XaCursor cursor;
    private final long[] batchIndex = new long[1];
    private final long[] batchEntry = new long[1];
    private boolean metRetry;

    IndexWatch(XArray array, RcuReader reader) {
        this.array = array;
        this.reader = reader;
        cursor = new XaCursor(array, reader);
    }

    /** Watches an index whose word is each of some in turn, from the old one to the new one. */
    int watch(long index, long... words) {
        metRetry = false;
        int first = -1;
        int last = -1;
        boolean cameBack = false;
        boolean wasWrong = false;
        reader.enter();
        for (int look = 0; look < NR_LOOKS; look++) {
            int seen = indexOf(words, load(index, look % NR_WAYS));
            wasWrong |= seen < 0;
            cameBack |= seen < last;
            first = look == 0 ? seen : first;
            last = seen;
        }
        reader.exit();
        int history = wasWrong ? WRONG : cameBack ? NEW_THEN_OLD : summary(first, last, words.length - 1);
        return history + (metRetry ? MET_RETRY : 0);
    }

    private static int summary(int first, int last, int newest) {
        return last == 0 ? OLD : first == newest ? NEW : OLD_THEN_NEW;
    }

    private static int indexOf(long[] words, long word) {
        for (int i = 0; i < words.length; i++) {
            if (words[i] == word) {
                return i;
            }
        }
        return -1;
    }

    private long load(long index, int way) {
        return switch (way) {
            case 0 -> array.load(reader, index);
            case 1 -> loadWithCursor(index);
            default -> loadInBatch(index);
        };
    }

    private long loadInBatch(long index) {
        batchIndex[0] = index;
        XaBatch.load(array, reader, batchIndex, batchEntry, 1);
        return batchEntry[0];
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
