/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Errno;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Searching and pausing, as the kernel's own suite checks them. */
class XArrayCatalogueFindTest extends XArrayCatalogue {
    /** check_find_1. */
    @Test
    void findReturnsTheNextOfTwo() {
        for (int i = 0; i < 100; i++) {
            storeIndex(i);
            setMark(i, 0);
            for (int j = 0; j < i; j++) {
                storeIndex(j);
                setMark(j, 0);
                for (int start = 0; start < 100; start++) {
                    Found expected = start <= j ? new Found(j, value(j)) : start <= i ? new Found(i, value(i)) : null;
                    assertEquals(expected, find(start, MAX, XArray.PRESENT));
                    assertEquals(expected, find(start, MAX, 0));
                }
                eraseIndex(j);
                assertFalse(getMark(j, 0));
                assertTrue(getMark(i, 0));
            }
            eraseIndex(i);
            assertFalse(getMark(i, 0));
        }
        assertTrue(isEmpty());
    }

    /** check_find_2. */
    @Test
    void anIterationReturnsEverythingInOrder() {
        List<Found> expected = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            assertEquals(expected, findAll(0, XArray.PRESENT));
            storeIndex(i);
            expected.add(new Found(i, value(i)));
        }
        array.destroy();
    }

    /** check_find_3. */
    @Test
    void aMarkedWalkThatBeginsBehindItsLimitStaysAtTheStart() {
        for (int i = 0; i < 100; i++) {
            for (int start = 1; start < 100; start++) {
                for (int limit = 0; limit < start; limit++) {
                    array.lock();
                    XaCursor cursor = cursor(start);
                    assertEquals(0, cursor.findMarked(limit, 0));
                    assertTrue(cursor.isRestart());
                    array.unlock();
                }
            }
            storeIndex(i);
            setMark(i, 0);
        }
        array.destroy();
    }

    /** check_find_4. */
    @Test
    void nothingComesAfterTheLastIndex() {
        storeIndex(MAX);
        assertEquals(new Found(MAX, value(MAX)), findAfter(0, MAX, XArray.PRESENT));
        assertNull(findAfter(MAX, MAX, XArray.PRESENT));
        eraseIndex(MAX);
    }

    @Test
    void aWalkEndsAtItsLimitWhateverFollows() {
        for (long index = 60; index < 70; index++) {
            storeIndex(index);
            setMark(index, 1);
        }
        for (long limit = 60; limit < 72; limit++) {
            array.lock();
            XaCursor cursor = cursor(60);
            XaCursor marked = cursor(60);
            for (long index = 60; index <= Math.min(limit, 69); index++) {
                assertEquals(value(index), cursor.find(limit));
                assertEquals(index, cursor.index());
                assertEquals(value(index), marked.findMarked(limit, 1));
                assertEquals(index, marked.index());
            }
            assertEquals(0, cursor.find(limit), "limit=" + limit);
            assertTrue(cursor.isRestart());
            assertEquals(limit < 69 ? limit + 1 : 128, cursor.index());
            assertEquals(0, marked.findMarked(limit, 1), "limit=" + limit);
            long[] entries = new long[20];
            assertEquals(Math.min(limit, 69) - 59, array.extract(cursor(0), limit, XArray.PRESENT, entries, 20));
            array.unlock();
        }
    }

    /** The tree of two levels has nothing more, and the cursor is where an entry can be added. */
    @Test
    void aWalkOffTheEndOfTheTreeEndsBehindIt() {
        storeIndex(60);
        storeIndex(70);
        array.lock();
        XaCursor cursor = cursor(65);
        assertEquals(value(70), cursor.find(MAX));
        assertEquals(0, cursor.find(MAX));
        assertTrue(cursor.isBounds());
        assertEquals(4096, cursor.index());
        assertEquals(0, cursor.store(value(4096)));
        assertEquals(Errno.OK, cursor.error());
        array.unlock();
        assertEquals(value(4096), load(4096));
    }

    @Test
    void reservationsAreNotExtracted() {
        storeIndex(5);
        assertEquals(Errno.OK, array.reserve(6));
        storeIndex(7);
        long[] entries = new long[3];
        engine.reader.enter();
        assertEquals(2, array.extract(cursor(0), MAX, XArray.PRESENT, entries, 3));
        engine.reader.exit();
        assertEquals(value(5), entries[0]);
        assertEquals(value(7), entries[1]);
    }

    /** check_multi_find_1. */
    @Test
    void findInsideAnEntryReturnsItAndFindAfterTheNext() {
        for (int order = 2; order < 10; order++) {
            long multi = 3L << order;
            long next = 4L << order;
            storeOrder(multi, order, value(multi));
            assertEquals(Errno.OK, array.insert(next, value(next)));
            storeIndex(next + 1);

            assertEquals(new Found(multi, value(multi)), find(0, MAX, XArray.PRESENT));
            assertEquals(new Found(multi + 1, value(multi)), find(multi + 1, MAX, XArray.PRESENT));
            assertEquals(new Found(next, value(next)), findAfter(multi, MAX, XArray.PRESENT));
            assertEquals(new Found(next, value(next)), findAfter(multi + 1, MAX, XArray.PRESENT));
            assertNull(findAfter(multi, next - 1, XArray.PRESENT));

            assertEquals(value(multi), erase(multi));
            eraseIndex(next);
            eraseIndex(next + 1);
            assertTrue(isEmpty());
        }
    }

    /** check_multi_find_2. */
    @Test
    void aWalkFromTheMiddleMayEraseTheEntry() {
        for (int order = 0; order < 10; order++) {
            long first = 1L << order;
            for (long start = first; start < 2 * first; start++) {
                storeOrder(first, order, value(first));
                storeIndex(2 * first);
                array.lock();
                XaCursor cursor = cursor(start);
                assertEquals(value(first), cursor.find(MAX));
                assertEquals(value(first), cursor.store(0));
                assertEquals(value(2 * first), cursor.find(MAX));
                assertEquals(value(2 * first), cursor.store(0));
                assertEquals(0, cursor.find(MAX));
                array.unlock();
                assertTrue(isEmpty());
            }
        }
    }

    /** check_multi_find_3. */
    @Test
    void nothingComesAfterTheOnlyEntry() {
        for (int order = 5; order < Long.SIZE; order++) {
            storeOrder(0, order, value(order));
            long last = (1L << order) - 1;
            for (long inside : new long[] {0, 1, 15, last - 4, last - 1, last}) {
                assertNull(findAfter(inside, MAX, XArray.PRESENT));
                assertEquals(new Found(inside, value(order)), find(inside, MAX, XArray.PRESENT));
            }
            assertNull(find(last + 1, MAX, XArray.PRESENT));
            array.destroy();
        }
    }

    /** check_find_entry. */
    @Test
    void aSearchThroughAllEntriesWithPausesFindsTheFirstIndex() {
        assertNull(search(pointer(0)));
        for (int order = 0; order < 20; order++) {
            for (int block = 0; block < 10; block++) {
                long first = (long) block << order;
                storeOrder(first, order, pointer(block));
                storeOrder((long) (block + 1) << order, order, pointer(block + 1));
                assertNull(search(pointer(100)));
                assertEquals((long) block << order, search(pointer(block)));
                assertEquals((long) (block + 1) << order, search(pointer(block + 1)));
                assertEquals(pointer(block), erase(first));
            }
            array.destroy();
        }
        storeIndex(MAX);
        assertEquals(MAX, search(value(MAX)));
        eraseIndex(MAX);
    }

    /** First index that holds a word, by an iteration that gives way every fourth entry; null if none does. */
    private @Nullable Long search(long word) {
        engine.reader.enter();
        try {
            XaCursor cursor = cursor(0);
            int seen = 0;
            for (long entry = cursor.find(MAX); entry != 0; entry = cursor.find(MAX)) {
                if (cursor.retry(entry)) {
                    continue;
                }
                if (entry == word) {
                    return cursor.index();
                }
                if (++seen % 4 == 0) {
                    cursor.pause();
                    engine.reader.exit();
                    engine.reader.enter();
                }
            }
            return null;
        } finally {
            engine.reader.exit();
        }
    }

    /** check_pause. */
    @Test
    void aPauseAfterEveryEntryLosesNone() {
        List<Found> ascending = new ArrayList<>();
        for (int order = 0; order < Long.SIZE; order++) {
            storeOrder(1L << order, order, value(order));
            ascending.add(new Found(1L << order, value(order)));
        }
        assertEquals(ascending, walk(0));
        assertEquals(ascending, walkWithPauses(0));
        array.destroy();
    }

    /** check_pause. */
    @Test
    void aPauseAfterEveryEntryLosesNoneOfALayoutThatShrinks() {
        List<Found> descending = new ArrayList<>();
        long index = 0;
        for (int order = Long.SIZE - 1; order >= 0; order--) {
            storeOrder(index, order, value(order));
            descending.add(new Found(index, value(order)));
            index += 1L << order;
        }
        assertEquals(descending, walk(0));
        assertEquals(descending, walkWithPauses(0));

        descending.set(0, new Found(1, value(Long.SIZE - 1)));
        assertEquals(descending, walk(1), "the first entry is met inside, at the index where the walk begins");
        assertEquals(descending, walkWithPauses(1));
        array.destroy();
    }

    @Test
    void aPauseWhereTheWalkBeganInASiblingSlotSkipsNothing() {
        for (int order = 1; order < 12; order++) {
            long first = 1L << order;
            storeOrder(first, order, value(first));
            storeIndex(2 * first);
            storeIndex(2 * first + 1);
            for (long start = first; start < 2 * first; start++) {
                List<Found> expected = List.of(
                        new Found(start, value(first)),
                        new Found(2 * first, value(2 * first)),
                        new Found(2 * first + 1, value(2 * first + 1)));
                assertEquals(expected, walkWithPauses(start), "start=" + start);
            }
            array.destroy();
        }
    }

    @Test
    void aWalkGoesOnBehindTheHeadAfterAPause() {
        storeIndex(0);
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        assertEquals(value(0), cursor.find(MAX));
        cursor.pause();
        assertEquals(1, cursor.index());
        storeIndex(1);
        assertEquals(value(1), cursor.find(MAX));
        engine.reader.exit();
    }

    private List<Found> walkWithPauses(long start) {
        List<Found> found = new ArrayList<>();
        engine.reader.enter();
        XaCursor cursor = cursor(start);
        for (long entry = cursor.find(MAX); entry != 0; entry = cursor.find(MAX)) {
            found.add(new Found(cursor.index(), entry));
            cursor.pause();
        }
        engine.reader.exit();
        return found;
    }
}
