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
        assertEquals(new Found(64, value(1)), findAfter(65, MAX, 0), "so it finds the same entry again");
        assertNull(findAfter(65, MAX, XArray.PRESENT));
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
