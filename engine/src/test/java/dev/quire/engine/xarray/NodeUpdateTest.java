/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The callback that lets a user keep lists of nodes: it must be called for every change in what a node holds. */
class NodeUpdateTest extends XArrayCatalogue {
    private record Counts(int count, int nrValues) {
        static Counts of(long node) {
            return new Counts(XaNodeStruct.count(node), XaNodeStruct.nrValues(node));
        }
    }

    private static final Counts NONE = new Counts(0, 0);

    /** Nodes that hold values only, as the kernel lists those of shadow entries. */
    private final Set<Long> onlyValues = new HashSet<>();

    private final Map<Long, Counts> reported = new HashMap<>();

    private void noteUpdate(long node) {
        Counts counts = Counts.of(node);
        reported.put(node, counts);
        if (counts.count() > 0 && counts.count() == counts.nrValues()) {
            onlyValues.add(node);
        } else {
            onlyValues.remove(node);
        }
    }

    private void storeThrough(long index, long word) {
        array.lock();
        XaCursor cursor = cursor(index);
        cursor.update(this::noteUpdate);
        cursor.store(word);
        array.unlock();
        assertEquals(0, cursor.error());
    }

    /** check_workingset. */
    @Test
    void nodesOfValuesOnlyCanBeListedAndRemoved() {
        for (long index : new long[] {0, 64, 4096}) {
            storeThrough(index, value(0));
            storeThrough(index + 1, value(1));
            assertEquals(Set.of(nodeAt(index)), onlyValues);
            storeThrough(index + 2, pointer(0));
            assertEquals(Set.of(), onlyValues);
            storeThrough(index + 2, value(2));
            assertEquals(Set.of(nodeAt(index)), onlyValues);

            array.lock();
            XaCursor cursor = cursor(index, 6);
            cursor.update(this::noteUpdate);
            cursor.store(0);
            array.unlock();
            assertEquals(Set.of(), onlyValues);
            assertTrue(isEmpty());
        }
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
        array.lock();
        XaCursor cursor = cursor(index, order);
        cursor.update(this::noteUpdate);
        switch (random.nextInt(6)) {
            case 0 -> cursor.store(0);
            case 1 -> splitThrough(cursor, index, random);
            case 2 -> trySplitThrough(cursor, index);
            case 3 -> {
                cursor.set(index);
                cursor.store(word);
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
            assertEquals(0, cursor.split(plan, word, newWord, 0));
        }
    }

    private static void trySplitThrough(XaCursor cursor, long index) {
        cursor.set(index);
        long word = cursor.load();
        if (word != 0) {
            int order = cursor.getOrder();
            assertEquals(0, cursor.trySplit(XaCursor.trySplitMinimumOrder(order), word, 0));
        }
    }

    private void assertReportsHold() {
        Set<Long> nodes = new HashSet<>();
        if (XaEntry.isNode(head())) {
            collect(XaEntry.nodeAddress(head()), nodes);
        }
        for (long node : nodes) {
            assertEquals(Counts.of(node), reported.get(node), TestSeed.asOption());
        }
        reported.forEach((node, counts) -> {
            if (!nodes.contains(node)) {
                assertEquals(NONE, counts, "a freed node; " + TestSeed.asOption());
            }
        });
        for (long node : onlyValues) {
            assertTrue(nodes.contains(node), TestSeed.asOption());
        }
    }

    private static void collect(long node, Set<Long> nodes) {
        nodes.add(node);
        for (int slot = 0; slot < XaNodeStruct.NR_SLOTS; slot++) {
            long word = XaNodeStruct.slot(node, slot);
            if (XaEntry.isNode(word)) {
                collect(XaEntry.nodeAddress(word), nodes);
            }
        }
    }
}
