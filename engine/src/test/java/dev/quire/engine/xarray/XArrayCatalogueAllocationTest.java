/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.xarray.RangeModel.Range;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;

/** Handing out free indices, as the kernel's own suite checks it. */
@ParameterizedClass(name = "flags {0}, first index {1}")
@CsvSource({"4, 0", "12, 1"})
class XArrayCatalogueAllocationTest extends XArrayCatalogue {
    private static final long MAX_ID = XaIdCycle.MAX_ID;

    private final int flags;

    /** The first index that is handed out. */
    private final long base;

    XArrayCatalogueAllocationTest(int flags, long base) {
        this.flags = flags;
        this.base = base;
    }

    @BeforeEach
    final void openAllocatingArray() {
        array = engine.newArray(flags);
    }

    private void assertAllocates(long expected) {
        assertEquals(expected, array.alloc(0, MAX_ID, value(expected)));
        assertEquals(value(expected), load(expected));
        assertFalse(getMark(expected, 0), "the free mark");
    }

    /** check_xa_alloc_1. */
    @Test
    void theLowestFreeIndexFirst() {
        assertTrue(isEmpty());
        assertAllocates(base);
        eraseIndex(base);
        assertTrue(isEmpty());
        assertAllocates(base);

        for (long id = base + 1; id < base + 127; id++) {
            assertAllocates(id);
        }
        for (long id = base; id < base + 127; id++) {
            eraseIndex(id);
        }
        assertTrue(isEmpty());
        assertAllocates(base);
        array.destroy();
        assertAllocates(base);
        assertAllocates(base + 1);
        eraseIndex(base + 1);
        storeIndex(base + 1);
        assertAllocates(base + 2);
        eraseIndex(base);
        assertAllocates(base);
        array.destroy();
    }

    /** A full tree has no free mark anywhere, until an index in it is given back. */
    @Test
    void anIndexOfAFullTreeIsHandedOutAgain() {
        for (long nrIds : new long[] {2, 64, 4096}) {
            for (long id = base; id < nrIds; id++) {
                assertAllocates(id);
            }
            eraseIndex(nrIds / 2);
            XaChecker.check(array);
            assertAllocates(nrIds / 2);
            assertAllocates(nrIds);
            array.destroy();
        }
    }

    /** check_xa_alloc_1. */
    @Test
    void fiveThousandIndices() {
        for (long id = base; id < 5000; id++) {
            assertAllocates(id);
        }
        array.destroy();
        assertTrue(isEmpty());
    }

    /** check_xa_alloc_1. */
    @Test
    void theLastTwoIndicesAndThenNone() {
        assertEquals(MAX_ID - 1, array.alloc(MAX_ID - 1, MAX_ID, value(0)));
        assertEquals(MAX_ID, array.alloc(MAX_ID - 1, MAX_ID, value(1)));
        assertEquals(Errno.EBUSY, array.alloc(MAX_ID - 1, MAX_ID, value(2)));
        assertEquals(value(0), load(MAX_ID - 1));
        assertEquals(value(1), load(MAX_ID));
        array.destroy();
    }

    /** check_xa_alloc_1. */
    @Test
    void anEmptyRangeIsBusy() {
        assertEquals(Errno.EBUSY, array.alloc(10, 5, value(0)));
        storeIndex(3);
        assertEquals(Errno.EBUSY, array.alloc(10, 5, value(0)));
        eraseIndex(3);
        assertTrue(isEmpty());
    }

    /** At both ends of nodes, and in the head, where the search ends behind the last index that it may look at. */
    @Test
    void aRangeOfOneIndexHasOne() {
        for (long id : new long[] {base, base + 1, 63, 64, 4095, 4096}) {
            assertEquals(id, array.alloc(id, id, value(id)));
            assertEquals(Errno.EBUSY, array.alloc(id, id, value(id)));
        }
    }

    /** check_xa_alloc_2. */
    @Test
    void allocatingNothingReserves() {
        assertEquals(base, array.alloc(0, MAX_ID, 0));
        assertFalse(isEmpty());
        assertEquals(0, erase(base));
        assertTrue(isEmpty());
        assertEquals(base, array.alloc(0, MAX_ID, 0));
        array.destroy();
        assertTrue(isEmpty());

        for (long id = base; id < base + 10; id++) {
            assertEquals(id, array.alloc(0, MAX_ID, 0));
        }
        assertEquals(0, store(3, value(3)));
        assertEquals(0, store(4, value(4)));
        assertEquals(value(4), store(4, 0));
        assertEquals(0, erase(5));
        assertAllocates(5);
        assertEquals(base + 10, array.alloc(0, MAX_ID, value(base + 10)), "4 is still taken");
        erase(base + 10);

        for (long id = base; id < base + 10; id++) {
            assertFalse(isEmpty());
            erase(id);
        }
        assertTrue(isEmpty());
    }

    /** check_xa_alloc_3. */
    @Test
    void aCycleGoesOnWhereItWasAndWraps() {
        assertCycle(new XaIdCycle(1, 0x3fff, 0), 1);
        array.destroy();
        XaIdCycle cycle = new XaIdCycle(1, 0x3fff, 0x3ffd);
        assertCycle(cycle, 0x3ffd);
        assertCycle(cycle, 0x3ffe);
        assertCycle(cycle, 0x3fff);
        assertFalse(cycle.hasWrapped());
        for (long id = 1; id < 0x3ffd; id++) {
            assertCycle(cycle, id);
            assertEquals(id == 1, cycle.hasWrapped());
        }
        assertEquals(Errno.EBUSY, array.allocCyclic(cycle, value(0)));
        erase(0x100);
        assertCycle(cycle, 0x100);
        array.destroy();
    }

    /** check_xa_alloc_3. */
    @Test
    void aCycleOverAllIndicesWrapsToTheFirst() {
        XaIdCycle cycle = new XaIdCycle(0, MAX_ID, MAX_ID);
        assertCycle(cycle, MAX_ID);
        assertFalse(cycle.hasWrapped());
        assertCycle(cycle, base);
        assertTrue(cycle.hasWrapped());
        assertCycle(cycle, base + 1);
        assertFalse(cycle.hasWrapped());
        array.destroy();
    }

    private void assertCycle(XaIdCycle cycle, long expected) {
        assertEquals(expected, array.allocCyclic(cycle, value(expected)));
        assertEquals(value(expected), load(expected));
        assertEquals((expected + 1) & MAX_ID, cycle.next());
    }

    /** check_align. */
    @Test
    void taggedPointersAreStoredAtNewIndices() {
        for (int tag : new int[] {0, 1, 3}) {
            for (long id = base; id < base + 8; id++) {
                assertEquals(id, array.alloc(0, MAX_ID, pointer(7) | tag));
                assertEquals(pointer(7) | tag, load(id));
                assertFalse(XaEntry.isError(load(id)));
            }
            array.destroy();
        }
    }

    /** The original hands index 0 out once it was stored to and erased, also where it is said to be busy. */
    @Test
    void theIndexThatIsSaidToBeBusyIsNeverHandedOut() {
        storeIndex(0);
        eraseIndex(0);
        assertAllocates(base);
        erase(0);
        array.release(0);
        XaIdCycle cycle = new XaIdCycle(0, MAX_ID, 0);
        assertEquals(base == 0 ? 0 : 2, array.allocCyclic(cycle, value(9)));
        storeIndex(64);
        erase(0);
        erase(64);
        assertAllocates(base == 0 ? 0 : 3);
        assertEquals(base == 0 ? 1 : Errno.EBUSY, array.alloc(0, base == 0 ? 1 : 0, value(1)));
        array.destroy();
        assertAllocates(base);
    }

    /** The original leaves such an entry marked as free, and gives back the first slot only. */
    @Test
    void anEntryOfSeveralIndicesIsTakenAndGivenBackAsAWhole() {
        storeOrder(64, 2, value(1));
        assertFalse(getMark(64, 0));
        assertFalse(getMark(67, 0));
        assertAllocatesFrom(63, 63);
        assertAllocatesFrom(63, 68);
        assertEquals(value(1), erase(66));
        XaChecker.check(array);
        for (long id = 64; id < 68; id++) {
            assertAllocatesFrom(63, id);
        }
        assertAllocatesFrom(63, 69);

        assertEquals(Errno.OK, array.storeRange(100, 300, pointer(1)));
        assertAllocatesFrom(100, 301);
        assertEquals(Errno.OK, array.storeRange(100, 300, 0));
        XaChecker.check(array);
        assertAllocatesFrom(100, 100);
        assertAllocatesFrom(300, 300);
        assertAllocatesFrom(300, 302);

        storeOrder(1 << 12, 12, value(2));
        assertAllocatesFrom(1 << 12, 1 << 13);
        assertEquals(Errno.EBUSY, array.alloc(1 << 12, (1 << 13) - 1, value(3)));
        assertEquals(value(2), compareExchange((1 << 12) + 77, value(2), 0));
        XaChecker.check(array);
        assertAllocatesFrom((1 << 12) + 76, (1 << 12) + 76);
    }

    private void assertAllocatesFrom(long min, long expected) {
        assertEquals(expected, array.alloc(min, MAX_ID, value(expected)));
        assertEquals(value(expected), load(expected));
    }

    /** Against the sorted map of the array's own model: an index is free if nothing covers it. */
    @Test
    void entriesOfAnyWidthLeaveTheOthersFree() {
        SplittableRandom random = TestSeed.random("entriesOfAnyWidthLeaveTheOthersFree, flags " + flags);
        RangeModel model = new RangeModel();
        for (int step = 0; step < 20_000; step++) {
            changeWidely(random, model);
            long min = random.nextInt(1 << 13);
            long expected = Math.max(min, base);
            for (Range range = model.at(expected); range != null; range = model.at(expected)) {
                expected = range.last() + 1;
            }
            assertEquals(expected, array.alloc(min, MAX_ID, value(step)), TestSeed.asOption());
            model.storeOrder(expected, 0, value(step));
            if (step % 100 == 0) {
                XaChecker.check(array);
            }
        }
    }

    private void changeWidely(SplittableRandom random, RangeModel model) {
        int order = random.nextInt(13);
        long first = random.nextInt(1 << 13) & -1L << order;
        long last = random.nextBoolean() ? RangeModel.lastOf(first, order) : first + random.nextInt(500);
        long word = random.nextInt(3) == 0 ? 0 : value(order);
        if (random.nextInt(4) == 0) {
            assertEquals(model.load(first), erase(first), TestSeed.asOption());
            model.storeOrder(first, 0, 0);
        } else if (last == RangeModel.lastOf(first, order)) {
            storeOrder(first, order, word);
            model.storeOrder(first, order, word);
        } else {
            assertEquals(Errno.OK, array.storeRange(first, last, word));
            model.storeRange(first, last, word);
        }
    }

    /** idr and ida. */
    @Test
    void whateverWasFreedTheLowestComesNext() {
        SplittableRandom random = TestSeed.random("whateverWasFreedTheLowestComesNext, flags " + flags);
        BitSet taken = new BitSet();
        for (int step = 0; step < 50_000; step++) {
            int min = random.nextInt(4) == 0 ? random.nextInt(5_000) : 0;
            if (random.nextInt(5) < 3 || taken.isEmpty()) {
                int expected = taken.nextClearBit(Math.max(min, (int) base));
                assertEquals(expected, array.alloc(min, MAX_ID, value(expected)), TestSeed.asOption());
                taken.set(expected);
            } else {
                int id = taken.previousSetBit(random.nextInt(taken.length()));
                if (id >= 0) {
                    assertEquals(value(id), erase(id), TestSeed.asOption());
                    taken.clear(id);
                }
            }
        }
        assertEquals(taken.cardinality(), findAll(0, XArray.PRESENT).size());
    }

    /** check_reserve. */
    @Test
    void aReleasedReservationIsHandedOutAgain() {
        storeIndex(5);
        assertEquals(Errno.OK, array.reserve(6));
        storeIndex(7);
        assertEquals(8, array.alloc(5, 10, value(8)));
        array.release(6);
        assertEquals(6, array.alloc(5, 10, value(6)));
        array.destroy();
    }
}
