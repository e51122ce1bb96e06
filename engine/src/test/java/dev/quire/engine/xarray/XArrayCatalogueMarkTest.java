/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Marks, as the kernel's own suites check them. */
class XArrayCatalogueMarkTest extends XArrayCatalogue {
    /** check_xa_mark_1. */
    @Test
    void aMarkBelongsToOneEntryAndGoesWithIt() {
        for (long index = 0; index < 16384; index += 4) {
            setMark(index, 0);
            assertFalse(getMark(index, 0), "nothing is there to be marked");
            storeIndex(index);
            assertFalse(getMark(index, 0));
            setMark(index, 0);
            assertTrue(getMark(index, 0));
            assertFalse(getMark(index, 1));
            assertFalse(getMark(index + 1, 0));
            eraseIndex(index);
            assertFalse(getMark(index, 0));
            setMark(index, 0);
            assertFalse(getMark(index, 0));
            storeIndex(index);
            assertFalse(getMark(index, 0), "marks must not survive an erase");
            eraseIndex(index);
            assertTrue(isEmpty());
        }
    }

    /** check_xa_mark_1. */
    @Test
    void aMultiIndexStoreUnitesTheMarksItCovers() {
        for (long index = 0; index < 16384; index += 4) {
            for (int order = 2; order < 8; order++) {
                uniteMarks(index, order);
            }
        }
    }

    private void uniteMarks(long index, int order) {
        long base = index & -(1L << order);
        long next = base + (1L << order);
        storeIndex(index + 1);
        setMark(index + 1, 0);
        storeIndex(index + 2);
        setMark(index + 2, 2);
        storeIndex(next);
        storeOrder(base, order, value(index));
        for (long i = base; i < next; i++) {
            assertTrue(getMark(i, 0));
            assertFalse(getMark(i, 1));
            assertTrue(getMark(i, 2));
            assertEquals(2, findAll(i, XArray.PRESENT).size());
            assertEquals(List.of(new Found(foundFrom(i, base, order), value(index))), walkMarked(i, 0));
        }
        for (int mark = 0; mark < 3; mark++) {
            assertFalse(getMark(next, mark));
        }
        assertEquals(value(index), erase(index));
        eraseIndex(next);
        assertTrue(isEmpty());
    }

    /** check_xa_mark_2. */
    @Test
    void initialisingMarksClearsThem() {
        storeIndex(0);
        setMark(0, 0);
        setMark(0, 1);
        array.lock();
        XaCursor cursor = cursor(0);
        cursor.load();
        cursor.initMarks();
        array.unlock();
        assertFalse(getMark(0, 0));
        assertFalse(getMark(0, 1));

        for (long index = 3500; index < 4500; index++) {
            storeIndex(index);
            setMark(index, 0);
        }
        assertEquals(1000, walkMarked(0, 0).size());

        array.lock();
        cursor.set(0);
        for (long entry = cursor.find(MAX); entry != 0; entry = cursor.find(MAX)) {
            cursor.initMarks();
            assertFalse(cursor.getMark(0));
        }
        array.unlock();
        assertFalse(isMarked(0));
        assertFalse(isMarked(1));
        assertEquals(List.of(), walkMarked(0, 0));
        array.destroy();
    }

    /** check_xa_mark_3. */
    @Test
    void aMarkedWalkThatBeginsInsideAnEntryReturnsItOnce() {
        storeOrder(0x40, 2, value(0x40));
        setMark(0x41, 0);
        assertEquals(List.of(new Found(0x40, value(0x40))), walkMarked(0x41, 0));
        array.destroy();
    }

    /** The range of such a cursor is wider than a slot of the node; whatever is marked in that stays so. */
    @Test
    void aNodeThatAWalkEndedAboveIsNotMarked() {
        storeIndex(64);
        storeIndex(65);
        setMark(65, 1);
        for (int order : new int[] {6, 12}) {
            array.lock();
            XaCursor cursor = cursor(64, order);
            assertTrue(XaEntry.isNode(cursor.load()));
            cursor.setMark(0);
            cursor.clearMark(1);
            cursor.initMarks();
            array.unlock();
            XaChecker.check(array);
            assertFalse(isMarked(0));
            assertTrue(getMark(65, 1));
        }
    }

    @Test
    void markingOneOfManyEntriesMarksNoOther() {
        for (long index : new long[] {0, 1, 2, 31, 63, 64, 4095, 4096, 1L << 30, 1L << 40, MAX}) {
            storeIndex(index);
        }
        for (Found entry : findAll(0, XArray.PRESENT)) {
            setMark(entry.index(), 1);
            assertEquals(List.of(entry), findAll(0, 1));
            assertTrue(isMarked(1));
            array.clearMark(entry.index(), 1);
            assertFalse(isMarked(1));
        }
        array.destroy();
    }
}
