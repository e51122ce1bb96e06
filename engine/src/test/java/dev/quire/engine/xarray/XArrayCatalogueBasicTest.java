/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Load, store, insert, compare-exchange, reserve, erase, grow and shrink, as the kernel's own suite checks them. */
class XArrayCatalogueBasicTest extends XArrayCatalogue {
    private static final int ENTRIES = 1024;

    /** check_xa_err. */
    @Test
    void aStoreThatNeedsNoNodeSucceedsWithoutMemory() {
        engine.failures.failAfter(0);
        assertEquals(0, store(0, value(0)));
        assertEquals(value(0), erase(0));
    }

    /** check_xa_err. */
    @Test
    void aStoreThatNeedsANodeFailsWithoutMemoryAndSucceedsWithIt() {
        engine.failures.failAfter(0);
        assertEquals(XaEntry.error(Errno.ENOMEM), store(1, value(0)));
        assertEquals(XaEntry.error(Errno.ENOMEM), store(1, value(0)));
        engine.failures.stop();
        assertEquals(0, store(1, value(0)));
        assertEquals(value(0), store(1, value(1)));
        assertEquals(value(1), erase(1));
        assertEquals(0, erase(1));
    }

    /** check_xas_retry. */
    @Test
    void aStaleCursorMeetsTheRetryEntry() {
        storeIndex(0);
        storeIndex(1);
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        assertEquals(value(0), cursor.find(MAX));
        eraseIndex(1);
        assertEquals(XaEntry.RETRY, cursor.reload());
        assertFalse(cursor.retry(0));
        assertFalse(cursor.retry(value(0)));
        cursor.reset();
        assertTrue(cursor.isRestart());
        assertEquals(value(0), cursor.find(MAX));
        assertEquals(0, cursor.nodeAddress(), "a single entry lives in the head");

        storeIndex(1);
        assertTrue(XaEntry.isInternal(cursor.reload()), "the head became a node under the cursor");
        engine.reader.exit();
        eraseIndex(0);
        eraseIndex(1);
    }

    /**
     * Leaves are all retry words; in a node above, what was empty stays so, and what leads to a node goes on leading
     * there.
     */
    @Test
    void everyEntryOfACutOffSubtreeSendsReadersAway() {
        storeOrder(4096, 8, value(1));
        storeOrder(4096 + 512, 6, pointer(1));
        storeIndex(4096 + 1024);
        long node = nodeAt(4096);
        long leaf = nodeAt(4096 + 1024);
        engine.reader.enter();
        storeOrder(4096, 12, value(2));
        for (int slot = 0; slot < XaNodeStruct.NR_SLOTS; slot++) {
            long expected = slot < 4 || slot == 8 ? XaEntry.RETRY : slot == 16 ? XaEntry.node(leaf, 0) : 0;
            assertEquals(expected, XaNodeStruct.slot(node, slot), "slot " + slot);
            assertEquals(XaEntry.RETRY, XaNodeStruct.slot(leaf, slot), "slot " + slot);
        }
        for (long freed : new long[] {node, leaf}) {
            assertEquals(0, XaNodeStruct.count(freed));
            assertEquals(0, XaNodeStruct.nrValues(freed));
        }
        engine.reader.exit();
    }

    /** check_xas_retry. */
    @Test
    void retryEntriesUnderTheLockAreVisitedAndReplaced() {
        storeIndex(0);
        storeIndex(1);
        array.lock();
        XaCursor cursor = cursor(0);
        XaStore.store(cursor, XaEntry.RETRY);
        cursor.set(1);
        XaStore.store(cursor, XaEntry.RETRY);
        cursor.set(0);
        int visited = 0;
        for (long entry = cursor.find(MAX); entry != 0; entry = cursor.find(MAX)) {
            assertEquals(XaEntry.RETRY, entry);
            cursor.store(value(visited++));
        }
        array.unlock();
        assertEquals(2, visited);
        eraseIndex(0);
        eraseIndex(1);
    }

    /** check_xa_load. */
    @Test
    void everyIndexStoredSoFarLoadsAndNoOther() {
        for (int i = 0; i < ENTRIES; i++) {
            for (int j = 0; j < ENTRIES; j++) {
                assertEquals(j < i ? value(j) : 0, load(j));
            }
            storeIndex(i);
        }
        for (int i = 0; i < ENTRIES; i++) {
            for (int j = 0; j < ENTRIES; j++) {
                assertEquals(j >= i ? value(j) : 0, load(j));
            }
            eraseIndex(i);
        }
        assertTrue(isEmpty());
    }

    /** check_xa_shrink. */
    @Test
    void erasingTheSecondOfTwoMovesTheFirstIntoTheHead() {
        storeIndex(0);
        storeIndex(1);
        array.lock();
        XaCursor cursor = cursor(1);
        assertEquals(value(1), cursor.load());
        long node = cursor.nodeAddress();
        assertEquals(value(0), XaNodeStruct.slot(node, 0));
        assertEquals(value(1), cursor.store(0));
        assertEquals(0, cursor.load());
        assertTrue(cursor.isBounds());
        assertEquals(XaEntry.RETRY, XaNodeStruct.slot(node, 0), "readers still in the node are sent away");
        array.unlock();
        assertEquals(0, load(1));
        assertEquals(value(0), load(0));
        eraseIndex(0);
        assertTrue(isEmpty());
    }

    /** check_xa_shrink. */
    @Test
    void theHeadIsAsBeforeOnceTheFarEntryIsGone() {
        for (int order = 0; order < 15; order++) {
            long last = (1L << order) - 1;
            storeOrder(0, order, value(0));
            assertEquals(value(0), load(last));
            assertEquals(0, load(last + 1));
            long head = head();
            storeIndex(MAX);
            assertNotEquals(head, head());
            eraseIndex(MAX);
            assertEquals(head, head());
            assertEquals(value(0), load(last));
            assertEquals(value(0), erase(last));
            assertTrue(isEmpty());
        }
    }

    /** check_xas_erase. */
    @Test
    void anIterationMayEraseWhatItStandsOn() {
        for (int i = 0; i < 200; i++) {
            for (int j = i; j < 2 * i + 17; j++) {
                storeIndex(j);
            }
            storeIndex(MAX);
            eraseIndex(MAX);
            array.lock();
            XaCursor cursor = cursor(0);
            int expected = i;
            for (long entry = cursor.find(MAX); entry != 0; entry = cursor.find(MAX)) {
                assertEquals(value(expected), entry);
                cursor.store(0);
                expected++;
            }
            array.unlock();
            assertEquals(2 * i + 17, expected);
            assertTrue(isEmpty());
        }
    }

    /** check_insert. */
    @Test
    void anInsertTouchesNoNeighbour() {
        for (int i = 0; i < ENTRIES; i++) {
            insertAlone(i);
        }
        for (int bit = 10; bit < Long.SIZE; bit++) {
            insertAlone(1L << bit);
            insertAlone((1L << bit) - 1);
        }
        insertAlone(MAX);
    }

    private void insertAlone(long index) {
        assertEquals(Errno.OK, array.insert(index, value(index)));
        assertEquals(value(index), load(index));
        assertEquals(0, load(index + 1));
        assertEquals(0, load(index - 1));
        eraseIndex(index);
        assertTrue(isEmpty());
    }

    /** check_cmpxchg. */
    @Test
    void compareExchangeSwapsOnlyTheExpectedEntry() {
        long five = XaEntry.value(5);
        long six = XaEntry.value(6);
        long lots = XaEntry.value(12345678);
        assertEquals(Errno.OK, array.insert(12345678, lots));
        assertEquals(Errno.EBUSY, array.insert(12345678, lots));
        assertEquals(lots, compareExchange(12345678, six, five));
        assertEquals(lots, compareExchange(12345678, lots, five));
        assertEquals(five, compareExchange(12345678, five, lots));
        assertEquals(0, compareExchange(5, five, 0));
        assertEquals(0, compareExchange(5, 0, five));
        assertEquals(Errno.EBUSY, array.insert(5, five));
        assertEquals(five, compareExchange(5, five, 0));
        assertEquals(Errno.OK, array.insert(5, five));
        assertEquals(lots, erase(12345678));
        assertEquals(five, erase(5));
        assertTrue(isEmpty());
    }

    /** check_cmpxchg_order. */
    @Test
    void compareExchangeActsOnTheWholeMultiIndexEntry() {
        long pointer = pointer(0);
        long other = pointer(1);
        assertEquals(0, load(8));
        storeOrder(0, 3, pointer);
        assertEquals(0, load(8));
        storeOrder(8, 3, other);
        for (int i = 0; i < 16; i++) {
            assertEquals(i < 8 ? pointer : other, load(i));
            assertEquals(3, getOrder(i));
        }
        assertEquals(pointer, compareExchange(0, pointer, 0));
        for (int i = 0; i < 16; i++) {
            assertEquals(i < 8 ? 0 : other, load(i));
            assertEquals(i < 8 ? 0 : 3, getOrder(i));
        }
        storeOrder(0, 63, 0);
        assertTrue(isEmpty());
    }

    /** check_reserve. */
    @Test
    void aReservationHoldsItsPlace() {
        for (int flags : List.of(0, XArray.TRACK_FREE)) {
            array = engine.newArray(flags);
            reserveAndRelease();
            storeOverReservation();
            insertOnReservation();
            iterationSkipsReservation();
            assertTrue(isEmpty());
        }
    }

    private void reserveAndRelease() {
        assertEquals(Errno.OK, array.reserve(12345678));
        assertFalse(isEmpty());
        assertEquals(0, load(12345678));
        array.release(12345678);
        assertTrue(isEmpty());
    }

    private void storeOverReservation() {
        assertEquals(Errno.OK, array.reserve(12345678));
        assertEquals(0, store(12345678, value(12345678)));
        array.release(12345678);
        eraseIndex(12345678);
        assertTrue(isEmpty());

        assertEquals(Errno.OK, array.reserve(12345678));
        assertEquals(0, compareExchange(12345678, XaEntry.ZERO, value(12345678)));
        array.release(12345678);
        eraseIndex(12345678);
        assertTrue(isEmpty());
    }

    private void insertOnReservation() {
        assertEquals(Errno.OK, array.reserve(12345678));
        assertEquals(Errno.EBUSY, array.insert(12345678, value(12345678)));
        assertFalse(isEmpty());
        assertEquals(0, erase(12345678));
        assertTrue(isEmpty());
    }

    private void iterationSkipsReservation() {
        storeIndex(5);
        assertEquals(Errno.OK, array.reserve(6));
        storeIndex(7);
        assertEquals(List.of(new Found(5, value(5)), new Found(7, value(7))), findAll(0, XArray.PRESENT));
        array.release(6);
        eraseIndex(5);
        eraseIndex(7);
    }

    /** check_destroy. */
    @Test
    void destroyEmptiesArraysOfEveryShape() {
        array.destroy();
        assertTrue(isEmpty());
        for (int i = 0; i < 1000; i++) {
            storeIndex(i);
            array.destroy();
            assertTrue(isEmpty());
        }
        storeIndex(MAX);
        array.destroy();
        assertTrue(isEmpty());
        storeOrder(1 << 11, 11, value(1 << 11));
        array.destroy();
        assertTrue(isEmpty());
    }

    /** check_align. */
    @Test
    void aReservedHeadTakesAnEntryWithoutMemory() {
        assertEquals(Errno.OK, array.reserve(0));
        engine.failures.failAfter(0);
        assertEquals(0, store(0, value(0)));
        eraseIndex(0);
        assertTrue(isEmpty());
    }
}
