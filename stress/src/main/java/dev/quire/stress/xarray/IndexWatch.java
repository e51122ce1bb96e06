/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaBatch;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;
import dev.quire.stress.Progress;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A reader that looks at one index all through a read section, and sums up what it saw in two digits. It looks for the
 * entry by the array's own load, by a cursor and in a batch in turn, or for its order, or its mark.
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

    /** The mark was there each time. */
    static final int MARKED = 1;

    /** No mark was there, as none should be. */
    static final int NEVER_MARKED = 2;

    /** At least once the mark was not there. */
    static final int UNMARKED = 7;

    private static final int NR_LOOKS = 9;
    private static final int NR_WAYS = 3;

    private interface Look {
        long at(long index, int way);
    }

    private final XArray array;
    private final RcuReader reader;
    private final XaCursor cursor;
    private final XaCursor placeCursor;
    private final Look atEntry = this::load;
    private final Look atPlace = this::reloadAtPlace;
    private final Look atOrder;
    private final long[] batchIndex = new long[1];
    private final long[] batchEntry = new long[1];
    private boolean metRetry;

    IndexWatch(XArray array, RcuReader reader) {
        this.array = array;
        this.reader = reader;
        cursor = new XaCursor(array, reader);
        placeCursor = new XaCursor(array, reader);
        atOrder = (index, way) -> array.getOrder(reader, index);
    }

    /** Watches an index whose word is each of some in turn, from the old one to the new one. */
    int watch(long index, long... words) {
        return watch(atEntry, index, words);
    }

    /** The same from where the index was found, as long as the place does not turn the reader away. */
    int watchPlace(long index, long... words) {
        reader.enter();
        try {
            placeCursor.set(index);
            placeCursor.load();
            return watch(atPlace, index, words);
        } finally {
            reader.exit();
        }
    }

    /** Watches an index whose entry has each of some orders in turn, from the old one to the new one. */
    int watchOrder(long index, long... orders) {
        return watch(atOrder, index, orders);
    }

    /** Watches an index that is marked all the time, and one that never is. */
    int watchMark(long markedIndex, long unmarkedIndex) {
        int seen = MARKED;
        reader.enter();
        for (int look = 0; look < NR_LOOKS; look++) {
            if (!array.getMark(reader, markedIndex, IterationWatch.MARK)) {
                seen = Math.max(seen, UNMARKED);
            }
            if (array.getMark(reader, unmarkedIndex, IterationWatch.MARK)) {
                seen = WRONG;
            }
        }
        reader.exit();
        return seen;
    }

    /** Watches an index that never is marked. */
    int watchNoMark(long index) {
        int seen = NEVER_MARKED;
        reader.enter();
        for (int look = 0; look < NR_LOOKS; look++) {
            if (array.getMark(reader, index, IterationWatch.MARK)) {
                seen = WRONG;
            }
        }
        reader.exit();
        return seen;
    }

    private int watch(Look look, long index, long... words) {
        metRetry = false;
        int first = -1;
        int last = -1;
        boolean cameBack = false;
        boolean wasWrong = false;
        reader.enter();
        for (int nrLooks = 0; nrLooks < NR_LOOKS; nrLooks++) {
            int seen = indexOf(words, look.at(index, nrLooks % NR_WAYS));
            wasWrong |= seen < 0;
            cameBack |= seen < last;
            first = nrLooks == 0 ? seen : first;
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
            case 1 -> loadWith(cursor, index);
            default -> loadInBatch(index);
        };
    }

    private long loadInBatch(long index) {
        batchIndex[0] = index;
        XaBatch.load(array, reader, batchIndex, batchEntry, 1);
        return batchEntry[0];
    }

    private long loadWith(XaCursor walking, long index) {
        walking.set(index);
        long word = walking.load();
        while (word == XaEntry.RETRY) {
            metRetry = true;
            walking.reset();
            word = walking.load();
        }
        return word;
    }

    private long reloadAtPlace(long index, int way) {
        long word = placeCursor.reload();
        if (word != XaEntry.RETRY) {
            return word;
        }
        metRetry = true;
        return loadWith(placeCursor, index);
    }

    /**
     * Finds an entry, and looks at the same place again once the writer is through. 0 if the entry was gone at the
     * first look; 3 if the place says so, by RETRY, at the second; 1 if it shows anything else.
     */
    int reload(long index, long oldWord, Progress writer) {
        reader.enter();
        try {
            return isAt(index, oldWord) ? reloadAfter(writer) : 0;
        } finally {
            reader.exit();
        }
    }

    /**
     * Finds an entry, watches its index, and looks at the place where it was found again once the writer is through.
     * First result as of {@link #watch}, second as of {@link #reload}.
     */
    void watchAndReload(long index, long oldWord, long newWord, Progress writer, II_Result seen) {
        reader.enter();
        try {
            boolean wasThere = isAt(index, oldWord);
            seen.r1 = watch(index, oldWord, newWord);
            seen.r2 = wasThere ? reloadAfter(writer) : 0;
        } finally {
            reader.exit();
        }
    }

    private boolean isAt(long index, long word) {
        placeCursor.set(index);
        return placeCursor.load() == word;
    }

    private int reloadAfter(Progress writer) {
        writer.await();
        return placeCursor.reload() == XaEntry.RETRY ? OLD_THEN_NEW : OLD;
    }
}
