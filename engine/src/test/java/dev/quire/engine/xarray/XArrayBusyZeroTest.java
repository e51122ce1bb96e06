/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Errno;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Arrays that track free indices and begin at 1, where index 0 was used all the same; and the free mark in general. */
class XArrayBusyZeroTest extends XArrayCatalogue {
    private static final int FLAGS = XArray.TRACK_FREE | XArray.ZERO_BUSY;

    @BeforeEach
    void openArrayFromOne() {
        array = engine.newArray(FLAGS);
    }

    @Test
    void indicesBelowAnEntryStayFreeAfterAReservationOfZero() {
        assertEquals(Errno.OK, array.reserve(0));
        store(100, value(1));
        XaChecker.check(array);
        for (long index = 1; index < 64; index++) {
            assertEquals(index, array.alloc(1, 63, value(index)));
        }
        assertEquals(Errno.EBUSY, array.alloc(1, 63, value(64)));
        assertEquals(64, array.alloc(1, 1000, value(64)));
        XaChecker.check(array);
    }

    @Test
    void theSameAfterAnInsertionOrAStoreOfNothingAtZero() {
        assertEquals(Errno.OK, array.insert(0, 0));
        store(100, value(1));
        assertEquals(1, array.alloc(1, 63, value(1)));
        array.destroy();
        assertEquals(0, store(0, 0));
        store(100, value(1));
        assertEquals(1, array.alloc(1, 63, value(1)));
        XaChecker.check(array);
    }

    @Test
    void whatIsStoredIntoAnEmptyArrayHasNoMarkOfWhatWasThere() {
        storeIndex(5);
        array.setMark(0, 2);
        assertEquals(value(5), erase(5));
        assertTrue(isEmpty());
        assertFalse(isMarked(2));
        storeIndex(0);
        assertFalse(getMark(0, 2));
    }

    @Test
    void erasingNothingFromAnEmptyArrayChangesNothing() {
        String before = text();
        assertEquals(0, erase(0));
        assertEquals(before, text());
        assertEquals(0, compareExchange(0, 0, 0));
        assertEquals(before, text());
    }

    /** Both kinds: no allocation finds a free index without the mark, and every one finds a taken one with it. */
    @Test
    void theFreeMarkIsNeitherTakenFromAFreeIndexNorGivenToATakenOne() {
        for (int flags : new int[] {FLAGS, XArray.TRACK_FREE}) {
            array = engine.newArray(flags);
            assertEquals(1, array.alloc(1, 100, value(1)));
            assertEquals(5, array.alloc(5, 100, value(5)));
            array.lock();
            XaCursor cursor = cursor(2);
            cursor.load();
            assertThrows(IllegalArgumentException.class, () -> cursor.clearMark(0));
            cursor.initMarks();
            cursor.set(5);
            cursor.load();
            assertThrows(IllegalArgumentException.class, cursor::initMarks);
            cursor.clearMark(0);
            array.unlock();
            XaChecker.check(array);
            assertEquals(2, array.alloc(1, 100, value(2)));
            array.destroy();
        }
    }
}
