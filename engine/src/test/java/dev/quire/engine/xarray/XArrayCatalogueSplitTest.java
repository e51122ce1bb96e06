/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.EngineFixture;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Splitting, as the kernel's own suite checks it, and as deep as it never goes. */
class XArrayCatalogueSplitTest extends XArrayCatalogue {
    private static final long NR_NODES = 1 << 18;
    private static final int MAX_ORDER = 23;

    /** Pieces that every index of is visited; larger splits are checked at the pieces' ends. */
    private static final int MAX_PIECES_LOG2 = 14;

    @Override
    protected EngineFixture newEngine() {
        return new EngineFixture(16, NR_NODES, 4);
    }

    static Stream<Integer> orders() {
        return IntStream.rangeClosed(1, MAX_ORDER).boxed();
    }

    /** check_split_1. */
    @ParameterizedTest(name = "order {0}")
    @MethodSource("orders")
    void uniform(int order) {
        for (int newOrder = Math.max(0, order - MAX_PIECES_LOG2); newOrder < order; newOrder++) {
            for (long block : new long[] {0, 1, 3}) {
                splitAndCheck(block << order, order, newOrder);
            }
        }
    }

    @Test
    void oneGibibyteToPages() {
        splitAndCheck(1L << 18, 18, 0);
    }

    private void splitAndCheck(long index, int order, int newOrder) {
        storeOrder(index, order, pointer(3));
        setMark(index, 1);
        SplitPlan plan = SplitPlan.uniform(order, newOrder);
        assertEquals(Errno.OK, split(index, plan, pointer(3), pointer(3), 0));
        checkPieces(index, order, newOrder);
    }

    private void checkPieces(long index, int order, int newOrder) {
        long end = index + (1L << order);
        long step = 1L << newOrder;
        engine.failures.failAfter(0);
        for (long i = index; i < end; i += step) {
            assertEquals(pointer(3), store(i, value(i)));
        }
        engine.failures.stop();
        for (long i = index; i < end; i += step) {
            assertEquals(value(i), load(i));
            assertEquals(value(i), load(i + step - 1));
            assertEquals(value(i), load(i + step / 2));
            assertEquals(newOrder, getOrder(i));
            assertTrue(getMark(i, 1));
            assertFalse(getMark(i, 0));
        }
        assertEquals(0, load(end));
        XaChecker.check(array);
        setMark(index, 0);
        assertTrue(getMark(index, 0));
        assertEquals(order == newOrder ? 1 : 1L << (order - newOrder), countMarked(1));
        assertEquals(1, countMarked(0));
        for (long i = index; i < end; i += step) {
            assertEquals(value(i), erase(i + step - 1));
        }
        assertTrue(isEmpty());
    }

    private long countMarked(int mark) {
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        long count = 0;
        for (long entry = cursor.findMarked(MAX, mark); entry != 0; entry = cursor.findMarked(MAX, mark)) {
            assertFalse(XaEntry.isInternal(entry));
            count++;
        }
        engine.reader.exit();
        return count;
    }

    /** check_split_2. */
    @ParameterizedTest(name = "order {0}")
    @MethodSource("orders")
    void oneStepWithTheCursorsSpareNode(int order) {
        for (int newOrder = Math.max(0, order - MAX_PIECES_LOG2); newOrder < order; newOrder++) {
            for (long block : new long[] {0, 1, 3}) {
                trySplitAndCheck(block << order, order, newOrder);
            }
        }
    }

    private void trySplitAndCheck(long index, int order, int newOrder) {
        storeOrder(index, order, pointer(3));
        setMark(index, 1);
        String before = text();
        boolean possible = order / 6 == newOrder / 6 || (order % 6 == 0 && newOrder == order - 1);

        XaCursor cursor = cursor(index, newOrder);
        cursor.setError(Errno.ENOMEM);
        assertTrue(cursor.nomem(), "a spare node must be had");
        engine.failures.failAfter(0);
        array.lock();
        cursor.trySplit(newOrder, pointer(3), 0);
        array.unlock();
        engine.failures.stop();
        cursor.destroy();

        if (possible) {
            assertEquals(Errno.OK, cursor.error());
            checkPieces(index, order, newOrder);
        } else {
            assertEquals(Errno.EINVAL, cursor.error());
            assertEquals(before, text());
            assertEquals(pointer(3), erase(index));
        }
        engine.rcu.barrier();
        assertEquals(0, engine.nodes.nrInUse());
    }

    @Test
    void aStepThatSkipsALevelIsRefused() {
        for (int order = 12; order <= 62; order++) {
            for (int newOrder = 0; newOrder < XaCursor.trySplitMinimumOrder(order); newOrder++) {
                storeOrder(0, order, value(order));
                String before = text();
                assertEquals(Errno.EINVAL, trySplit(1, newOrder, value(order)));
                assertEquals(before, text());
                array.destroy();
            }
        }
    }

    @Test
    void steppingDownOneLevelAtATime() {
        assertSteps(9, new int[] {6, 5, 0}, 1, 40);
        assertSteps(18, new int[] {17, 12, 11, 6, 5, 0}, 3, 97);
        assertSteps(9, new int[] {8, 7, 6, 5, 4, 3, 2, 1, 0}, 1, 10);
        assertSteps(18, new int[] {17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, 3, 19);
    }

    private void assertSteps(int order, int[] steps, int nodes, int entries) {
        long index = 1L << order;
        storeOrder(index, order, value(1));
        long nodesBefore = engine.nodes.nrInUse();
        for (int step : steps) {
            assertEquals(Errno.OK, trySplit(index + 2, step, value(1)));
            XaChecker.check(array);
        }
        assertEquals(nodes, engine.nodes.nrInUse() - nodesBefore);
        assertEquals(entries, walk(0).size());
        array.destroy();
        engine.rcu.barrier();
    }

    @Test
    void aStepGoesOnWhereTheOneBeforeEnded() {
        long index = (3L << 18) + 0x2_ABCD;
        storeOrder(3L << 18, 18, value(3L << 18));
        XaCursor cursor = cursor(index);
        array.lock();
        try {
            int order = 18;
            while (order > 0) {
                long first = index & -1L << order;
                order = XaCursor.trySplitMinimumOrder(order);
                assertEquals(Errno.OK, cursor.trySplit(order, value(first), 2));
                assertEquals(order, cursor.getOrder());
                assertEquals(value(index & -1L << order), cursor.reload());
                assertEquals(index, cursor.index());
            }
        } finally {
            array.unlock();
        }
        XaChecker.check(array);
        assertEquals(97, walk(0).size());
    }

    @Test
    void theSmallestOrderOfOneStep() {
        assertEquals(0, XaCursor.trySplitMinimumOrder(0));
        for (int order = 1; order < Long.SIZE; order++) {
            int expected = order % 6 == 0 ? order - 1 : order - order % 6;
            assertEquals(expected, XaCursor.trySplitMinimumOrder(order));
        }
    }

    @Test
    void anEmptyPlaceIsLeftAlone() {
        assertEquals(Errno.OK, trySplit(5, 0, value(1)));
        assertTrue(isEmpty());
        storeIndex(0);
        assertEquals(Errno.OK, trySplit(5, 0, value(1)));
        eraseIndex(0);
    }

    /**
     * A split keeps the parent's count, moves the values out of it and gives every canonical slot of the children the
     * marks.
     */
    @Test
    void countsAndMarksOfParentAndChildren() {
        for (long word : new long[] {value(1), pointer(1)}) {
            storeOrder(512, 9, word);
            setMark(512, 0);
            setMark(512, 2);
            long parent = nodeAt(512);
            assertEquals(8, XaNodeStruct.count(parent));
            assertEquals(XaEntry.isValue(word) ? 8 : 0, XaNodeStruct.nrValues(parent));
            split(700, SplitPlan.uniform(9, 4), word, word, 0);
            assertEquals(8, XaNodeStruct.count(parent));
            assertEquals(0, XaNodeStruct.nrValues(parent));
            assertEquals(0xff00L, XaNodeStruct.marksOpaque(parent, 0));
            assertEquals(0L, XaNodeStruct.marksOpaque(parent, 1));
            assertEquals(0xff00L, XaNodeStruct.marksOpaque(parent, 2));
            long child = nodeAt(512);
            assertEquals(64, XaNodeStruct.count(child));
            assertEquals(XaEntry.isValue(word) ? 64 : 0, XaNodeStruct.nrValues(child));
            assertEquals(0x0001_0001_0001_0001L, XaNodeStruct.marksOpaque(child, 0));
            assertEquals(0L, XaNodeStruct.marksOpaque(child, 1));
            assertEquals(0x0001_0001_0001_0001L, XaNodeStruct.marksOpaque(child, 2));
            array.destroy();
        }
    }
}
