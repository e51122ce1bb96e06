/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Iterations without the lock, between two steps of which the array changes: for each way to iterate and each change,
 * from each start and with the change after each number of steps. What stays in the array is found once, and no index
 * comes twice.
 */
class IterationBetweenChangesTest extends XArrayCatalogue {
    private static final int MARK = 1;

    /** Found before the changed part, after it in the same node, and in nodes further on; none is ever changed. */
    private static final long[] STAYING = {3, 512 + 256, 1024 + 70, 8192};

    /** First index of the part that changes; all changes stay within 256 indices from it on. */
    private static final long PART = 512;

    private static final long FAR = 1L << 40;
    private static final int MAX_STEPS = 12;

    /** A way to go from one entry to the next. */
    private enum Iteration {
        FIND {
            @Override
            long next(XaCursor cursor) {
                return cursor.find(MAX);
            }
        },
        FIND_AND_PAUSE {
            @Override
            long next(XaCursor cursor) {
                cursor.pause();
                return cursor.find(MAX);
            }
        },
        FIND_AFTER {
            @Override
            long first(XaCursor cursor) {
                return cursor.array.find(cursor, MAX, XArray.PRESENT);
            }

            @Override
            long next(XaCursor cursor) {
                return cursor.array.findAfter(cursor, MAX, XArray.PRESENT);
            }
        },
        FIND_AFTER_MARKED {
            @Override
            long first(XaCursor cursor) {
                return cursor.array.find(cursor, MAX, MARK);
            }

            @Override
            long next(XaCursor cursor) {
                return cursor.array.findAfter(cursor, MAX, MARK);
            }
        },
        FIND_MARKED {
            @Override
            long next(XaCursor cursor) {
                return cursor.findMarked(MAX, MARK);
            }
        };

        long first(XaCursor cursor) {
            return next(cursor);
        }

        abstract long next(XaCursor cursor);
    }

    /**
     * A change of the array under test.
     *
     * @param name what it does
     * @param prepare stores what it needs
     * @param change changes that
     * @param keepsMarks whether each marked index stays marked at the slot that it has
     */
    private record Change(
            String name,
            Consumer<IterationBetweenChangesTest> prepare,
            Consumer<IterationBetweenChangesTest> change,
            boolean keepsMarks) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Stream<Change> changes() {
        return Stream.of(
                new Change("split in one node", test -> test.storeLarge(3), test -> test.split(3), true),
                new Change("split into two nodes", test -> test.storeLarge(7), test -> test.split(7), true),
                new Change(
                        "split of one slot of four",
                        test -> test.storeLarge(8),
                        test -> test.split(SplitNodeCountTest.shrinkingTowards(70, 8, 0)),
                        true),
                // Puts one mark in the place of several, at an index that may have been passed.
                new Change("merge in one node", test -> test.storePieces(3), test -> test.storeLarge(3), false),
                new Change("merge of two nodes", test -> test.storePieces(7), test -> test.storeLarge(7), false),
                new Change(
                        "erase of a node",
                        test -> test.storeIndex(PART + 64),
                        test -> test.eraseIndex(PART + 64),
                        true),
                new Change("erase of two nodes", test -> test.storePieces(7), test -> test.erasePieces(7), true),
                new Change("growth", test -> {}, test -> test.storeIndex(FAR), true),
                new Change("shrinking", test -> test.storeIndex(FAR), test -> test.eraseIndex(FAR), true));
    }

    @ParameterizedTest
    @MethodSource("changes")
    void whatStaysIsFoundOnceAndNoIndexTwice(Change change) {
        for (Iteration iteration : Iteration.values()) {
            for (long start : new long[] {0, PART, PART + 1, PART + 5, PART + 70, PART + 127, PART + 130}) {
                for (int nrSteps = 0; nrSteps <= MAX_STEPS; nrSteps++) {
                    String race = change + ", " + iteration + ", start=" + start + ", steps before=" + nrSteps;
                    List<Found> found = iterate(iteration, start, nrSteps, change);
                    assertStayingAreFound(found, start, race);
                    assertWordsStandThere(found, race);
                    if (change.keepsMarks || iteration != Iteration.FIND_MARKED) {
                        assertAscending(found, race);
                    }
                    array.destroy();
                }
            }
        }
    }

    private List<Found> iterate(Iteration iteration, long start, int nrSteps, Change change) {
        for (long index : STAYING) {
            storeIndex(index);
        }
        change.prepare.accept(this);
        markAll();
        List<Found> found = new ArrayList<>();
        engine.reader.enter();
        XaCursor cursor = cursor(start);
        boolean changed = false;
        long word = iteration.first(cursor);
        while (word != 0) {
            if (!cursor.retry(word)) {
                found.add(new Found(cursor.index(), word));
            }
            if (!changed && found.size() > nrSteps) {
                change.change.accept(this);
                changed = true;
            }
            word = iteration.next(cursor);
        }
        engine.reader.exit();
        return found;
    }

    private static void assertStayingAreFound(List<Found> found, long start, String race) {
        for (long index : STAYING) {
            long nrTimes = found.stream()
                    .filter(entry -> entry.equals(new Found(index, value(index))))
                    .count();
            assertEquals(index >= start ? 1 : 0, nrTimes, () -> race + ", index=" + index + ", found=" + found);
        }
    }

    /** Each word is that of the index before the change, or after it, or the large entry's. */
    private void assertWordsStandThere(List<Found> found, String race) {
        for (Found entry : found) {
            boolean isLarge = entry.index() >= PART && entry.index() < PART + 256 && entry.word() == value(PART);
            boolean stands = entry.word() == value(entry.index()) || entry.word() == load(entry.index());
            assertTrue(isLarge || stands, () -> race + ", entry=" + entry + ", found=" + found);
        }
    }

    private static void assertAscending(List<Found> found, String race) {
        for (int i = 1; i < found.size(); i++) {
            long before = found.get(i - 1).index();
            long index = found.get(i).index();
            assertTrue(before < index, () -> race + ", index=" + index + ", found=" + found);
        }
    }

    @Test
    void aSearchThatComesUpOutOfAMergedNodeFindsWhatTookItsPlace() {
        storeIndex(63);
        storeIndex(65);
        storeIndex(130);
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        assertEquals(value(63), cursor.find(MAX));
        storeOrder(0, 7, value(7));
        assertStartsOver(cursor, cursor.find(MAX));
        assertEquals(value(7), cursor.find(MAX));
        assertEquals(64, cursor.index());
        assertEquals(value(130), cursor.find(MAX));
        engine.reader.exit();
    }

    @Test
    void aMarkedSearchThatComesUpOutOfAMergedNodeFindsWhatTookItsPlace() {
        for (long index : new long[] {5, 65, 130}) {
            storeIndex(index);
            setMark(index, MARK);
        }
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        assertEquals(value(5), cursor.findMarked(MAX, MARK));
        storeOrder(0, 7, value(7));
        assertStartsOver(cursor, cursor.findMarked(MAX, MARK));
        assertEquals(value(7), cursor.findMarked(MAX, MARK));
        assertEquals(0, cursor.index());
        assertEquals(value(130), cursor.findMarked(MAX, MARK));
        assertEquals(0, cursor.findMarked(MAX, MARK));
        engine.reader.exit();
    }

    @Test
    void whatTookThePlaceOfTheEntryFoundAndOfOthersIsFoundUnlessItBeginsThere() {
        storeIndex(8);
        storeIndex(10);
        storeIndex(13);
        storeIndex(20);
        engine.reader.enter();
        XaCursor atFirst = cursor(8);
        assertEquals(value(8), atFirst.find(MAX));
        XaCursor inside = cursor(9);
        assertEquals(value(10), inside.find(MAX));
        storeOrder(8, 3, value(88));
        assertEquals(value(20), atFirst.find(MAX));
        assertStartsOver(inside, inside.find(MAX));
        assertEquals(value(88), inside.find(MAX));
        assertEquals(11, inside.index());
        assertEquals(value(20), inside.find(MAX));
        engine.reader.exit();
    }

    @Test
    void afterAPauseWhatTookThePlaceOfOthersIsFoundUnlessItBeginsWhereTheLastWasFound() {
        for (long index = 8; index < 16; index++) {
            storeIndex(index);
        }
        storeIndex(20);
        engine.reader.enter();
        XaCursor atFirst = cursor(8);
        assertEquals(value(8), atFirst.find(MAX));
        XaCursor inside = cursor(10);
        assertEquals(value(10), inside.find(MAX));
        storeOrder(8, 3, value(88));
        atFirst.pause();
        assertEquals(16, atFirst.index());
        assertEquals(value(20), atFirst.find(MAX));
        inside.pause();
        assertEquals(11, inside.index());
        assertEquals(value(88), inside.find(MAX));
        assertEquals(11, inside.index());
        inside.pause();
        assertEquals(value(20), inside.find(MAX));
        engine.reader.exit();
    }

    /** The piece that covers the index at which the whole was found counts as found with it. */
    @Test
    void aPieceThatBeginsBeforeWhereTheWholeWasFoundDoesNotComeAgain() {
        storeLarge(8);
        storeIndex(PART + 256);
        engine.reader.enter();
        XaCursor cursor = cursor(PART + 130);
        assertEquals(value(PART), cursor.find(MAX));
        split(SplitNodeCountTest.shrinkingTowards(70, 8, 0));
        assertEquals(7, getOrder(PART + 130));
        assertEquals(value(PART + 256), cursor.find(MAX));
        engine.reader.exit();
    }

    private static void assertStartsOver(XaCursor cursor, long word) {
        assertEquals(XaEntry.RETRY, word);
        assertTrue(cursor.retry(word));
    }

    /** In the middle of a merge, the first slot has the mark of all, and the others still have their own. */
    @Test
    void whatIsBeingMergedIsFoundByItsMark() {
        for (long index = 8; index < 16; index++) {
            storeIndex(index);
        }
        storeIndex(20);
        setMark(13, MARK);
        setMark(20, MARK);
        long node = nodeAt(8);
        XaNodeStruct.slotRelease(node, 8, value(88));
        assertEquals(List.of(new Found(13, value(13)), new Found(20, value(20))), walkMarked(0, MARK));
        XaNodeStruct.marksOpaque(node, MARK, XaNodeStruct.marksOpaque(node, MARK) | 1 << 8);
        for (int nrDone = 0; nrDone < 8; nrDone++) {
            XaNodeStruct.slotRelease(
                    node, 8 + nrDone, nrDone == 0 ? value(88) : XaEntry.sibling(8, array.nextSiblingStamp()));
            boolean isPiece = 13 > 8 + nrDone;
            assertEquals(
                    isPiece
                            ? List.of(new Found(8, value(88)), new Found(13, value(13)), new Found(20, value(20)))
                            : List.of(new Found(8, value(88)), new Found(20, value(20))),
                    walkMarked(0, MARK));
            assertEquals(isPiece ? new Found(13, value(13)) : new Found(8, value(88)), find(13, MAX, MARK));
            assertEquals(new Found(20, value(20)), findAfter(isPiece ? 13 : 8, MAX, MARK));
            assertTrue(getMark(13, MARK));
            assertTrue(getMark(8 + nrDone, MARK));
        }
        XaNodeStruct.marksOpaque(node, MARK, 1 << 8 | 1 << 20);
    }

    private void storeLarge(int order) {
        storeOrder(PART, order, value(PART));
    }

    private void erasePieces(int order) {
        for (long index = PART; index < PART + (1L << order); index++) {
            eraseIndex(index);
        }
    }

    private void storePieces(int order) {
        for (long index = PART; index < PART + (1L << order); index++) {
            array.store(index, value(index));
        }
    }

    private void split(int order) {
        split(SplitPlan.uniform(order, 0));
    }

    private void split(SplitPlan plan) {
        assertEquals(Errno.OK, split(PART + 5, plan, value(PART), value(PART), 2));
    }

    private void markAll() {
        for (Found entry : walk(0)) {
            setMark(entry.index(), MARK);
        }
    }

    /** In the middle of a split, the pieces have their marks, and some of their slots still lead to the old entry. */
    @Test
    void anEntryThatIsBeingSplitIsFoundOnceByItsMark() {
        storeOrder(8, 3, value(8));
        setMark(8, MARK);
        storeIndex(20);
        setMark(20, MARK);
        long node = nodeAt(8);
        for (int slot = 16; slot > 8; slot--) {
            XaNodeStruct.slotRelease(node, slot, slot == 16 ? 0 : value(slot));
            engine.reader.enter();
            XaCursor cursor = cursor(0);
            assertEquals(value(8), cursor.findMarked(MAX, MARK));
            XaNodeStruct.marksOpaque(node, MARK, XaNodeStruct.marksOpaque(node, MARK) | 0xff00);
            for (long index = slot; index < 16; index++) {
                assertEquals(value(index), cursor.findMarked(MAX, MARK));
                assertEquals(index, cursor.index());
            }
            assertEquals(value(20), cursor.findMarked(MAX, MARK));
            assertEquals(0, cursor.findMarked(MAX, MARK));
            engine.reader.exit();
        }
    }
}
