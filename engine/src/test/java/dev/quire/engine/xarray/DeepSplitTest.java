/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.EngineFixture;
import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Splits over several levels at once, which the original refuses: from any index inside the entry, between values and
 * pointers, with every combination of marks, and with arguments that went stale while the lock was not held.
 */
class DeepSplitTest extends XArrayCatalogue {
    private static final int MIN_ORDER = 12;
    private static final int MAX_ORDER = 23;

    /** Up to this order, down to single indices; above, to as many pieces at most. */
    private static final int MAX_ORDER_IN_FULL = 20;

    private static final int MAX_PIECES_LOG2 = 18;
    private static final int NR_COMBINATIONS = 1 << XArray.NR_MARKS;

    @Override
    protected EngineFixture newEngine() {
        return new EngineFixture(1, 1 << 18, 64);
    }

    static Stream<Integer> orders() {
        return IntStream.rangeClosed(MIN_ORDER, MAX_ORDER).boxed();
    }

    @ParameterizedTest(name = "order {0}")
    @MethodSource("orders")
    void anyDepthFromAnyIndexBetweenKindsOfEntries(int order) {
        SplittableRandom random = TestSeed.random("DeepSplitTest, order " + order);
        int minOrder = order <= MAX_ORDER_IN_FULL ? 0 : order - MAX_PIECES_LOG2;
        for (int newOrder = minOrder; newOrder <= order; newOrder++) {
            for (int marks = 0; marks < NR_COMBINATIONS; marks++) {
                splitAndMerge(random, SplitPlan.uniform(order, newOrder), newOrder, marks);
            }
        }
    }

    private void splitAndMerge(SplittableRandom random, SplitPlan plan, int newOrder, int marks) {
        int order = plan.order();
        long first = (long) random.nextInt(1, 100) << order;
        long inside = random.nextLong() & (1L << order) - 1;
        boolean toValues = random.nextBoolean();
        long oldWord = random.nextBoolean() ? value(first) : pointer(3);
        long newWord = toValues ? value(1) : pointer(0);
        storeMarked(first, order, oldWord, marks);
        String whole = text();

        long stride = toValues ? 2 : 64;
        assertEquals(Errno.OK, split(first + inside, plan, oldWord, newWord, stride), TestSeed.asOption());
        XaChecker.check(array);
        assertPieces(first, order, newOrder, newWord, stride, marks);

        assertEquals(Errno.OK, XaEntry.errnoOf(array.storeOrder(first, order, oldWord)));
        assertEquals(whole, text(), "merging is the inverse");
        array.destroy();
        engine.rcu.barrier();
    }

    private void storeMarked(long first, int order, long word, int marks) {
        storeOrder(first, order, word);
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            if ((marks & 1 << mark) != 0) {
                setMark(first, mark);
            }
        }
    }

    private void assertPieces(long first, int order, int newOrder, long firstWord, long stride, int marks) {
        engine.reader.enter();
        XaCursor cursor = cursor(first);
        for (long offset = 0; offset < 1L << order; offset += 1L << newOrder) {
            assertEquals(firstWord + offset * stride, cursor.find(MAX));
            assertEquals(first + offset, cursor.index());
            assertEquals(newOrder, cursor.getOrder());
            for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
                assertEquals((marks & 1 << mark) != 0, cursor.getMark(mark));
            }
        }
        assertEquals(0, cursor.find(MAX));
        engine.reader.exit();
    }

    /** What a cursor worked out for one stride is of no use for the next. */
    @Test
    void oneCursorSplitsWithOneStrideAfterAnother() {
        SplitPlan plan = SplitPlan.uniform(6, 0);
        XaCursor cursor = cursor(64);
        for (long stride : new long[] {2, 64, 0, -2, 2}) {
            storeOrder(64, 6, pointer(1));
            cursor.set(64);
            assertEquals(Errno.OK, cursor.reserve(plan));
            array.lock();
            assertEquals(Errno.OK, cursor.split(plan, pointer(1), value(1000), stride));
            array.unlock();
            for (int i = 0; i < 64; i++) {
                assertEquals(value(1000) + i * stride, load(64 + i));
            }
        }
    }

    @Test
    void everyPageOfAShrinkingSplitIsReached() {
        for (long page = 0; page < 1 << 12; page += 5) {
            SplitPlan plan = SplitNodeCountTest.shrinkingTowards(page, 12, 0);
            storeOrder(1 << 12, 12, pointer(0));
            assertEquals(Errno.OK, split((1 << 12) + page, plan, pointer(0), pointer(0), 64));
            assertEquals(0, getOrder((1 << 12) + page));
            assertEquals(pointer(0) + 64 * page, load((1 << 12) + page));
            assertEquals(13, walk(0).size());
            XaChecker.check(array);
            array.destroy();
        }
    }

    @Test
    void aStaleOrderIsFoundOutUnderTheLock() {
        storeOrder(1 << 18, 18, value(1));
        XaCursor cursor = cursor(1 << 18);
        SplitPlan plan = SplitPlan.uniform(18, 9);
        assertEquals(Errno.OK, cursor.reserve(plan));
        assertEquals(Errno.OK, trySplit(1 << 18, 17, value(1)));
        assertSplitRefused(cursor, plan, value(1));
    }

    @Test
    void aStaleEntryIsFoundOutUnderTheLock() {
        storeOrder(1 << 9, 9, value(1));
        XaCursor cursor = cursor(1 << 9);
        SplitPlan plan = SplitPlan.uniform(9, 0);
        assertEquals(Errno.OK, cursor.reserve(plan));
        storeOrder(1 << 9, 9, value(2));
        assertSplitRefused(cursor, plan, value(1));
    }

    @Test
    void anEntryThatIsGoneIsFoundOutUnderTheLock() {
        storeOrder(1 << 9, 9, value(1));
        XaCursor cursor = cursor(1 << 9);
        SplitPlan plan = SplitPlan.uniform(9, 0);
        assertEquals(Errno.OK, cursor.reserve(plan));
        assertEquals(value(1), erase(1 << 9));
        assertSplitRefused(cursor, plan, value(1));
    }

    @Test
    void anEntryThatBecamePartOfALargerOneIsFoundOutUnderTheLock() {
        storeOrder(1 << 9, 9, value(1));
        XaCursor cursor = cursor(1 << 9);
        SplitPlan plan = SplitPlan.uniform(9, 0);
        assertEquals(Errno.OK, cursor.reserve(plan));
        storeOrder(0, 12, value(1));
        assertSplitRefused(cursor, plan, value(1));
    }

    /** A range store leaves runs that are wider than a block, or begin where none can. */
    @Test
    void aRunThatIsNoBlockIsNotSplit() {
        assertRunIsRefused(64, 66, 2);
        assertRunIsRefused(64, 68, 2);
        assertRunIsRefused(64, 68, 3);
        assertRunIsRefused(65, 68, 2);
        assertRunIsRefused(66, 69, 2);
        assertRunIsRefused(65, 66, 1);
    }

    /** A store over the front of a run leaves siblings of siblings, which no entry of the new one's order has. */
    @Test
    void aRunWhoseFrontWasStoredOverIsNotSplit() {
        array.storeRange(65, 67, value(1));
        storeOrder(64, 1, value(1));
        String before = text();
        for (long index = 64; index <= 67; index++) {
            assertEquals(value(1), load(index));
            for (int order = 1; order <= 2; order++) {
                assertEquals(Errno.EINVAL, split(index, SplitPlan.uniform(order, 0), value(1), value(2), 0));
            }
            assertEquals(Errno.EINVAL, trySplit(index, 0, value(2)));
            assertEquals(before, text());
        }
    }

    private void assertRunIsRefused(long first, long last, int order) {
        array.storeRange(first, last, value(1));
        String before = text();
        for (long index = first; index <= last; index++) {
            assertEquals(Errno.EINVAL, split(index, SplitPlan.uniform(order, 0), value(1), value(2), 0));
            assertEquals(Errno.EINVAL, trySplit(index, 0, value(2)));
            assertEquals(before, text());
        }
        array.destroy();
    }

    @Test
    void anEntryInTheHeadIsOfOrderZero() {
        storeIndex(0);
        SplitPlan plan = SplitPlan.uniform(6, 0);
        XaCursor cursor = cursor(0);
        assertEquals(Errno.OK, cursor.reserve(plan));
        assertSplitRefused(cursor, plan, value(0));
        assertEquals(Errno.OK, split(0, SplitPlan.uniform(0, 0), value(0), value(7), 0));
        assertEquals(value(7), load(0));
    }

    private void assertSplitRefused(XaCursor cursor, SplitPlan plan, long expected) {
        String before = text();
        array.lock();
        assertEquals(Errno.EINVAL, cursor.split(plan, expected, value(5), 0));
        array.unlock();
        assertEquals(Errno.EINVAL, cursor.error());
        assertEquals(XaChecker.check(array), engine.nodes.nrInUse(), "no spare node is left");
        assertEquals(before, text());
    }

    @Test
    void misuseIsRefusedAndChangesNothing() {
        storeOrder(1 << 9, 9, value(1));
        String before = text();
        SplitPlan plan = SplitPlan.uniform(9, 0);
        SplitPlan incomplete = new SplitPlan(9);
        incomplete.append(8, 1);
        XaCursor cursor = cursor(1 << 9);
        assertThrows(IllegalStateException.class, () -> cursor.split(plan, value(1), value(1), 0), "not locked");
        assertThrows(IllegalArgumentException.class, () -> XaCursor.nodesNeeded(incomplete));
        assertThrows(IllegalArgumentException.class, () -> cursor.reserve(incomplete));
        array.lock();
        assertThrows(IllegalArgumentException.class, () -> cursor.split(incomplete, value(1), value(1), 0));
        assertThrows(IllegalArgumentException.class, () -> cursor.split(plan, value(1), XaEntry.RETRY, 0));
        assertThrows(IllegalArgumentException.class, () -> cursor.split(plan, value(1), XaEntry.EMPTY, 0));
        assertThrows(IllegalArgumentException.class, () -> cursor.split(plan, value(1), value(1), 1));
        assertThrows(IllegalArgumentException.class, () -> cursor.split(plan, value(1), pointer(1), 2));
        assertThrows(IllegalArgumentException.class, () -> cursor.trySplit(-1, value(1), 0));
        assertThrows(IllegalArgumentException.class, () -> cursor.trySplit(64, value(1), 0));
        array.unlock();
        assertEquals(before, text());
        assertFalse(isEmpty());
    }
}
