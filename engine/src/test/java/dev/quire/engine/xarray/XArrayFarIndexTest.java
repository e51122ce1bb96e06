/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Errno;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every operation where an index is no positive number any more, and where there is no next one. */
class XArrayFarIndexTest extends XArrayCatalogue {
    private static final long HALF = Long.MIN_VALUE;

    @ParameterizedTest(name = "index {0}")
    @ValueSource(longs = {HALF - 1, HALF, HALF + 1, -65, -64, -63, -2, -1})
    void singleEntries(long index) {
        assertEquals(0, store(index, value(1)));
        assertEquals(value(1), load(index));
        assertEquals(0, load(index - 1));
        assertEquals(0, load(index + 1));
        assertEquals(0, load(index & Long.MAX_VALUE - 1));
        assertEquals(0, getOrder(index));
        assertEquals(value(1), compareExchange(index, value(1), pointer(1)));
        assertEquals(Errno.EBUSY, array.insert(index, value(2)));
        setMark(index, 1);
        assertTrue(getMark(index, 1));
        assertFalse(getMark(index - 1, 1));
        array.clearMark(index, 1);
        assertFalse(isMarked(1));
        assertEquals(pointer(1), erase(index));
        assertTrue(isEmpty());

        assertEquals(Errno.OK, array.reserve(index));
        assertEquals(0, load(index));
        assertEquals(Errno.EBUSY, array.insert(index, value(2)));
        array.release(index);
        assertTrue(isEmpty());
        assertEquals(Errno.OK, array.insert(index, value(2)));
        XaChecker.check(array);
    }

    @ParameterizedTest(name = "index {0}")
    @ValueSource(longs = {HALF - 1, HALF, HALF + 1, -65, -64, -63, -2, -1})
    void searches(long index) {
        Found found = new Found(index, value(1));
        store(index, value(1));
        setMark(index, 2);
        for (int filter : new int[] {XArray.PRESENT, 2}) {
            assertEquals(found, find(0, MAX, filter));
            assertEquals(found, find(index, index, filter));
            assertEquals(found, findAfter(index - 1, index, filter));
            assertNull(find(0, index - 1, filter));
            assertNull(findAfter(index, MAX, filter), "the index after the last is not 0");
            assertEquals(index == MAX ? found : null, find(MAX, MAX, filter));
            store(0, value(7));
            setMark(0, 2);
            assertNull(findAfter(index, MAX, filter), "the search does not begin anew");
            erase(0);
            assertEquals(found, findAfter(0, MAX, filter));
        }
        long[] entries = new long[2];
        engine.reader.enter();
        assertEquals(1, array.extract(cursor(index), MAX, XArray.PRESENT, entries, 2));
        long[] batch = new long[3];
        XaBatch.load(array, engine.reader, new long[] {index - 1, index, index + 1}, batch, 3);
        engine.reader.exit();
        assertEquals(value(1), entries[0]);
        assertArrayEquals(new long[] {0, value(1), 0}, batch);
    }

    @Test
    void anIterationEndsBehindTheLastIndex() {
        store(MAX - 1, value(1));
        store(MAX, value(2));
        setMark(MAX, 0);
        engine.reader.enter();
        for (boolean pauses : new boolean[] {false, true}) {
            XaCursor cursor = cursor(HALF);
            assertEquals(value(1), cursor.find(MAX));
            if (pauses) {
                cursor.pause();
                assertEquals(MAX, cursor.index());
            }
            assertEquals(value(2), cursor.find(MAX));
            assertEquals(MAX, cursor.index());
            if (pauses) {
                cursor.pause();
            }
            for (int again = 0; again < 3; again++) {
                assertEquals(0, cursor.find(MAX));
                assertTrue(cursor.isBounds());
            }
            cursor.set(HALF);
            assertEquals(value(2), cursor.findMarked(MAX, 0));
            assertEquals(0, cursor.findMarked(MAX, 0));
        }
        engine.reader.exit();
    }

    /** A top node has 64 slots, of which 16 are indices; all 64 are marked as free. */
    @Test
    void noFreeIndexLiesBehindTheLast() {
        array = engine.newArray(XArray.TRACK_FREE);
        store(MAX, value(1));
        engine.reader.enter();
        XaCursor cursor = cursor(MAX - 1);
        assertEquals(0, cursor.findMarked(MAX, XArray.FREE_MARK));
        assertTrue(cursor.isValid());
        assertEquals(MAX - 1, cursor.index());
        assertEquals(0, cursor.findMarked(MAX, XArray.FREE_MARK));
        assertTrue(cursor.isRestart());
        engine.reader.exit();
    }

    @Test
    void steppingWrapsAtBothEnds() {
        for (long index : new long[] {0, 1, MAX - 1, MAX}) {
            storeIndex(index);
        }
        engine.reader.enter();
        XaCursor cursor = cursor(MAX - 1);
        for (long expected : new long[] {MAX - 1, MAX, 0, 1}) {
            assertEquals(value(expected), cursor.next());
            assertEquals(expected, cursor.index());
        }
        for (long expected : new long[] {0, MAX, MAX - 1}) {
            assertEquals(value(expected), cursor.prev());
            assertEquals(expected, cursor.index());
        }
        cursor.set(HALF);
        cursor.load();
        assertEquals(0, cursor.prev());
        assertEquals(HALF - 1, cursor.index());
        cursor.advance(MAX - 1);
        assertEquals(value(MAX - 1), cursor.reload());
        assertEquals(value(MAX), cursor.find(MAX));
        engine.reader.exit();
    }

    /** The last block of every order, up to the upper half of all indices; and its neighbour below. */
    @Test
    void theLastBlockOfEveryOrder() {
        for (int order = 0; order <= XArray.MAX_ORDER; order++) {
            long first = -1L << order;
            storeOrder(first, order, value(order));
            XaChecker.check(array);
            setMark(MAX, 1);
            for (long index : new long[] {first, first + ((-1L - first) >>> 1), MAX}) {
                assertEquals(value(order), load(index));
                assertEquals(order, getOrder(index));
                assertTrue(getMark(index, 1));
                assertEquals(new Found(index, value(order)), find(index, MAX, XArray.PRESENT));
                assertNull(findAfter(index, MAX, XArray.PRESENT));
            }
            assertEquals(0, load(first - 1));
            assertEquals(List.of(new Found(first, value(order))), walk(0));
            assertEquals(List.of(new Found(first, value(order))), walkMarked(0, 1));
            assertEquals(value(order), store(MAX, pointer(order)), "the whole entry changes its word");
            assertEquals(pointer(order), compareExchange(first, pointer(order), value(1)));
            assertEquals(value(1), erase(MAX));
            assertTrue(isEmpty());
        }
    }

    @Test
    void theTwoHalvesOfAllIndices() {
        storeOrder(0, 63, value(1));
        storeOrder(HALF, 63, value(2));
        assertEquals(63, getOrder(0));
        assertEquals(63, getOrder(MAX));
        assertEquals(List.of(new Found(0, value(1)), new Found(HALF, value(2))), walk(0));
        assertEquals(new Found(HALF, value(2)), findAfter(HALF - 1, MAX, XArray.PRESENT));
        XaChecker.check(array);
        assertEquals(value(1), erase(HALF - 1));
        assertEquals(value(2), load(HALF));
    }

    @Test
    void splitsOfTheLastBlock() {
        for (int order = 1; order <= XArray.MAX_ORDER; order++) {
            long first = -1L << order;
            storeOrder(first, order, value(9));
            setMark(first, 2);
            SplitPlan plan = SplitNodeCountTest.shrinkingTowards((1L << order) - 1, order, 0);
            assertEquals(Errno.OK, split(MAX, plan, value(9), value(9), 0));
            XaChecker.check(array);
            assertEquals(order + 1, walk(0).size());
            assertEquals(order + 1, walkMarked(0, 2).size());
            assertEquals(0, getOrder(MAX));
            assertEquals(order - 1, getOrder(first));
            storeOrder(first, order, value(9));
            assertEquals(order, getOrder(MAX));
            assertEquals(Errno.OK, trySplit(MAX, XaCursor.trySplitMinimumOrder(order), value(3)));
            assertEquals(XaCursor.trySplitMinimumOrder(order), getOrder(MAX));
            array.destroy();
        }
    }

    @Test
    void rangesToTheEnd() {
        for (long first : new long[] {1, HALF - 1, HALF, HALF + 1, -4097, -64, -2, MAX}) {
            assertEquals(Errno.OK, array.storeRange(first, MAX, value(5)));
            XaChecker.check(array);
            for (long index : new long[] {first, first + ((-1L - first) >>> 1), MAX}) {
                assertEquals(value(5), load(index));
            }
            assertEquals(0, load(first - 1));
            assertEquals(0, load(0));
            assertEquals(Errno.OK, array.storeRange(first, MAX, 0));
            assertTrue(isEmpty());
        }
        assertEquals(Errno.EINVAL, array.storeRange(MAX, HALF, value(5)), "unsigned, the last comes first");
        assertEquals(Errno.EINVAL, array.storeRange(HALF, 1, value(5)));
        assertEquals(Errno.OK, array.storeRange(1, HALF, value(5)), "and this is no empty range");
    }

    @Test
    void aRangeOverAllIndices() {
        assertEquals(Errno.OK, array.storeRange(0, MAX, value(5)));
        XaChecker.check(array);
        for (long index : new long[] {0, 1, HALF - 1, HALF, MAX}) {
            assertEquals(value(5), load(index));
        }
        assertEquals(1, walk(0).size());
        assertEquals(value(5), erase(HALF));
        assertTrue(isEmpty());
    }

    @Test
    void madeRangesAndConflicts() {
        for (int order = 0; order < 10; order++) {
            long first = -1L << order;
            array.lock();
            XaCursor cursor = cursor(first, order);
            cursor.createRange();
            array.unlock();
            assertEquals(Errno.OK, cursor.error());
            engine.failures.failAfter(0);
            for (long i = 0; i < 1 << order; i++) {
                assertEquals(0, store(first + i, value(i)));
            }
            engine.failures.stop();
            array.lock();
            cursor.setOrder(first, order);
            long nrConflicts = 0;
            while (cursor.findConflict() != 0) {
                nrConflicts++;
            }
            cursor.store(value(77));
            array.unlock();
            assertEquals(1 << order, nrConflicts);
            assertEquals(order, getOrder(MAX));
            array.destroy();
        }
    }

    /** Indices of 32 bits are handed out; what lies behind them is not looked at, whatever stands there. */
    @Test
    void idsEndAtTheirLimit() {
        array = engine.newArray(XArray.TRACK_FREE);
        store(XaIdCycle.MAX_ID + 1, value(1));
        store(MAX, value(1));
        assertEquals(XaIdCycle.MAX_ID, array.alloc(XaIdCycle.MAX_ID, XaIdCycle.MAX_ID, value(2)));
        assertEquals(Errno.EBUSY, array.alloc(XaIdCycle.MAX_ID, XaIdCycle.MAX_ID, value(2)));
        XaIdCycle cycle = new XaIdCycle(XaIdCycle.MAX_ID - 1, XaIdCycle.MAX_ID, XaIdCycle.MAX_ID);
        assertEquals(XaIdCycle.MAX_ID - 1, array.allocCyclic(cycle, value(3)));
        assertTrue(cycle.hasWrapped());
        assertEquals(Errno.EBUSY, array.allocCyclic(cycle, value(3)));
        assertEquals(0, array.alloc(0, XaIdCycle.MAX_ID, value(4)));
        XaChecker.check(array);
    }
}
