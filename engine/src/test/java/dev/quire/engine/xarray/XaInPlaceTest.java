/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Changes through the normal API, which are made in place where they can be, leave the very tree that the same changes
 * leave through a cursor, which always goes the general way.
 */
class XaInPlaceTest extends XArrayCatalogue {
    private static final int NR_STEPS = 100_000;
    private static final int NR_INDICES = 700;
    private static final int MAX_ORDER = 9;
    private static final int MARK = 1;

    @Test
    void unmarkedArraysStayTheSame() {
        changeBoth(TestSeed.random("unmarkedArraysStayTheSame"), 0, false);
    }

    @Test
    void markedArraysStayTheSame() {
        changeBoth(TestSeed.random("markedArraysStayTheSame"), 0, true);
    }

    @Test
    void arraysThatTrackFreeIndicesStayTheSame() {
        changeBoth(TestSeed.random("arraysThatTrackFreeIndicesStayTheSame"), XArray.TRACK_FREE, false);
    }

    /** What a cursor has left marked free though it is taken. */
    @Test
    void aStoreSaysThatTheIndexIsTaken() {
        XArray ids = engine.newArray(XArray.TRACK_FREE);
        XaCursor cursor = new XaCursor(ids);
        for (long index : new long[] {5, 6, 8}) {
            ids.lock();
            cursor.setOrder(index, index == 8 ? 2 : 0);
            cursor.store(value(index));
            ids.unlock();
        }
        assertEquals(value(5), ids.store(5, value(50)));
        assertEquals(value(6), ids.store(6, value(60)));
        assertEquals(value(8), ids.storeOrder(8, 2, value(80)));
        for (long index : new long[] {5, 6, 8, 9, 10, 11}) {
            assertEquals(Errno.EBUSY, ids.alloc(index, index, value(1)), () -> "index=" + index);
        }
        assertEquals(7, ids.alloc(5, 11, value(7)));
    }

    private void changeBoth(SplittableRandom random, int flags, boolean marks) {
        XArray inPlace = engine.newArray(flags);
        XArray general = engine.newArray(flags);
        XaCursor cursor = new XaCursor(general);
        for (int step = 0; step < NR_STEPS; step++) {
            int order = random.nextInt(4) == 0 ? random.nextInt(MAX_ORDER + 1) : 0;
            long index = random.nextLong(NR_INDICES) >>> order << order;
            long word = random.nextBoolean() ? XaEntry.value(step) : pointer(step);
            if (marks && random.nextInt(1000) == 0) {
                inPlace.setMark(index, MARK);
                general.setMark(index, MARK);
            }
            change(random.nextInt(20), inPlace, cursor, index, order, word);
            if (step % 50 == 0) {
                assertEquals(XaText.tree(general), XaText.tree(inPlace), () -> "after a change at " + index);
                XaChecker.check(inPlace);
            }
        }
        inPlace.destroy();
        general.destroy();
    }

    private static void change(int what, XArray inPlace, XaCursor cursor, long index, int order, long word) {
        if (what == 0) {
            storeThrough(cursor, index, MAX_ORDER, XaEntry.EMPTY);
            inPlace.storeOrder(index >>> MAX_ORDER << MAX_ORDER, MAX_ORDER, XaEntry.EMPTY);
        } else if (what < 8) {
            assertEquals(storeThrough(cursor, index, 0, XaEntry.EMPTY), inPlace.erase(index));
        } else if (what < 10) {
            assertEquals(insertThrough(cursor, index, word), inPlace.insert(index, word));
        } else if (order == 0) {
            assertEquals(storeThrough(cursor, index, 0, word), inPlace.store(index, word));
        } else {
            // What is returned of several entries that are replaced is not specified.
            storeThrough(cursor, index, order, word);
            inPlace.storeOrder(index, order, word);
        }
    }

    private static long storeThrough(XaCursor cursor, long index, int order, long word) {
        cursor.array.lock();
        try {
            cursor.setOrder(index, order);
            long before = cursor.store(word);
            if (word != XaEntry.EMPTY && XaFlags.tracksFree(cursor.anchor)) {
                cursor.clearMark(XArray.FREE_MARK);
            }
            return before;
        } finally {
            cursor.array.unlock();
        }
    }

    private static int insertThrough(XaCursor cursor, long index, long word) {
        cursor.array.lock();
        cursor.set(index);
        boolean isFree = cursor.load() == XaEntry.EMPTY;
        cursor.array.unlock();
        if (isFree) {
            storeThrough(cursor, index, 0, word);
        }
        return isFree ? Errno.OK : Errno.EBUSY;
    }
}
