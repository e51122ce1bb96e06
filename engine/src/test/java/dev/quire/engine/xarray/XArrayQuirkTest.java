/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where the original does what one would not expect and the engine does the same on purpose, or better on purpose. */
class XArrayQuirkTest extends XArrayCatalogue {
    // ---- the same

    @Test
    void theOrderOfARunIsWhatProbingAtPowersOfTwoFinds() {
        array.storeRange(64, 66, value(3));
        assertEquals(2, getOrder(65));
        array.storeRange(128, 132, value(5));
        assertEquals(3, getOrder(130));
        array.storeRange(192, 194, value(3));
        array.storeRange(195, 197, value(4));
        assertEquals(3, getOrder(192), "the sibling at distance 4 is the next run's");
    }

    @Test
    void aRangeStoreThatBeginsInsideAnEntryEndsEarly() {
        storeOrder(64, 1, value(1));
        storeOrder(66, 1, value(2));
        assertEquals(Errno.OK, array.storeRange(65, 66, value(3)));
        assertEquals(value(3), load(64), "the entry changes as a whole");
        assertEquals(value(3), load(65));
        assertEquals(value(2), load(66), "two slots from the entry's first on are done");
        assertEquals(value(2), load(67));
    }

    @Test
    void aMarkedSearchMovesBackToTheFirstSlotOfTheEntry() {
        storeOrder(64, 2, value(1));
        setMark(64, 0);
        assertEquals(new Found(64, value(1)), find(66, MAX, 0));
        assertEquals(new Found(66, value(1)), find(66, MAX, XArray.PRESENT));
    }

    @Test
    void aReservationIsNotTakenOverByExpectingNothing() {
        assertEquals(Errno.OK, array.reserve(5));
        assertEquals(0, compareExchange(5, 0, value(1)), "looks like success");
        assertEquals(0, load(5));
        assertEquals(0, compareExchange(5, XaEntry.ZERO, value(1)));
        assertEquals(value(1), load(5));
    }

    @Test
    void aSearchEndsBehindAnEntryInTheHead() {
        storeIndex(0);
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        assertEquals(value(0), cursor.find(MAX));
        storeIndex(1);
        assertEquals(0, cursor.find(MAX), "what came meanwhile is not seen");
        assertEquals(1, cursor.index());
        assertTrue(cursor.isBounds());
        engine.reader.exit();
    }

    /** With index 0 busy, a tree keeps its place; a head has none to keep. */
    @Test
    void theBusyIndexIsTakenOnlyWhileThereIsANode() {
        array = engine.newArray(XArray.TRACK_FREE | XArray.ZERO_BUSY);
        assertEquals(Errno.OK, array.insert(0, value(0)));
        eraseIndex(0);
        storeIndex(5);
        assertEquals(Errno.EBUSY, array.insert(0, value(1)));
        assertEquals(0, load(0));
        eraseIndex(5);
        assertTrue(isEmpty());
        assertEquals(Errno.OK, array.insert(0, value(1)));
    }

    @Test
    void storingNothingReservesWhereFreeIndicesAreTracked() {
        array = engine.newArray(XArray.TRACK_FREE);
        storeIndex(3);
        assertEquals(value(3), store(3, 0));
        assertEquals(Errno.EBUSY, array.insert(3, value(1)));
        assertEquals(0, erase(3));
        assertTrue(isEmpty());
    }

    @Test
    void aMadeRangeKeepsItsNodesThoughNothingIsInThem() {
        array.lock();
        XaCursor cursor = cursor(64, 6);
        cursor.createRange();
        array.unlock();
        assertEquals(2, engine.nodes.nrInUse());
        assertEquals(List.of(), walk(0));
        assertEquals(0, XaNodeStruct.count(nodeAt(64)));
        storeIndex(64);
        assertEquals(2, engine.nodes.nrInUse());
        eraseIndex(64);
        assertEquals(0, engine.nodes.nrInUse());
    }

    // ---- better

    /** The original goes back to the first slot of the entry, and so finds it again, and again. */
    @Test
    void aMarkedSearchAfterAnIndexNeverGoesBack() {
        for (int order = 0; order <= 14; order++) {
            long first = 2L << order;
            long next = 3L << order;
            storeOrder(first, order, value(1));
            storeOrder(next, order, value(2));
            setMark(first, 0);
            setMark(next, 0);
            for (long start = first; start < next; start += 1 + (1L << order) / 100) {
                assertEquals(new Found(next, value(2)), findAfter(start, MAX, 0));
                assertNull(findAfter(start, next - 1, 0));
                assertNull(findAfter(start + (1L << order), MAX, 0));
            }
            assertEquals(List.of(new Found(first, value(1)), new Found(next, value(2))), findAll(0, 0));
            array.destroy();
        }
    }

    /** The original's cursor stays at the sibling: it then stores there alone, and marks it. */
    @Test
    void afterAStepIntoAnEntryTheCursorIsAtTheWholeOfIt() {
        for (long start : new long[] {64, 65, 67}) {
            storeOrder(64, 2, value(1));
            setMark(64, 2);
            array.lock();
            XaCursor cursor = cursor(start);
            assertEquals(value(1), cursor.load());
            boolean forwards = start < 67;
            assertTrue(XaEntry.isSibling(forwards ? cursor.next() : cursor.prev()));
            assertEquals(value(1), cursor.load());
            assertEquals(2, cursor.getOrder());
            assertTrue(cursor.getMark(2));
            cursor.setMark(1);
            cursor.clearMark(2);
            assertEquals(value(1), cursor.store(value(2)));
            assertEquals(forwards ? start + 1 : start - 1, cursor.index());
            array.unlock();
            XaChecker.check(array);
            for (long index = 64; index < 68; index++) {
                assertEquals(value(2), load(index));
                assertEquals(2, getOrder(index));
                assertTrue(getMark(index, 1) && !getMark(index, 2));
            }
            array.lock();
            cursor = cursor(start);
            cursor.load();
            assertTrue(XaEntry.isSibling(forwards ? cursor.next() : cursor.prev()));
            assertEquals(value(2), cursor.store(0));
            array.unlock();
            assertTrue(isEmpty());
        }
    }

    /**
     * The original stores as many slots as the range has from where the cursor is, which can be more than the node has
     * left.
     */
    @Test
    void aRangeIsStoredWhereverInItTheCursorIs() {
        storeIndex(40);
        array.lock();
        XaCursor cursor = cursor(32, 5);
        assertEquals(value(40), cursor.find(MAX));
        assertEquals(40, cursor.index());
        assertEquals(value(40), cursor.findConflict());
        assertEquals(32, cursor.index());
        assertEquals(0, cursor.next());
        cursor.store(value(5));
        assertEquals(32, cursor.index());
        array.unlock();
        XaChecker.check(array);
        assertEquals(List.of(new Found(32, value(5))), walk(0));
        assertEquals(5, getOrder(63));
    }

    /** The original erases as much of it as lies in the node that the cursor is in. */
    @Test
    void aRangeIsErasedThoughTheCursorIsBelowIt() {
        for (long index = 0; index < 128; index += 3) {
            storeIndex(index);
        }
        array.lock();
        XaCursor cursor = cursor(64, 6);
        assertEquals(value(66), cursor.find(MAX));
        cursor.store(0);
        array.unlock();
        assertEquals(22, walk(0).size());
        assertEquals(0, load(66));
        assertEquals(0, load(126));
        assertEquals(value(63), load(63));
    }

    @Test
    void aMadeRangeBeginsAtItsFirstIndexWhereverTheCursorIs() {
        array.lock();
        XaCursor cursor = cursor(512, 9);
        cursor.next();
        cursor.next();
        assertEquals(513, cursor.index());
        cursor.createRange();
        assertEquals(512, cursor.index());
        array.unlock();
        engine.failures.failAfter(0);
        for (long index = 512; index < 1024; index++) {
            storeIndex(index);
        }
        engine.failures.stop();
    }

    /** The original leaves the slot empty, as if nothing had come there. */
    @Test
    void aPositionInAnEmptySlotOfAMergedLeafIsTurnedAway() {
        storeIndex(512);
        engine.reader.enter();
        XaCursor cursor = cursor(513);
        assertEquals(0, cursor.load());
        storeOrder(512, 6, pointer(2));
        assertEquals(XaEntry.RETRY, cursor.reload());
        cursor.reset();
        assertEquals(pointer(2), cursor.load());
        engine.reader.exit();
    }

    /** The original counts only the slots that it wrote. */
    @Test
    void aStoreOverTheFrontOfARunCountsWhatFollowsIt() {
        for (boolean toValue : new boolean[] {true, false}) {
            long before = toValue ? pointer(1) : value(1);
            long after = toValue ? value(2) : pointer(2);
            array.storeRange(64, 73, before);
            array.storeRange(64, 67, after);
            XaChecker.check(array);
            assertEquals(after, load(73), "the rest of the run goes with its front");
            assertEquals(toValue ? 10 : 0, XaNodeStruct.nrValues(nodeAt(64)));
            array.destroy();
        }
    }

    /** The original then begins again at the lowest index, where the lack of memory may not show. */
    @Test
    void aCycleThatLacksMemoryDoesNotBeginAgain() {
        array = engine.newArray(XArray.TRACK_FREE);
        storeIndex(1);
        XaIdCycle cycle = new XaIdCycle(0, XaIdCycle.MAX_ID, 1 << 20);
        engine.failures.failAfter(0);
        assertEquals(Errno.ENOMEM, array.allocCyclic(cycle, value(1)));
        engine.failures.stop();
        assertEquals(1 << 20, cycle.next());
        assertEquals(1 << 20, array.allocCyclic(cycle, value(1)));
    }
}
