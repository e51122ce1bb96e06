/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.EngineFixture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * How many nodes and entries a split makes, counted in real arrays. Equal pieces need nodes in proportion to the size
 * of what is cut; pieces that shrink towards one page, as the buddy allocator cuts, need one per level.
 */
class SplitNodeCountTest extends XArrayCatalogue {
    private static final long NR_NODES = 1 << 15;

    @Override
    protected EngineFixture newEngine() {
        return new EngineFixture(1, NR_NODES, 1);
    }

    @ParameterizedTest(name = "{0} -> {1}: {2} nodes against {4}, {3} entries against {5}")
    @CsvSource({
        "5, 0, 0, 32, 0, 6",
        "6, 0, 1, 64, 1, 7",
        "9, 0, 8, 512, 1, 10",
        "9, 3, 8, 64, 1, 7",
        "9, 6, 0, 8, 0, 4",
        "11, 0, 32, 2048, 1, 12",
        "12, 0, 65, 4096, 2, 13",
        "13, 0, 130, 8192, 2, 14",
        "15, 0, 520, 32768, 2, 16",
        "17, 6, 32, 2048, 1, 12",
        "18, 0, 4161, 262144, 3, 19",
        "18, 9, 65, 512, 2, 10",
        "18, 12, 1, 64, 1, 7",
        "20, 0, 16644, 1048576, 3, 21",
    })
    void uniformAgainstShrinking(
            int order, int newOrder, int uniformNodes, long uniformEntries, int shrinkingNodes, long shrinkingEntries) {
        assertSplit(SplitPlan.uniform(order, newOrder), uniformNodes, uniformEntries);
        long nrBlocks = 1L << (order - newOrder);
        for (long page : new long[] {0, 1, nrBlocks / 2, nrBlocks - 1}) {
            assertSplit(shrinkingTowards(page << newOrder, order, newOrder), shrinkingNodes, shrinkingEntries);
        }
    }

    @ParameterizedTest(name = "order {0}")
    @MethodSource("orders")
    void uniformCountsFollowTheFormula(int order) {
        for (int newOrder = 0; newOrder <= order; newOrder++) {
            int levels = order / 6 - newOrder / 6;
            long nodesPerSlot = ((1L << (6 * levels)) - 1) / 63;
            long nodes = (1L << order % 6) * nodesPerSlot;
            assertSplit(SplitPlan.uniform(order, newOrder), nodes, 1L << (order - newOrder));
        }
    }

    static Stream<Integer> orders() {
        return IntStream.rangeClosed(0, 18).boxed();
    }

    @ParameterizedTest(name = "one 2 MiB block of a 1 GiB block to pages: {0}")
    @CsvSource({"73, 1023"})
    void oneBlockOfMany(int nodes, long entries) {
        SplitPlan plan = new SplitPlan(18);
        plan.append(9, 511);
        plan.append(0, 512);
        assertSplit(plan, nodes, entries);
    }

    private void assertSplit(SplitPlan plan, long nodes, long entries) {
        long index = 1L << plan.order();
        storeOrder(index, plan.order(), value(7));
        long nodesBefore = engine.nodes.nrInUse();
        assertEquals(nodes, XaCursor.nodesNeeded(plan), plan::toString);
        split(index, plan, value(7), value(7), 0);
        assertEquals(nodes, engine.nodes.nrInUse() - nodesBefore, plan::toString);
        assertEquals(entries, countEntries(), plan::toString);
        XaChecker.check(array);

        storeOrder(index, plan.order(), value(7));
        engine.rcu.barrier();
        assertEquals(nodesBefore, engine.nodes.nrInUse(), plan::toString);
        assertEquals(value(7), erase(index));
        assertTrue(isEmpty());
        engine.rcu.barrier();
    }

    private long countEntries() {
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        long count = 0;
        while (cursor.find(MAX) != 0) {
            count++;
        }
        engine.reader.exit();
        return count;
    }

    /** Halves again and again: the half that holds the page is cut further, the other stays. */
    static SplitPlan shrinkingTowards(long page, int order, int newOrder) {
        SplitPlan plan = new SplitPlan(order);
        appendHalves(plan, page, order, newOrder);
        return plan;
    }

    private static void appendHalves(SplitPlan plan, long page, int order, int newOrder) {
        if (order == newOrder) {
            plan.append(order, 1);
            return;
        }
        long half = 1L << (order - 1);
        if (page < half) {
            appendHalves(plan, page, order - 1, newOrder);
            plan.append(order - 1, 1);
        } else {
            plan.append(order - 1, 1);
            appendHalves(plan, page - half, order - 1, newOrder);
        }
    }
}
