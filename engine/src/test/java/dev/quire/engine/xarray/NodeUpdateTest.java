/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XaNodeStruct;
import dev.quire.engine.xarray.NodeWatch.Counts;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The callback that lets a user keep lists of nodes: it must be called for every change in what a node holds. */
class NodeUpdateTest extends XArrayCatalogue {
    private final Map<Long, Counts> reported = new HashMap<>();

    @BeforeEach
    void listen() {
        array.lock();
        array.update(node -> reported.put(node, Counts.of(node)));
        array.unlock();
    }

    @Test
    void isSetUnderTheLockOnly() {
        assertThrows(IllegalStateException.class, () -> array.update(null));
        array.lock();
        array.update(null);
        array.unlock();
        storeIndex(500);
        assertEquals(Map.of(), reported);
    }

    /** It must not do that, but the change that called it gives the lock back in any case. */
    @Test
    void aLockThatItTookAnewDoesNotStayTaken() {
        array.lock();
        array.update(node -> {
            array.unlock();
            array.lock();
        });
        array.unlock();
        storeIndex(64);
        assertThrows(IllegalStateException.class, array::unlock);
        assertEquals(value(64), load(64));
        array.destroy();
    }

    /** A new node is told of through its parent; a replaced word of the same kind changes no count. */
    @Test
    void isToldOfWhatChangedAndOfNothingElse() {
        storeIndex(64);
        long leaf = nodeAt(64);
        long top = XaEntry.nodeAddress(head());
        assertEquals(Map.of(top, new Counts(1, 0), leaf, new Counts(1, 1)), reported);
        reported.clear();
        store(64, value(5));
        assertEquals(Map.of(), reported);
        store(64, pointer(5));
        assertEquals(Map.of(leaf, new Counts(1, 0)), reported);
        reported.clear();
        storeIndex(4096);
        long newTop = XaEntry.nodeAddress(head());
        assertEquals(
                Map.of(
                        newTop,
                        new Counts(2, 0),
                        nodeAt(4096),
                        new Counts(1, 1),
                        XaNodeStruct.parent(nodeAt(4096)),
                        new Counts(1, 0)),
                reported);
        reported.clear();
        array.destroy();
        assertEquals(5, reported.size());
        reported.values().forEach(counts -> assertEquals(Counts.NONE, counts));
    }

    @Test
    void everyNodesLastReportIsWhatItHolds() {
        SplittableRandom random = TestSeed.random("everyNodesLastReportIsWhatItHolds");
        for (int step = 0; step < 50_000; step++) {
            changeThrough(random);
            if (step % 100 == 0) {
                assertReportsHold();
            }
        }
        array.destroy();
    }

    private void changeThrough(SplittableRandom random) {
        long index = random.nextLong() >>> (40 + random.nextInt(24));
        long word = random.nextBoolean() ? value(random.nextInt(1000)) : pointer(random.nextInt(1000));
        int order = random.nextInt(16);
        switch (random.nextInt(8)) {
            case 0 -> array.erase(index);
            case 1 -> assertEquals(0, array.storeRange(index, index + random.nextInt(5000), word));
            default -> changeThroughCursor(cursor(index, order), index, word, random);
        }
    }

    private void changeThroughCursor(XaCursor cursor, long index, long word, SplittableRandom random) {
        array.lock();
        switch (random.nextInt(8)) {
            case 0 -> cursor.store(0);
            case 1 -> splitThrough(cursor, index, random);
            case 2 -> trySplitThrough(cursor, index);
            case 3 -> {
                cursor.set(index);
                cursor.store(word);
            }
            case 4 -> {
                cursor.load();
                if (cursor.nodeAddress() != 0) {
                    cursor.deleteNode(cursor.nodeAddress());
                }
            }
            default -> cursor.store(word);
        }
        array.unlock();
        cursor.destroy();
    }

    private void splitThrough(XaCursor cursor, long index, SplittableRandom random) {
        cursor.set(index);
        long word = cursor.load();
        if (word != 0) {
            int order = cursor.getOrder();
            long newWord = random.nextBoolean() ? value(1) : pointer(1);
            SplitPlan plan = SplitPlan.uniform(order, Math.max(0, order - random.nextInt(10)));
            assertDone(cursor.split(plan, word, newWord, 0));
        }
    }

    private static void trySplitThrough(XaCursor cursor, long index) {
        cursor.set(index);
        long word = cursor.load();
        if (word != 0) {
            int order = cursor.getOrder();
            assertDone(cursor.trySplit(XaCursor.trySplitMinimumOrder(order), word, 0));
        }
    }

    /** Runs that a range store left are no blocks and cannot be split. */
    private static void assertDone(int result) {
        assertTrue(result == Errno.OK || result == Errno.EINVAL, () -> Errno.name(result) + " " + TestSeed.asOption());
    }

    private void assertReportsHold() {
        Map<Long, Counts> actual = NodeWatch.countsByNode(array);
        actual.forEach((node, counts) -> assertEquals(counts, reported.get(node), TestSeed.asOption()));
        reported.forEach((node, counts) -> {
            if (!actual.containsKey(node)) {
                assertEquals(Counts.NONE, counts, "a freed node; " + TestSeed.asOption());
            }
        });
    }
}
