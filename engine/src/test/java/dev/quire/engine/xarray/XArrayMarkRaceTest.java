/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * Readers without locks look for marks while a writer changes the shape of the tree: what is marked all the time is
 * found.
 */
class XArrayMarkRaceTest extends XArrayRace {
    @Test
    void aMarkedSearchFindsTheEntryWhileItIsSplitAndMerged() {
        int order = 9;
        long first = 1L << order;
        storeOrder(first, order, pointer(2));
        setMark(first, 1);
        SplitPlan plan = SplitNodeCountTest.shrinkingTowards(300, order, 0);
        race(
                () -> {
                    assertEquals(0, splitPatiently(first, plan, pointer(2), pointer(2), 0));
                    storeOrder(first, order, pointer(2));
                },
                (reader, cursor, round) -> {
                    assertTrue(array.isMarked(reader, 1));
                    cursor.set(round & first);
                    assertEquals(pointer(2), array.find(cursor, MAX, 1));
                    assertEquals(first, cursor.index());
                });
    }

    @Test
    void splitAndMergeHideNoMark() {
        splitAndMergeHideNoMark(5, SplitPlan.uniform(5, 0));
        splitAndMergeHideNoMark(11, SplitNodeCountTest.shrinkingTowards(1029, 11, 0));
    }

    /** A look beside which more than one change is under way can still miss the mark; such do not count. */
    private void splitAndMergeHideNoMark(int order, SplitPlan plan) {
        long first = 1L << order;
        storeOrder(first, order, pointer(2));
        setMark(first, 1);
        AtomicLong nrBegun = new AtomicLong();
        AtomicLong nrDone = new AtomicLong();
        AtomicLong nrValidLooks = new AtomicLong();
        race(
                () -> {
                    nrBegun.incrementAndGet();
                    assertEquals(0, splitPatiently(first, plan, pointer(2), pointer(2), 0));
                    nrDone.incrementAndGet();
                    nrBegun.incrementAndGet();
                    storeOrder(first, order, pointer(2));
                    nrDone.incrementAndGet();
                },
                (reader, cursor, round) -> {
                    long nrBefore = nrDone.get();
                    long index = first + (round * 0x9e37_79b9L & (first - 1));
                    cursor.set(index);
                    boolean marked = array.getMark(reader, index, 1);
                    long found = array.find(cursor, 2 * first - 1, 1);
                    if (nrBegun.get() - nrBefore <= 1) {
                        nrValidLooks.incrementAndGet();
                        assertTrue(marked && found == pointer(2), () -> "index=" + index + ", marked=" + marked);
                    }
                });
        assertTrue(nrValidLooks.get() > 100, () -> "looks beside one change: " + nrValidLooks);
        array.destroy();
    }

    /**
     * What comes back is what covers the index or comes after it, though a search goes back to the first slot. A look
     * beside which more than one change is under way can miss the mark.
     */
    @Test
    void aMarkedSearchFindsNoPieceBeforeItsStart() {
        storePatiently(4, 2, value(100));
        setMark(4, 1);
        SplitPlan plan = SplitPlan.uniform(2, 0);
        AtomicLong nrBegun = new AtomicLong();
        AtomicLong nrDone = new AtomicLong();
        AtomicLong nrFoundAll = new AtomicLong();
        long[] entries = new long[4];
        race(
                () -> {
                    nrBegun.incrementAndGet();
                    assertEquals(0, splitPatiently(4, plan, value(100), value(200), 2));
                    nrDone.incrementAndGet();
                    nrBegun.incrementAndGet();
                    assertEquals(0, XaEntry.errnoOf(array.storeOrder(4, 2, value(100))));
                    nrDone.incrementAndGet();
                },
                (reader, cursor, round) -> {
                    for (int look = 0; look < 100; look++) {
                        long nrBefore = nrDone.get();
                        cursor.set(6);
                        long found = array.find(cursor, MAX, 1);
                        cursor.set(6);
                        int nrFound = array.extract(cursor, MAX, 1, entries, 4);
                        long extracted = nrFound == 0 ? 0 : entries[0];
                        boolean mayMiss = nrBegun.get() - nrBefore > 1;
                        assertTrue(isAtOrAfterSix(found, mayMiss), () -> "found 0x" + Long.toHexString(found));
                        assertTrue(
                                isAtOrAfterSix(extracted, mayMiss), () -> "extracted 0x" + Long.toHexString(extracted));
                        nrFoundAll.addAndGet(found != 0 && extracted != 0 ? 1 : 0);
                    }
                });
        assertTrue(nrFoundAll.get() > 100, () -> "looks that found something: " + nrFoundAll);
        array.destroy();
    }

    /** The whole entry, the piece at the index, or the one after it, if that one's mark was missed. */
    private static boolean isAtOrAfterSix(long word, boolean mayMiss) {
        return word == value(100) || word == value(202) || (mayMiss && (word == 0 || word == value(203)));
    }

    /** Singles of which one is marked; the erase of their range must not move the mark to the first of them. */
    @Test
    void aRangeThatIsErasedShowsNoMarkWhereThereWasNone() {
        XaCursor changing = new XaCursor(array);
        storeIndex(20);
        race(
                () -> {
                    for (long index = 8; index < 16; index++) {
                        storePatiently(index);
                    }
                    setMark(13, 1);
                    array.lock();
                    changing.setOrder(8, 3);
                    changing.store(XaEntry.EMPTY);
                    array.unlock();
                },
                (reader, cursor, round) -> {
                    for (int look = 0; look < 100; look++) {
                        assertFalse(array.getMark(reader, 8, 1));
                        cursor.set(0);
                        long word = array.find(cursor, MAX, 1);
                        assertTrue(
                                word == 0 || (word == value(13) && cursor.index() == 13),
                                () -> "found at " + cursor.index());
                    }
                });
    }

    /**
     * An entry over two indices becomes two, of which the first gets a mark, and they become one again without it. A
     * look that all of these changes happen in can find the mark between them, and the sibling before and after: such
     * do not count.
     */
    @Test
    void theSecondIndexOfAnEntryHasNoMarkThatTheFirstAloneHad() {
        storeOrder(4, 1, pointer(2));
        SplitPlan plan = SplitPlan.uniform(1, 0);
        AtomicLong nrBegun = new AtomicLong();
        AtomicLong nrValidLooks = new AtomicLong();
        race(
                () -> {
                    nrBegun.incrementAndGet();
                    assertEquals(0, splitPatiently(4, plan, pointer(2), pointer(2), 0));
                    nrBegun.incrementAndGet();
                    setMark(4, 1);
                    nrBegun.incrementAndGet();
                    array.clearMark(4, 1);
                    nrBegun.incrementAndGet();
                    storeOrder(4, 1, pointer(2));
                },
                (reader, cursor, round) -> {
                    for (int look = 0; look < 100; look++) {
                        long nrBefore = nrBegun.get();
                        boolean marked = array.getMark(reader, 5, 1);
                        if (nrBegun.get() - nrBefore < 4) {
                            nrValidLooks.incrementAndGet();
                            assertFalse(marked);
                        }
                    }
                });
        assertTrue(nrValidLooks.get() > 100, () -> "looks beside fewer changes: " + nrValidLooks);
    }

    /** The change of the test above, between the loads of the two slots. */
    @Test
    void aMarkBehindASiblingIsTheEntrysOnlyIfTheSiblingIsStillThere() {
        storeOrder(4, 1, value(4));
        storeIndex(20);
        long node = nodeAt(4);
        long sibling = XaNodeStruct.slot(node, 5);
        assertEquals(XaMarks.UNMARKED, XaMarks.markedWord(node, 5, sibling, 1));
        assertEquals(0, split(4, SplitPlan.uniform(1, 0), value(4), value(4), 0));
        assertEquals(XaEntry.RETRY, XaMarks.markedWord(node, 5, sibling, 1));
        setMark(4, 1);
        assertEquals(XaEntry.RETRY, XaMarks.markedWord(node, 5, sibling, 1));
        storeOrder(4, 1, value(4));
        assertEquals(XaEntry.RETRY, XaMarks.markedWord(node, 5, sibling, 1), "it is another sibling of slot 4 now");
        assertEquals(value(4), XaMarks.markedWord(node, 5, XaNodeStruct.slot(node, 5), 1));
    }

    /** What is marked stands elsewhere, and takes the tree away with it. */
    @Test
    void anEmptyFirstIndexHasNoMarkOfWhatIsDestroyed() {
        race(
                () -> {
                    storePatiently(500);
                    setMark(500, 1);
                    array.destroy();
                },
                (reader, cursor, round) -> {
                    for (int look = 0; look < 100; look++) {
                        assertFalse(array.getMark(reader, 0, 1));
                    }
                });
    }

    /**
     * It stands in the head until another comes, whose mark then is in the same place. A look that all of the other's
     * changes happen in can find the mark between them, and the head before and after: such do not count.
     */
    @Test
    void anEntryInTheHeadHasNoMarkThatOneElsewhereHas() {
        storeIndex(0);
        race(
                () -> {
                    storePatiently(500);
                    setMark(500, 1);
                    assertEquals(value(500), erase(500));
                },
                (reader, cursor, round) -> {
                    for (int look = 0; look < 100; look++) {
                        assertFalse(array.getMark(reader, 0, 1));
                        cursor.set(0);
                        long word = array.find(cursor, MAX, 1);
                        assertTrue(word == 0 || (word == value(500) && cursor.index() == 500));
                    }
                });
    }

    /** It has found the entry when that is alone, and asks for its mark when the tree has grown. */
    @Test
    void aCursorAtTheHeadDoesNotTakeTheMarkOfAnotherForItsEntrys() {
        storeIndex(0);
        XaCursor cursor = cursor(0);
        engine.reader.enter();
        assertEquals(value(0), cursor.load());
        storeIndex(500);
        setMark(500, 1);
        assertFalse(cursor.getMark(1));
        setMark(0, 1);
        assertTrue(cursor.getMark(1));
        engine.reader.exit();
    }

    /** Its flag goes a moment later. */
    @Test
    void anEntryThatHasJustGoneFromTheHeadIsNotFoundByItsMark() {
        storeIndex(0);
        setMark(0, 1);
        XArrayStruct.headRelease(array.anchor(), XaEntry.EMPTY);
        XaCursor cursor = cursor(0);
        engine.reader.enter();
        assertEquals(0, cursor.findMarked(MAX, 1));
        assertTrue(cursor.isBounds());
        engine.reader.exit();
        XArrayStruct.headRelease(array.anchor(), value(0));
    }

    @Test
    void aMarkedSearchIsNotStoppedByAnErase() {
        storeIndex(200);
        setMark(200, 1);
        race(
                () -> {
                    storePatiently(70);
                    setMark(70, 1);
                    assertEquals(value(70), erase(70));
                },
                (reader, cursor, round) -> {
                    cursor.set(0);
                    long word = array.find(cursor, MAX, 1);
                    assertTrue((word == value(70) && cursor.index() == 70)
                            || (word == value(200) && cursor.index() == 200));
                    cursor.set(71);
                    assertEquals(value(200), array.find(cursor, MAX, 1));
                });
    }
}
