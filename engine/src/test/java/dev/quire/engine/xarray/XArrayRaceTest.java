/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * Readers without locks while a writer changes the shape of the tree: whatever they see must be something that was
 * stored for that index.
 */
class XArrayRaceTest extends XArrayRace {
    /** load_race. */
    @Test
    void loadsOfEntriesOfChangingOrderNeverReturnInternalWords() {
        race(
                () -> {
                    for (int order = 5; order > 0; order--) {
                        storePatiently(191 & -(1L << order), order, pointer(order));
                        storeOrder(191 & -32, 5, 0);
                    }
                },
                (reader, cursor, round) -> {
                    long word = array.load(reader, 160 + round % 32);
                    assertFalse(XaEntry.isInternal(word), () -> XaEntry.toText(word));
                });
    }

    /** The canonical slot of the entry holds one of a single index as soon as it is gone. */
    @Test
    void aLookupInsideAnEntryNeverReturnsItsSuccessorAtTheFirstIndex() {
        // Keeps the node.
        storeIndex(63);
        race(
                () -> {
                    storePatiently(0, 3, pointer(1));
                    assertEquals(pointer(1), erase(7));
                    storePatiently(0, 0, pointer(2));
                    assertEquals(pointer(2), erase(0));
                },
                (reader, cursor, round) -> {
                    long index = 1 + round % 7;
                    cursor.set(index);
                    long word = round % 2 == 0 ? array.load(reader, index) : cursor.load();
                    boolean isOwn = word == 0 || word == pointer(1) || (word == XaEntry.RETRY && round % 2 == 1);
                    assertTrue(isOwn, () -> "index=" + index + " " + XaEntry.toText(word));
                });
    }

    /** As above, by who is there already and looks again. */
    @Test
    void aReloadInsideAnEntryNeverReturnsItsSuccessorAtTheFirstIndex() {
        // Keeps the node.
        storeIndex(63);
        race(
                () -> {
                    storePatiently(0, 3, pointer(1));
                    assertEquals(pointer(1), erase(7));
                    storePatiently(0, 0, pointer(2));
                    assertEquals(pointer(2), erase(0));
                },
                (reader, cursor, round) -> {
                    cursor.set(1 + round % 7);
                    cursor.load();
                    for (int look = 0; look < 100; look++) {
                        long word = cursor.reload();
                        boolean isOwn = word == 0 || word == pointer(1) || word == XaEntry.RETRY;
                        assertTrue(isOwn, () -> "index=" + cursor.index() + " " + XaEntry.toText(word));
                    }
                });
    }

    /** The changes of the two tests above, between the loads of the two slots. */
    @Test
    void whatIsFoundThroughASiblingIsTheEntryOnlyIfTheSiblingIsStillThere() {
        storeOrder(4, 1, pointer(1));
        storeIndex(63);
        long node = nodeAt(4);
        long sibling = XaNodeStruct.slot(node, 5);
        assertTrue(XaEntry.isSiblingOf(sibling, 4));
        assertEquals(pointer(1), XaWalk.loadCanonical(node, 5, sibling));
        assertEquals(pointer(1), erase(5));
        storePatiently(4, 0, pointer(2));
        assertEquals(XaEntry.RETRY, XaWalk.loadCanonical(node, 5, sibling));
    }

    /** iteration_test and iteration_test2: of single entries, and of ones over two slots of the level above. */
    @Test
    void iterationsBesideChangesAndMarksMeetOnlyWhatWasStored() {
        iterateBesideChanges(0);
        iterateBesideChanges(7);
    }

    private void iterateBesideChanges(int order) {
        SplittableRandom random = TestSeed.random("iterateBesideChanges, order " + order);
        race(
                () -> {
                    long first = random.nextLong(100) << order;
                    switch (random.nextInt(4)) {
                        case 0 -> array.erase(first);
                        case 1 -> array.setMark(first, random.nextInt(2));
                        default -> array.storeOrder(first, order, value(first));
                    }
                },
                (reader, cursor, round) -> {
                    cursor.set(round % 50 << order);
                    long previous = -1;
                    for (long word = next(cursor, round); word != 0; word = next(cursor, round)) {
                        if (cursor.retry(word)) {
                            continue;
                        }
                        long first = XaEntry.valueOf(word);
                        long index = cursor.index();
                        assertTrue(first <= index && index < first + (1L << order), () -> first + " at " + index);
                        assertTrue(index > previous || round % 3 > 0, "an iteration goes forwards");
                        previous = index;
                        if (first % 7 == 0) {
                            cursor.pause();
                        }
                    }
                });
        array.destroy();
    }

    private static long next(XaCursor cursor, long round) {
        return round % 3 == 0 ? cursor.find(MAX) : cursor.findMarked(MAX, (int) (round % 3) - 1);
    }

    /** regression1. */
    @Test
    void aLookupBesideDeletesSeesTheEntryOrNothing() {
        race(
                () -> {
                    storePatiently(0);
                    storePatiently(1);
                    setMark(1, 0);
                    assertEquals(value(1), erase(1));
                    assertEquals(value(0), erase(0));
                },
                (reader, cursor, round) -> {
                    long word = array.load(reader, round & 1);
                    assertTrue(word == 0 || word == value(round & 1));
                    cursor.set(0);
                    long marked = array.find(cursor, 1, 0);
                    assertTrue(marked == 0 || marked == value(cursor.index()), () -> XaEntry.toText(marked));
                });
    }

    /** multiorder_iteration_race. */
    @Test
    void anIterationOverAComingAndGoingEntrySeesItOrNot() {
        race(
                () -> {
                    storePatiently(0, 5, pointer(1));
                    assertEquals(pointer(1), erase(31));
                },
                (reader, cursor, round) -> {
                    cursor.set(0);
                    for (long word = cursor.find(MAX); word != 0; word = cursor.find(MAX)) {
                        if (!cursor.retry(word)) {
                            assertEquals(pointer(1), word);
                        }
                    }
                });
    }

    @Test
    void splitAndMergeOfOneWordAreInvisible() {
        splitAndMerge(9, SplitPlan.uniform(9, 0));
        splitAndMerge(9, SplitNodeCountTest.shrinkingTowards(77, 9, 0));
        splitAndMerge(11, SplitPlan.uniform(11, 8));
        splitAndMerge(13, SplitPlan.uniform(13, 0));
        splitAndMerge(13, SplitNodeCountTest.shrinkingTowards(8191, 13, 0));
    }

    private void splitAndMerge(int order, SplitPlan plan) {
        long first = 1L << order;
        long mask = first - 1;
        storeOrder(0, order, pointer(1));
        storeOrder(first, order, pointer(2));
        storeOrder(2 * first, order, pointer(3));
        race(
                () -> {
                    assertEquals(0, splitPatiently(first, plan, pointer(2), pointer(2), 0));
                    storeOrder(first, order, pointer(2));
                },
                (reader, cursor, round) -> {
                    long index = round * 0x9e37_79b9L & mask;
                    assertEquals(pointer(2), array.load(reader, first + index));
                    assertEquals(pointer(1), array.load(reader, index));
                    assertEquals(pointer(3), array.load(reader, 2 * first + index));
                });
        array.destroy();
    }

    @Test
    void anIndexShowsTheOldWordOrItsOwnPiece() {
        showsOldWordOrOwnPiece(SplitPlan.uniform(13, 4));
        showsOldWordOrOwnPiece(SplitPlan.uniform(11, 8));
        showsOldWordOrOwnPiece(SplitPlan.uniform(12, 0));
        showsOldWordOrOwnPiece(SplitNodeCountTest.shrinkingTowards(0, 11, 0));
        showsOldWordOrOwnPiece(SplitNodeCountTest.shrinkingTowards(1029, 13, 0));
    }

    /** Every piece gets a word of its own, which tells where it begins. */
    private void showsOldWordOrOwnPiece(SplitPlan plan) {
        long first = 1L << plan.order();
        long[] ownWords = wordsByIndex(plan, 64);
        storeOrder(first, plan.order(), pointer(0));
        race(
                () -> {
                    assertEquals(0, splitPatiently(first, plan, pointer(0), pointer(0), 64));
                    storeOrder(first, plan.order(), pointer(0));
                },
                (reader, cursor, round) -> {
                    long index = round * 0x9e37_79b9L & (first - 1);
                    long word = array.load(reader, first + index);
                    boolean isKnown = word == pointer(0) || word == ownWords[(int) index];
                    assertTrue(isKnown, () -> "index=" + index + " " + XaEntry.toText(word));
                });
        array.destroy();
    }

    private static long[] wordsByIndex(SplitPlan plan, long stride) {
        long[] words = new long[1 << plan.order()];
        int first = 0;
        for (int run = 0; run < plan.nrRuns(); run++) {
            int size = 1 << plan.runOrder(run);
            for (long piece = 0; piece < plan.runCount(run); piece++) {
                Arrays.fill(words, first, first + size, pointer(0) + first * stride);
                first += size;
            }
        }
        return words;
    }

    @Test
    void aPositionInAMergedLeafIsTurnedAway() {
        storeOrder(512, 9, pointer(2));
        assertEquals(0, split(512, SplitPlan.uniform(9, 0), pointer(2), pointer(2), 64));
        engine.reader.enter();
        XaCursor cursor = cursor(600);
        long own = pointer(2) + 64 * (600 - 512);
        assertEquals(own, cursor.load());
        storeOrder(512, 9, pointer(2));
        assertEquals(XaEntry.RETRY, cursor.reload());
        assertTrue(cursor.retry(XaEntry.RETRY));
        assertEquals(pointer(2), cursor.load());
        engine.reader.exit();
    }

    /** A reader read a sibling, then the canonical slot became a node, whose first index is not the reader's. */
    @Test
    void aSiblingWhoseCanonicalSlotBecameANodeSendsTheReaderAway() {
        storeOrder(512, 9, pointer(2));
        long parent = nodeAt(512);
        long sibling = XaNodeStruct.slot(parent, 11);
        assertTrue(XaEntry.isSiblingOf(sibling, 8));
        assertEquals(pointer(2), XaWalk.loadCanonical(parent, 11, sibling));
        assertEquals(0, split(512, SplitPlan.uniform(9, 0), pointer(2), pointer(2), 0));
        assertEquals(XaEntry.RETRY, XaWalk.loadCanonical(parent, 11, sibling));
    }

    /** The order is asked for while the slot says retry, and must be that of the entry which then takes its place. */
    @Test
    void theOrderOfAnEntryThatIsBeingReplacedWaitsForIt() {
        storeOrder(512, 9, pointer(2));
        AtomicLong order = new AtomicLong(-1);
        array.lock();
        XaCursor cursor = cursor(512, 9);
        XaStore.store(cursor, XaEntry.RETRY);
        Thread asking = Thread.ofPlatform().start(() -> {
            try (RcuReader reader = engine.rcu.register()) {
                reader.enter();
                order.set(array.getOrder(reader, 512));
                reader.exit();
            }
        });
        // Long enough for the reader to meet the retry word, most of the time.
        LockSupport.parkNanos(50_000_000);
        assertEquals(-1, order.get(), "it has no answer yet");
        cursor.store(pointer(3));
        array.unlock();
        join(asking);
        assertEquals(9, order.get());
    }

    /** A store over parts of others shows for a moment siblings that point at siblings. */
    @Test
    void aSiblingOfASiblingLeadsToTheEntry() {
        storeOrder(512, 9, pointer(2));
        long parent = nodeAt(512);
        XaNodeStruct.slot(parent, 15, XaEntry.sibling(12, array.nextSiblingStamp()));
        assertEquals(pointer(2), load(1023));
        assertEquals(9, getOrder(1023));
        setMark(512, 1);
        assertTrue(getMark(1023, 1));
        XaNodeStruct.slot(parent, 15, XaEntry.sibling(8, array.nextSiblingStamp()));
    }

    @Test
    void anIterationDuringSplitAndMergeLeavesNoIndexOut() {
        int order = 9;
        long first = 1L << order;
        storeOrder(first, order, pointer(2));
        storeOrder(2 * first, order, pointer(3));
        SplitPlan plan = SplitNodeCountTest.shrinkingTowards(300, order, 0);
        race(
                () -> {
                    assertEquals(0, splitPatiently(first, plan, pointer(2), pointer(2), 0));
                    storeOrder(first, order, pointer(2));
                },
                (reader, cursor, round) -> {
                    long start = first + (round & first - 1);
                    cursor.set(start);
                    assertEquals(pointer(2), array.find(cursor, MAX, XArray.PRESENT));
                    assertEquals(start, cursor.index());
                    long word = pointer(2);
                    long last = start;
                    while (word == pointer(2)) {
                        last = cursor.index();
                        word = array.findAfter(cursor, MAX, XArray.PRESENT);
                    }
                    assertTrue(last < 2 * first);
                    assertEquals(pointer(3), word);
                    assertEquals(2 * first, cursor.index());
                });
    }

    /** It begins in a hole, in the leaf before them, and meets the large entry where the last of them was. */
    @Test
    void aSearchAfterAnIndexFindsWhatIsMergedBehindIt() {
        long single = 0x1fa7;
        int order = 12;
        long first = 1L << order;
        storeIndex(5);
        storePatiently(first, order, pointer(2));
        SplitPlan plan = SplitNodeCountTest.shrinkingTowards(single - first, order, 0);
        race(
                () -> {
                    assertEquals(0, splitPatiently(single, plan, pointer(2), pointer(2), 0));
                    eraseAllBut(single, first, plan);
                    array.storeOrder(first, order, pointer(2));
                },
                (reader, cursor, round) -> {
                    for (int look = 0; look < 100; look++) {
                        cursor.set(first - 1);
                        assertEquals(pointer(2), array.findAfter(cursor, MAX, XArray.PRESENT));
                        assertTrue(first <= cursor.index() && cursor.index() <= single);
                    }
                });
    }

    private void eraseAllBut(long single, long first, SplitPlan plan) {
        long piece = first;
        for (int order : RandomPlan.orders(plan)) {
            if (piece != single) {
                assertEquals(pointer(2), erase(piece));
            }
            piece += 1L << order;
        }
    }

    @Test
    void growingAndShrinkingHideNothing() {
        storeIndex(0);
        race(
                () -> {
                    storePatiently(1);
                    storePatiently(64);
                    storePatiently(MAX);
                    assertEquals(value(MAX), erase(MAX));
                    assertEquals(value(64), erase(64));
                    assertEquals(value(1), erase(1));
                },
                (reader, cursor, round) -> {
                    assertEquals(value(0), array.load(reader, 0));
                    assertEquals(0, array.load(reader, 2));
                    long far = array.load(reader, MAX);
                    assertTrue(far == 0 || far == value(MAX));
                    cursor.set(0);
                    assertEquals(value(0), array.find(cursor, MAX, XArray.PRESENT));
                    assertEquals(0, cursor.index());
                });
    }
}
