/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * An entry is cut so that a range of its indices stands by itself, in as few pieces as that takes: two paths of nodes
 * at most, one to each end of the range.
 */
class RangeSplitTest extends XArrayCatalogue {
    private static final int MAX_EXHAUSTIVE_ORDER = 7;
    private static final int MAX_SAMPLED_ORDER = 24;

    private final SplitPlan plan = new SplitPlan();
    private final List<Long> updates = new ArrayList<>();

    /** A piece of a plan, by its first index in what is cut. */
    private record Piece(long offset, int order) {
        long end() {
            return offset + (1L << order);
        }
    }

    private List<Piece> plan(int order, long start, long end) {
        SplitPolicies.RANGE.plan(plan, order, start, end, 0, SplitPolicies.ALL_ORDERS);
        List<Piece> pieces = new ArrayList<>();
        long offset = 0;
        for (int run = 0; run < plan.nrRuns(); run++) {
            for (long i = 0; i < plan.runCount(run); i++) {
                pieces.add(new Piece(offset, plan.runOrder(run)));
                offset += 1L << plan.runOrder(run);
            }
        }
        return pieces;
    }

    /** Against all ways to tile the block with aligned pieces that the ends of the range do not cut. */
    @Test
    void noTilingHasFewerPieces() {
        for (int order = 0; order <= MAX_EXHAUSTIVE_ORDER; order++) {
            for (int start = 0; start < 1 << order; start++) {
                for (int end = start + 1; end <= 1 << order; end++) {
                    int nrPieces = plan(order, start, end).size();
                    assertEquals(fewestPieces(order, start, end), nrPieces);
                    assertTrue(nrPieces <= Math.max(1, 2 * order), () -> "pieces=" + nrPieces);
                }
            }
        }
    }

    private static int fewestPieces(int order, int start, int end) {
        int[] fewestUpTo = new int[(1 << order) + 1];
        Arrays.fill(fewestUpTo, Integer.MAX_VALUE);
        fewestUpTo[0] = 0;
        for (int first = 0; first < 1 << order; first++) {
            for (int size = 1; size <= 1 << order && first % size == 0; size *= 2) {
                int last = first + size - 1;
                boolean isCut = (first < start && start <= last) || (first < end && end <= last);
                if (!isCut) {
                    fewestUpTo[last + 1] = Math.min(fewestUpTo[last + 1], fewestUpTo[first] + 1);
                }
            }
        }
        return fewestUpTo[1 << order];
    }

    @Test
    void everyRangeOfSmallEntries() {
        for (int order = 0; order <= MAX_EXHAUSTIVE_ORDER; order++) {
            for (int start = 0; start < 1 << order; start++) {
                for (int end = start + 1; end <= 1 << order; end++) {
                    cutAndCheck(order, start, end, (start + end) % 2 == 0, start & 7);
                }
            }
        }
    }

    @Test
    void someRangesOfLargeEntries() {
        SplittableRandom random = TestSeed.random("someRangesOfLargeEntries");
        for (int round = 0; round < 2_000; round++) {
            int order = random.nextInt(MAX_EXHAUSTIVE_ORDER, MAX_SAMPLED_ORDER + 1);
            long start = random.nextLong(1L << order) & -1L << random.nextInt(order + 1);
            long end = random.nextLong(start + 1, (1L << order) + 1);
            cutAndCheck(order, start, end, random.nextBoolean(), random.nextInt(8));
        }
    }

    private void cutAndCheck(int order, long start, long end, boolean isValue, int marks) {
        long first = 3L << order;
        long oldWord = isValue ? value(7) : pointer(7);
        // A value is exchanged for pointers and the other way round, so that every count changes.
        long newWord = isValue ? pointer(0) : value(1);
        long stride = isValue ? 64 : 2;
        storeMarked(first, order, oldWord, marks);
        String whole = text();
        Set<Long> nodesBefore = nodes();
        List<Piece> pieces = plan(order, start, end);
        int nrNodes = XaCursor.nodesNeeded(plan);
        assertTrue(nrNodes <= 2 * (order / 6), () -> "nodes=" + nrNodes);

        listen();
        assertEquals(Errno.OK, split(first + start, plan, oldWord, newWord, stride));
        String where = "order=" + order + ", start=" + start + ", end=" + end + ", " + TestSeed.asOption();
        assertEquals(nodesBefore.size() + nrNodes, XaChecker.check(array), where);
        assertUpdates(nodeUnderEntry(first, order), nodesBefore, where);
        assertPieces(first, pieces, newWord, stride, marks, where);
        assertTrue(load(first + start) != 0 && load(first - 1) == 0 && load(first + (1L << order)) == 0, where);

        storeOrder(first, order, oldWord);
        assertEquals(whole, text(), "merging is the inverse");
        array.destroy();
    }

    private void storeMarked(long first, int order, long word, int marks) {
        storeOrder(first, order, word);
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            if ((marks & 1 << mark) != 0) {
                setMark(first, mark);
            }
        }
    }

    private void listen() {
        updates.clear();
        array.lock();
        array.update(updates::add);
        array.unlock();
    }

    /** The node whose slots the entry took: the one of the entry's level. */
    private long nodeUnderEntry(long first, int order) {
        long node = nodeAt(first);
        while (node != 0 && XaNodeStruct.shift(node) < order / 6 * 6) {
            node = XaNodeStruct.parent(node);
        }
        return node;
    }

    /** Each new node once, complete as it was told of, and then the node that was split; nobody else. */
    private void assertUpdates(long splitNode, Set<Long> nodesBefore, String where) {
        array.lock();
        array.update(null);
        array.unlock();
        Set<Long> newNodes = nodes();
        newNodes.removeAll(nodesBefore);
        assertEquals(newNodes.size() + 1, updates.size(), where);
        assertEquals(splitNode, updates.getLast(), where);
        assertEquals(newNodes, new HashSet<>(updates.subList(0, updates.size() - 1)), where);
    }

    private Set<Long> nodes() {
        Set<Long> nodes = new HashSet<>();
        collectNodes(head(), nodes);
        return nodes;
    }

    private static void collectNodes(long word, Set<Long> nodes) {
        if (XaEntry.isNode(word)) {
            long node = XaEntry.nodeAddress(word);
            nodes.add(node);
            for (int slot = 0; slot < XaNodeStruct.NR_SLOTS; slot++) {
                collectNodes(XaNodeStruct.slot(node, slot), nodes);
            }
        }
    }

    private void assertPieces(long first, List<Piece> pieces, long firstWord, long stride, int marks, String where) {
        engine.reader.enter();
        XaCursor cursor = cursor(0);
        for (Piece piece : pieces) {
            assertEquals(firstWord + piece.offset() * stride, cursor.find(MAX), where);
            assertEquals(first + piece.offset(), cursor.index(), where);
            assertEquals(piece.order(), cursor.getOrder(), where);
            for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
                assertEquals((marks & 1 << mark) != 0, cursor.getMark(mark), where);
            }
            assertEquals(
                    firstWord + piece.offset() * stride, array.load(engine.reader, first + piece.end() - 1), where);
        }
        assertEquals(0, cursor.find(MAX), where);
        engine.reader.exit();
        for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
            int nrMarked = walkMarked(0, mark).size();
            assertEquals((marks & 1 << mark) != 0 ? pieces.size() : 0, nrMarked, where);
        }
    }
}
