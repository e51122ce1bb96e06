/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Errno;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Stepping through indices and making ranges, as the kernel's own suite checks them. */
class XArrayCatalogueCursorTest extends XArrayCatalogue {
    /** check_move. */
    @Test
    void steppingVisitsEveryIndexAndWrapsAtBothEnds() {
        for (int i = 0; i < 1 << 16; i++) {
            storeIndex(i);
        }
        engine.reader.enter();
        stepDownAndUp(1 << 16, 0, 0);
        engine.reader.exit();
        for (int i = 1 << 8; i < 1 << 15; i++) {
            eraseIndex(i);
        }
        engine.reader.enter();
        stepDownAndUp(1 << 16, 1 << 8, 1 << 15);
        engine.reader.exit();
        array.destroy();
    }

    /**
     * From {@code end} down and up again, over an entry at every index but those from {@code holeFirst} to
     * {@code holeEnd}.
     */
    private void stepDownAndUp(int end, int holeFirst, int holeEnd) {
        XaCursor cursor = cursor(end);
        assertEquals(0, cursor.load());
        for (int i = end - 1; i >= 0; i--) {
            assertEquals(i >= holeFirst && i < holeEnd ? 0 : value(i), cursor.prev());
            assertEquals(i, cursor.index());
        }
        assertEquals(0, cursor.prev());
        assertEquals(MAX, cursor.index());
        for (int i = 0; i < end; i++) {
            assertEquals(i >= holeFirst && i < holeEnd ? 0 : value(i), cursor.next());
            assertEquals(i, cursor.index());
        }
        assertEquals(0, cursor.next());
        assertEquals(end, cursor.index());
    }

    /** check_move_tiny. */
    @Test
    void steppingThroughNothingStaysConsistent() {
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        assertEquals(0, cursor.next());
        assertEquals(0, cursor.index(), "a cursor that has not walked only loads");
        assertEquals(0, cursor.next());
        assertEquals(1, cursor.index());
        assertEquals(0, cursor.prev());
        assertEquals(0, cursor.index());
        assertEquals(0, cursor.prev());
        assertEquals(MAX, cursor.index());
        engine.reader.exit();
    }

    /** check_move_tiny. */
    @Test
    void steppingAroundAnEntryInTheHead() {
        storeIndex(0);
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        assertEquals(value(0), cursor.next());
        assertEquals(0, cursor.index());
        assertEquals(0, cursor.next());
        assertEquals(1, cursor.index());
        assertEquals(value(0), cursor.prev());
        assertEquals(0, cursor.index());
        assertEquals(0, cursor.prev());
        assertEquals(MAX, cursor.index());
        assertEquals(value(0), cursor.next());
        assertEquals(0, cursor.index());
        engine.reader.exit();
        eraseIndex(0);
    }

    /** check_move_max. */
    @Test
    void aWalkEndsBehindTheLastIndex() {
        storeIndex(MAX);
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        assertEquals(value(MAX), cursor.find(MAX));
        assertEquals(0, cursor.find(MAX));
        cursor.set(0);
        assertEquals(value(MAX), cursor.find(MAX));
        cursor.pause();
        assertEquals(0, cursor.find(MAX));
        engine.reader.exit();
        eraseIndex(MAX);
    }

    /** check_move_small. */
    @Test
    void steppingBetweenTwoEntriesFarApart() {
        for (int bit = 0; bit < 16; bit++) {
            stepFrom(1L << bit);
            stepFrom((1L << bit) - 1);
        }
    }

    private void stepFrom(long far) {
        storeIndex(0);
        if (far != 0) {
            storeIndex(far);
        }
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        for (long i = 0; i <= far; i++) {
            assertEquals(i == 0 || i == far ? value(i) : 0, cursor.next());
            assertEquals(i, cursor.index());
        }
        assertEquals(0, cursor.next());
        assertEquals(far + 1, cursor.index());
        for (long i = far; i >= 0; i--) {
            assertEquals(i == 0 || i == far ? value(i) : 0, cursor.prev());
            assertEquals(i, cursor.index());
        }
        assertEquals(0, cursor.prev());
        assertEquals(MAX, cursor.index());
        engine.reader.exit();
        array.destroy();
    }

    /** check_create_range_1. */
    @Test
    void aRangeThatWasMadeTakesItsEntriesWithoutMemory() {
        for (int order = 0; order < 12; order++) {
            for (long block = 0; block < 4; block++) {
                storeMany(block << order, order);
            }
            storeMany(1L << 24, order);
        }
    }

    private void storeMany(long index, int order) {
        makeRange(index, order);
        engine.failures.failAfter(0);
        array.lock();
        XaCursor cursor = cursor(index);
        for (int i = 0; i < 1 << order; i++) {
            assertEquals(0, cursor.store(value(index + i)));
            cursor.next();
        }
        array.unlock();
        engine.failures.stop();
        assertEquals(0, cursor.error());
        for (int i = 0; i < 1 << order; i++) {
            eraseIndex(index + i);
        }
        assertTrue(isEmpty());
    }

    private void makeRange(long index, int order) {
        array.lock();
        XaCursor cursor = cursor(index, order);
        cursor.createRange();
        array.unlock();
        assertEquals(0, cursor.error());
    }

    /** check_create_range_2. */
    @Test
    void manyEntriesOneAfterTheOtherInMadeRanges() {
        for (int order = 0; order < 10; order++) {
            int size = 1 << order;
            for (int block = 0; block < size; block++) {
                long index = (long) block * size;
                makeRange(index, order);
                engine.failures.failAfter(0);
                for (int i = 0; i < size; i++) {
                    assertEquals(0, store(index + i, value(index + i)));
                }
                engine.failures.stop();
            }
            assertEquals(size * size, walk(0).size());
            array.destroy();
        }
    }

    /** check_create_range_3. */
    @Test
    void aPresetErrorSurvives() {
        array.lock();
        XaCursor cursor = cursor(0, 6);
        cursor.setError(Errno.EEXIST);
        cursor.createRange();
        assertEquals(Errno.EEXIST, cursor.error());
        assertEquals(0, cursor.load());
        assertEquals(0, cursor.store(value(0)));
        assertEquals(0, cursor.find(MAX));
        assertEquals(Errno.EEXIST, cursor.error(), "errors are sticky");
        array.unlock();
        assertTrue(isEmpty());
    }

    /** check_create_range_4. */
    @Test
    void makingARangeKeepsWhatIsInIt() {
        for (int order = 1; order < 12; order++) {
            for (long base : new long[] {0, 1L << order, 3L << order}) {
                for (long inside : new long[] {0, 1, (1L << order) - 1}) {
                    storeIndex(base + inside);
                    makeRange(base, order);
                    engine.failures.failAfter(0);
                    for (long i = base; i < base + (1L << order); i++) {
                        long old = store(i, value(i));
                        assertEquals(i == base + inside ? value(i) : 0, old);
                    }
                    engine.failures.stop();
                    array.destroy();
                }
            }
        }
    }

    /** check_create_range_5. */
    @Test
    void makingARangeUnderALargeEntryLeavesIt() {
        for (int order = 0; order < 20; order++) {
            storeOrder(0, order, pointer(1));
            String before = text();
            for (int inner = 0; inner < order + 10; inner++) {
                array.lock();
                XaCursor cursor = cursor(0, Math.min(inner, order));
                cursor.createRange();
                assertNotEquals(Errno.ENOMEM, cursor.error());
                array.unlock();
                if (order > 0) {
                    assertEquals(before, text());
                }
            }
            assertEquals(pointer(1), erase(0));
            array.destroy();
        }
    }

    /** From every entry to every index: the search goes on behind what is there, whatever the level of either. */
    @Test
    void aSearchGoesOnBehindTheIndexItAdvancedTo() {
        long[] firsts = {0, 1, 5, 64, 70, 4096, 4160, 5000, 1 << 13, 1 << 18, (1 << 18) + 3};
        for (long first : firsts) {
            storeIndex(first);
        }
        storeOrder(1 << 14, 8, value(1 << 14));
        storeOrder(1 << 15, 12, value(1 << 15));
        List<Found> all = walk(0);
        engine.reader.enter();
        for (Found from : all) {
            for (Found around : all) {
                for (long index : new long[] {around.index() - 1, around.index(), around.index() + 1}) {
                    assertAdvances(from.index(), index, all);
                }
            }
        }
        engine.reader.exit();
        array.destroy();
    }

    private void assertAdvances(long from, long index, List<Found> all) {
        XaCursor cursor = cursor(from);
        cursor.load();
        cursor.advance(index);
        assertEquals(index, cursor.index());
        Found next = null;
        for (Found candidate : all.reversed()) {
            next = Long.compareUnsigned(candidate.index(), index) > 0 ? candidate : next;
        }
        assertEquals(next == null ? 0 : next.word(), cursor.find(MAX), () -> from + " to " + index);
        if (next != null) {
            assertEquals(next.index(), cursor.index());
        }
    }

    @Test
    void aStepOntoASiblingIsOneOntoItsEntry() {
        storeOrder(64, 2, value(1));
        storeIndex(68);
        array.lock();
        XaCursor cursor = cursor(64);
        assertEquals(value(1), cursor.next());
        assertStepsOntoSibling(cursor.next(), cursor, 65);
        assertEquals(2, cursor.getOrder());
        cursor.setMark(1);
        assertTrue(cursor.getMark(1));
        assertStepsOntoSibling(cursor.next(), cursor, 66);
        assertTrue(cursor.getMark(1));
        cursor.clearMark(1);
        assertEquals(value(1), cursor.store(pointer(1)));
        assertStepsOntoSibling(cursor.next(), cursor, 67);
        assertEquals(value(68), cursor.next());
        assertStepsOntoSibling(cursor.prev(), cursor, 67);
        assertEquals(value(68), cursor.find(MAX));
        assertStepsOntoSibling(cursor.prev(), cursor, 67);
        assertEquals(pointer(1), cursor.store(0));
        array.unlock();
        assertFalse(isMarked(1));
        assertEquals(List.of(new Found(68, value(68))), walk(0));
    }

    private static void assertStepsOntoSibling(long word, XaCursor cursor, long index) {
        assertTrue(XaEntry.isSiblingOf(word, 0));
        assertEquals(index, cursor.index());
        assertEquals(0, cursor.slot());
    }

    /** A range store over the front of a run leaves the rest of it as siblings of a sibling. */
    @Test
    void aStepOntoASiblingOfASiblingIsOneOntoItsEntry() {
        array.storeRange(74, 83, value(1));
        array.storeRange(64, 78, value(2));
        array.lock();
        XaCursor cursor = cursor(79);
        assertEquals(value(2), cursor.load());
        assertTrue(XaEntry.isSiblingOf(cursor.next(), 10));
        assertEquals(80, cursor.index());
        assertEquals(0, cursor.slot());
        array.unlock();
    }

    @Test
    void loadAndReloadAgreeWhereTheCursorStands() {
        storeOrder(64, 5, value(64));
        storeIndex(1);
        engine.reader.enter();
        for (long index = 64; index < 96; index++) {
            XaCursor cursor = cursor(index);
            assertEquals(value(64), cursor.load());
            assertEquals(value(64), cursor.reload());
            assertEquals(value(64), cursor.load());
            assertEquals(index, cursor.index());
            assertFalse(cursor.isBounds());
        }
        XaCursor beyond = cursor(1L << 12);
        assertEquals(0, beyond.load());
        assertTrue(beyond.isBounds());
        engine.reader.exit();
        array.destroy();
    }
}
