/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.struct.XaNodeStruct;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Entries that span many indices, as the kernel's own suite checks them. */
class XArrayCatalogueMultiIndexTest extends XArrayCatalogue {
    /** check_multi_store. */
    @Test
    void countsFollowWhatTheSlotsHold() {
        storeOrder(0, 1, value(0));
        assertCounts(2, 2);
        store(3, pointer(0));
        assertEquals(value(0), load(0));
        assertEquals(value(0), load(1));
        assertEquals(0, load(2));
        assertEquals(pointer(0), load(3));
        assertEquals(0, load(4));
        assertCounts(3, 2);

        storeOrder(0, 2, value(1));
        for (int i = 0; i < 4; i++) {
            assertEquals(value(1), load(i));
        }
        assertEquals(0, load(4));
        assertCounts(4, 4);
        storeOrder(0, 63, 0);
        assertTrue(isEmpty());
    }

    private void assertCounts(int count, int nrValues) {
        long node = nodeAt(0);
        assertEquals(count, XaNodeStruct.count(node));
        assertEquals(nrValues, XaNodeStruct.nrValues(node));
    }

    /** check_multi_store. */
    @Test
    void erasingARangeThatBeginsWithAHoleEmptiesIt() {
        storeIndex(1);
        storeIndex(2);
        storeOrder(0, 2, 0);
        assertTrue(isEmpty());
    }

    /** check_multi_store. */
    @Test
    void theLaterOfTwoEntriesAtOnePlaceShowsThroughout() {
        for (int first = 0; first < 60; first++) {
            for (int second = 0; second < 60; second++) {
                storeOrder(0, first, value(first));
                storeOrder(0, second, value(second));
                for (int bit = 0; bit < 60; bit++) {
                    long expected = first < bit && second < bit ? 0 : value(second);
                    assertEquals(expected, load((1L << bit) - 1));
                }
                erase(0);
                assertTrue(isEmpty());
            }
        }
    }

    /** check_multi_store_1. */
    @Test
    void aSingleStoreChangesTheWholeEntry() {
        for (int order = 0; order < 20; order++) {
            storeOverEntry(200, order);
            storeOverEntry(0, order);
            storeOverEntry((1L << order) + 1, order);
        }
    }

    private void storeOverEntry(long index, int order) {
        long first = index & -(1L << order);
        long last = first + (1L << order) - 1;
        storeOrder(first, order, value(index));
        assertExtent(first, last, value(index));
        assertEquals(order, getOrder(index));

        array.lock();
        assertEquals(value(index), cursor(index).store(value(first)));
        array.unlock();
        assertExtent(first, last, value(first));
        assertEquals(order, getOrder(index));
        assertEquals(value(first), erase(first));
        assertTrue(isEmpty());
    }

    private void assertExtent(long first, long last, long word) {
        assertEquals(word, load(first));
        assertEquals(word, load(last));
        assertEquals(0, load(last + 1));
        assertEquals(0, load(first - 1));
    }

    /** check_multi_store_2. */
    @Test
    void aCursorInTheMiddleOfAnEntryKeepsItsIndex() {
        storeOrder(4095 & -512, 9, value(0));
        array.lock();
        XaCursor cursor = cursor(4095);
        assertEquals(value(0), cursor.store(value(1)));
        assertEquals(4095, cursor.index());
        assertEquals(value(1), cursor.store(0));
        assertEquals(4095, cursor.index());
        array.unlock();
        assertTrue(isEmpty());
    }

    /** check_multi_store_3. */
    @Test
    void anIterationSeesAnEntryOnceWhereverItBegins() {
        for (int order = 1; order < 20; order++) {
            for (long index : new long[] {0, 1L << order}) {
                storeOrder(index, order, value(index));
                assertEquals(1, walk(0).size());
                assertEquals(1, walk(index + 1).size());
                assertEquals(value(index), erase(index));
            }
        }
    }

    /** check_multi_store_advanced. */
    @Test
    void largeEntriesAtFarPositionsBehaveLikeNearOnes() {
        List<Long> positions = new ArrayList<>();
        for (long position = 7; position < Long.MAX_VALUE / 3; position += position / 2) {
            positions.add(position);
        }
        positions.add(Long.MAX_VALUE);
        assertEquals(102, positions.size());
        for (long position : positions) {
            for (int order = 0; order < 20; order++) {
                pageCacheRound(position & -(1L << order), order);
            }
        }
    }

    /** Adds, checks every index, adds behind it, removes in both orders. */
    private void pageCacheRound(long index, int order) {
        long next = index + (1L << order);
        addToCache(index, order, pointer(1));
        assertBlock(index, order, pointer(1));
        assertEquals(0, load(next));
        addToCache(next, 0, pointer(2));
        assertBlock(next, 0, pointer(2));
        assertEquals(pointer(2), erase(next));
        addToCache(next, order, pointer(3));
        assertEquals(pointer(3), load(next));
        assertEquals(pointer(3), load(next + (1L << order) - 1));
        assertEquals(pointer(1), erase(next - 1));
        assertEquals(0, load(index));
        assertEquals(0, load(next - 1));
        assertEquals(pointer(3), load(next));
        assertEquals(pointer(3), erase(next));
        assertTrue(isEmpty());
    }

    private void addToCache(long index, int order, long page) {
        array.lock();
        XaCursor cursor = cursor(index, order);
        assertEquals(0, cursor.findConflict());
        assertEquals(0, cursor.store(page));
        array.unlock();
        assertEquals(0, cursor.error());
    }

    private void assertBlock(long index, int order, long page) {
        engine.reader.enter();
        for (long i = index; i != index + (1L << order); i++) {
            assertEquals(page, array.load(engine.reader, i));
        }
        engine.reader.exit();
    }

    /** check_get_order and check_xas_get_order. */
    @Test
    void everyIndexKnowsTheOrderOfItsEntry() {
        assertEquals(0, getOrder(0));
        for (int order = 0; order < 20; order++) {
            for (long block = 0; block < 10; block++) {
                long first = block << order;
                storeOrder(first, order, value(first));
                for (long index = first; index < first + (1L << order); index += strideFor(order)) {
                    assertEquals(order, getOrder(index));
                    assertCursorOrder(order, index);
                }
                assertEquals(value(first), erase(first));
            }
        }
    }

    /** All indices of small blocks; of large ones some hundred, on all slots of all levels. */
    private static long strideFor(int order) {
        return order <= 12 ? 1 : (1L << (order - 12)) - 1;
    }

    private void assertCursorOrder(int order, long index) {
        engine.reader.enter();
        XaCursor cursor = cursor(index);
        cursor.load();
        assertEquals(order, cursor.getOrder());
        engine.reader.exit();
    }

    /** check_xas_conflict_get_order. */
    @Test
    void aConflictSearchMeetsTheEntryOnceWithItsOrder() {
        for (int order = 0; order < 20; order++) {
            for (long block = 0; block < 10; block++) {
                long first = block << order;
                storeOrder(first, order, value(first));
                for (int inner = 0; inner < order; inner++) {
                    assertConflictOnce(first + (1L << inner), inner, order);
                }
                assertConflictOnce(first & -(2L << order), order + 1, order);
                assertEquals(value(first), erase(first));
            }
        }
    }

    private void assertConflictOnce(long index, int cursorOrder, int entryOrder) {
        array.lock();
        XaCursor cursor = cursor(index, cursorOrder);
        int met = 0;
        for (long entry = cursor.findConflict(); entry != 0; entry = cursor.findConflict()) {
            assertEquals(entryOrder, cursor.getOrder());
            met++;
        }
        array.unlock();
        assertEquals(1, met);
    }

    /** check_store_iter. */
    @Test
    void aConflictSearchCountsWhatAStoreWillReplace() {
        for (int order = 0; order < 20; order++) {
            long first = 1L << order;
            replaceAll(first, order, 0);
            storeIndex(first);
            replaceAll(first, order, 1);
            storeIndex(2 * first - 1);
            replaceAll(first, order, 1);
            for (long i = 0; i < first; i++) {
                storeIndex(first + i);
            }
            replaceAll(first, order, 1 << order);
        }
    }

    /** check_store_iter. */
    @Test
    void aConflictSearchStopsAtItsNeighbours() {
        storeIndex(63);
        storeIndex(65);
        replaceAll(64, 2, 1);
        assertEquals(List.of(new Found(63, value(63))), findAll(0, XArray.PRESENT));
        eraseIndex(63);
    }

    private void replaceAll(long first, int order, int expected) {
        long last = first + (1L << order) - 1;
        array.lock();
        XaCursor cursor = cursor(first, order);
        int met = 0;
        for (long entry = cursor.findConflict(); entry != 0; entry = cursor.findConflict()) {
            assertTrue(XaEntry.isValue(entry));
            long index = XaEntry.valueOf(entry);
            assertTrue(index >= first && index <= last, "outside the range: index=" + index);
            met++;
        }
        cursor.store(value(first));
        array.unlock();
        assertEquals(0, cursor.error());
        assertEquals(expected, met);
        assertEquals(value(first), load(first));
        assertEquals(value(first), load(last));
        assertEquals(
                1, walk(first).stream().filter(found -> found.index() <= last).count());
        assertEquals(value(first), erase(first));
    }

    /** check_account. */
    @Test
    void aNodeCountsItsValuesAndTheirSiblings() {
        for (int order = 1; order < 12; order++) {
            storeOrder(1L << order, order, pointer(0));
            long node = nodeAt(1L << order);
            assertTrue(XaNodeStruct.count(node) >= 1 && XaNodeStruct.count(node) <= 1 << order);
            assertEquals(0, XaNodeStruct.nrValues(node));
            storeOrder(0, order, value(1L << order));
            node = nodeAt(1L << order);
            assertEquals(XaNodeStruct.count(node), 2 * XaNodeStruct.nrValues(node));
            assertEquals(value(1L << order), erase(0));
            node = nodeAt(1L << order);
            assertEquals(0, XaNodeStruct.nrValues(node));
            assertEquals(pointer(0), erase(1L << order));
            assertTrue(isEmpty());
        }
    }

    /** The result of a store over a range that child nodes held; xas_store returns such a node. */
    @Test
    void aStoreOverNodesTellsOfNoEntryOrOfOneThatWasThere() {
        storeIndex(2);
        storeIndex(70);
        assertEquals(0, array.storeOrder(0, 7, value(7)));
        assertEquals(value(7), array.storeOrder(0, 7, pointer(7)));
        assertEquals(pointer(7), array.storeOrder(64, 6, value(8)), "which changes all of the entry");
        assertEquals(value(8), array.storeOrder(0, 7, 0));
        storeIndex(2);
        storeOrder(64, 6, value(64));
        assertEquals(value(64), array.storeOrder(0, 7, value(7)));
        storeIndex(4096);
        assertEquals(0, array.storeOrder(0, 63, 0));
        assertTrue(isEmpty());
    }
}
