/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.rcu.RcuReader;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/**
 * Readers without locks while a writer changes the shape of the tree: whatever they see must be something that was stored
 * for that index. {@code -Dquire.race.millis=N} sets how long each race runs.
 */
class XArrayRaceTest extends XArrayCatalogue {
    private static final long NANOS = Long.getLong("quire.race.millis", 500) * 1_000_000;
    private static final int NR_READERS = 2;

    private interface Reading {
        /** One look; throws if it saw what it must not. */
        void look(RcuReader reader, XaCursor cursor, long round);
    }

    /** Repeats the change for some time while readers look; every round of both must have happened often. */
    private void race(Runnable change, Reading reading) {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicLong nrLooks = new AtomicLong();
        long deadline = System.nanoTime() + NANOS;
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < NR_READERS; i++) {
            threads.add(Thread.ofPlatform().start(() -> lookUntil(deadline, reading, nrLooks, failure)));
        }
        long nrChanges = 0;
        while (System.nanoTime() < deadline && failure.get() == null) {
            change.run();
            nrChanges++;
        }
        threads.forEach(XArrayRaceTest::join);
        if (failure.get() != null) {
            throw new AssertionError("after " + nrChanges + " changes and " + nrLooks + " looks", failure.get());
        }
        assertTrue(nrChanges > 10 && nrLooks.get() > 100, "no race: changes=" + nrChanges + ", looks=" + nrLooks);
        XaChecker.check(array);
    }

    private void lookUntil(long deadline, Reading reading, AtomicLong nrLooks, AtomicReference<Throwable> failure) {
        try (RcuReader reader = engine.rcu.register()) {
            XaCursor cursor = new XaCursor(array, reader);
            long round = 0;
            while (System.nanoTime() < deadline && failure.get() == null) {
                reader.enter();
                try {
                    reading.look(reader, cursor, round++);
                } finally {
                    reader.exit();
                }
            }
            nrLooks.addAndGet(round);
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** load_race. */
    @Test
    void loadsOfEntriesOfChangingOrderNeverReturnInternalWords() {
        race(
                () -> {
                    for (int order = 5; order > 0; order--) {
                        storeOrder(191 & -(1L << order), order, pointer(order));
                        storeOrder(191 & -32, 5, 0);
                    }
                },
                (reader, cursor, round) -> {
                    long word = array.load(reader, 160 + round % 32);
                    assertFalse(XaEntry.isInternal(word), () -> XaEntry.toText(word));
                });
    }

    /** multiorder_iteration_race. */
    @Test
    void anIterationOverAComingAndGoingEntrySeesItOrNot() {
        race(
                () -> {
                    storeOrder(0, 5, pointer(1));
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
                    assertEquals(0, split(first, plan, pointer(2), pointer(2), 0));
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
        int order = 13;
        long first = 1L << order;
        SplitPlan plan = SplitPlan.uniform(order, 4);
        storeOrder(first, order, pointer(0));
        race(
                () -> {
                    assertEquals(0, split(first, plan, pointer(0), pointer(0), 64));
                    storeOrder(first, order, pointer(0));
                },
                (reader, cursor, round) -> {
                    long index = round * 0x9e37_79b9L & first - 1;
                    long word = array.load(reader, first + index);
                    long own = pointer(0) + (index & -16) * 64;
                    assertTrue(word == pointer(0) || word == own, () -> "index=" + index + " " + XaEntry.toText(word));
                });
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
                    assertEquals(0, split(first, plan, pointer(2), pointer(2), 0));
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

    @Test
    void growingAndShrinkingHideNothing() {
        storeIndex(0);
        race(
                () -> {
                    storeIndex(1);
                    storeIndex(64);
                    storeIndex(MAX);
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

    @Test
    void aMarkedSearchIsNotStoppedByAnErase() {
        storeIndex(200);
        setMark(200, 1);
        race(
                () -> {
                    storeIndex(70);
                    setMark(70, 1);
                    assertEquals(value(70), erase(70));
                },
                (reader, cursor, round) -> {
                    cursor.set(0);
                    long word = array.find(cursor, MAX, 1);
                    assertTrue(
                            word == value(70) && cursor.index() == 70 || word == value(200) && cursor.index() == 200);
                    cursor.set(71);
                    assertEquals(value(200), array.find(cursor, MAX, 1));
                });
    }
}
