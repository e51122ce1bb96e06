/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.quire.engine.TestSeed;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;
import java.lang.management.ManagementFactory;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The list of nodes that hold nothing but values, and giving such nodes up. */
@SuppressWarnings("NullAway.Init")
class XaValueNodesTest extends XArrayCatalogue {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private XaValueNodes valueNodes;

    @BeforeEach
    void beginListing() {
        valueNodes = new XaValueNodes(array);
    }

    private List<Long> listed() {
        return NodeWatch.listed(array, valueNodes);
    }

    /** check_workingset. */
    @Test
    void aNodeIsListedWhileItHoldsOnlyValues() {
        for (long index : new long[] {0, 64, 4096}) {
            storeIndex(index);
            storeIndex(index + 1);
            assertEquals(List.of(nodeAt(index)), listed());
            store(index + 2, pointer(0));
            assertEquals(List.of(), listed());
            store(index + 2, value(2));
            assertEquals(List.of(nodeAt(index)), listed());
            assertEquals(1, valueNodes.reclaim(1));
            assertEquals(List.of(), listed());
            assertTrue(isEmpty());
        }
    }

    @Test
    void theNodeListedFirstIsGivenUpFirst() {
        for (long index : new long[] {640, 64, 4096, 1 << 20}) {
            storeIndex(index);
        }
        store(4097, pointer(1));
        List<Long> expected = List.of(nodeAt(640), nodeAt(64), nodeAt(1 << 20));
        assertEquals(expected, listed());
        storeIndex(65);
        eraseIndex(65);
        assertEquals(expected, listed(), "a node keeps its place as long as it stays");

        assertEquals(2, valueNodes.reclaim(2));
        assertEquals(
                List.of(new Found(4096, value(4096)), new Found(4097, pointer(1)), new Found(1 << 20, value(1 << 20))),
                walk(0));
        assertEquals(expected.subList(2, 3), listed());
        XaChecker.check(array);
        assertEquals(1, valueNodes.reclaim(Long.MAX_VALUE), "one is left");
        assertEquals(0, valueNodes.reclaim(5));
        assertEquals(List.of(new Found(4096, value(4096)), new Found(4097, pointer(1))), walk(0));
    }

    @Test
    void nodesAboveThatRanEmptyGoToo() {
        storeIndex(1L << 40);
        assertEquals(7, engine.nodes.nrInUse());
        assertEquals(1, valueNodes.reclaim(9));
        assertTrue(isEmpty());
        assertEquals(0, engine.nodes.nrInUse());
    }

    /** Its last child gone, the parent holds only values itself. */
    @Test
    void aNodeThatLostItsLastChildIsListed() {
        storeOrder(1 << 12, 8, value(1));
        store((1 << 12) + 64 * 8, pointer(1));
        long parent = nodeAt(1 << 12);
        assertEquals(List.of(), listed());
        assertEquals(pointer(1), erase((1 << 12) + 64 * 8));
        assertEquals(List.of(parent), listed());
        assertEquals(1, valueNodes.reclaim(1));
        assertTrue(isEmpty());
    }

    @Test
    void aSplitListsItsChildrenAndAMergeTheParentAgain() {
        storeOrder(512, 9, value(1));
        long parent = nodeAt(512);
        assertEquals(List.of(parent), listed());
        assertEquals(Errno.OK, split(512, SplitPlan.uniform(9, 0), value(1), value(1), 0));
        assertEquals(8, listed().size());
        assertFalse(listed().contains(parent));
        assertEquals(Errno.OK, split(512, SplitPlan.uniform(0, 0), value(1), pointer(1), 0));
        assertEquals(7, listed().size());
        storeOrder(512, 9, value(1));
        assertEquals(List.of(parent), listed());
    }

    /** The path to the last block would be there, and the one to the first lacks memory. */
    @Test
    void aRangeStoreThatFailsMovesNoNodeInTheList() {
        storeOrder(4096 + 64, 6, value(1));
        storeOrder(64, 6, value(2));
        List<Long> expected = List.of(nodeAt(4096 + 64), nodeAt(64));
        assertEquals(expected, listed());
        engine.failures.failAfter(1);
        assertEquals(Errno.ENOMEM, array.storeRange(10, 4096 + 10, pointer(1)));
        engine.failures.stop();
        assertEquals(expected, listed());
    }

    @Test
    void marksAboveTheNodeGoWithIt() {
        storeIndex(4096);
        setMark(4096, 2);
        storeOrder(1 << 13, 13, pointer(1));
        setMark(1 << 13, 1);
        assertEquals(1, valueNodes.reclaim(1));
        assertFalse(isMarked(2));
        assertTrue(getMark(1 << 13, 1));
        XaChecker.check(array);
    }

    @Test
    void aReaderInsideIsSentAway() {
        storeIndex(64);
        store(0, pointer(0));
        engine.reader.enter();
        XaCursor cursor = cursor(64);
        assertEquals(value(64), cursor.load());
        assertEquals(1, valueNodes.reclaim(1));
        assertEquals(XaEntry.RETRY, cursor.reload());
        cursor.reset();
        assertEquals(0, cursor.load());
        engine.reader.exit();
    }

    /** What a cursor knows of a node is worth nothing once the lock was free; what the tree says of it now is. */
    @Test
    void onlyANodeOfTheArrayCanBeDeleted() {
        storeIndex(500);
        storeIndex(5000);
        long leaf = nodeAt(500);
        XArray other = engine.newArray(0);
        assertThrows(IllegalStateException.class, () -> cursor(0).deleteNode(leaf));
        other.lock();
        String message = assertThrows(IllegalArgumentException.class, () -> new XaCursor(other).deleteNode(leaf))
                .getMessage();
        other.unlock();
        assertEquals(
                "node is none of this array: node=0x" + Long.toHexString(leaf) + ", anchor=0x"
                        + Long.toHexString(other.anchor()),
                message);
        array.lock();
        XaCursor cursor = cursor(0);
        for (long none : new long[] {0, leaf + 8, leaf + (1L << 40), -1}) {
            assertThrows(IllegalArgumentException.class, () -> cursor.deleteNode(none));
        }
        cursor.deleteNode(leaf);
        assertEquals(448, cursor.index());
        assertTrue(cursor.isRestart());
        assertThrows(IllegalArgumentException.class, () -> cursor.deleteNode(leaf), "it is gone");
        array.unlock();
        assertEquals(List.of(new Found(5000, value(5000))), walk(0));
    }

    @Test
    void anyNodeCanBeDeletedWithAllBelow() {
        for (int flags : new int[] {0, XArray.TRACK_FREE, XArray.TRACK_FREE | XArray.ZERO_BUSY}) {
            for (int level = 0; level < 4; level++) {
                array = engine.newArray(flags);
                for (long index : new long[] {1 << 12, (1 << 12) + 70, 1 << 18, MAX}) {
                    storeIndex(index);
                }
                long node = nodeAt(1 << 12);
                for (int i = 0; i < level; i++) {
                    node = XaNodeStruct.parent(node);
                }
                array.lock();
                cursor(0).deleteNode(node);
                array.unlock();
                XaChecker.check(array);
                assertEquals(0, load(1 << 12));
                assertEquals(level == 0 ? value((1 << 12) + 70) : 0, load((1 << 12) + 70));
                assertEquals(level < 3 ? value(1 << 18) : 0, load(1 << 18));
                assertEquals(value(MAX), load(MAX));
            }
            array.lock();
            cursor(0).deleteNode(XaEntry.nodeAddress(head()));
            array.unlock();
            XaChecker.check(array);
            assertTrue(isEmpty());
        }
    }

    @Test
    void anErrorSticks() {
        storeIndex(500);
        array.lock();
        XaCursor cursor = cursor(0);
        cursor.setError(Errno.EBUSY);
        cursor.deleteNode(nodeAt(500));
        array.unlock();
        assertEquals(Errno.EBUSY, cursor.error());
        assertEquals(value(500), load(500));
    }

    @Test
    void misuseIsRefused() {
        assertThrows(IllegalStateException.class, () -> new XaValueNodes(array), "it has a callback");
        XArray grown = engine.newArray(0);
        grown.store(5, value(5));
        assertThrows(IllegalStateException.class, () -> new XaValueNodes(grown), "it has a node");
        assertThrows(IllegalArgumentException.class, () -> valueNodes.reclaim(-1));
        assertThrows(IllegalStateException.class, valueNodes::nrNodes);
        assertThrows(IllegalStateException.class, valueNodes::first);
        assertEquals(List.of(), listed());
    }

    /** After any change the list has the nodes that the definition names, and no other. */
    @Test
    void anyChangeLeavesTheRightNodesListed() {
        SplittableRandom random = TestSeed.random("anyChangeLeavesTheRightNodesListed");
        for (int step = 0; step < 20_000; step++) {
            change(random);
            if (step % 20 == 0) {
                Set<Long> expected = new HashSet<>();
                if (XaEntry.isNode(XArrayStruct.head(array.anchor()))) {
                    addValueNodes(XaEntry.nodeAddress(head()), expected);
                }
                List<Long> listed = listed();
                assertEquals(expected, new HashSet<>(listed), TestSeed.asOption());
                assertEquals(expected.size(), listed.size(), TestSeed.asOption());
            }
        }
        array.destroy();
        assertEquals(List.of(), listed());
    }

    private void change(SplittableRandom random) {
        int order = random.nextInt(14);
        long index = random.nextLong() >>> (44 + random.nextInt(20)) & -1L << order;
        long word = random.nextInt(4) > 0 ? value(random.nextInt(1000)) : pointer(random.nextInt(1000));
        switch (random.nextInt(8)) {
            case 0 -> array.erase(index);
            case 1 -> array.storeRange(index, index + random.nextInt(500), word);
            case 2 -> splitAt(index, word);
            case 3 -> valueNodes.reclaim(random.nextInt(3));
            case 4 -> array.storeOrder(index, order, 0);
            default -> array.storeOrder(index, order, word);
        }
    }

    private void splitAt(long index, long word) {
        long entry = load(index);
        if (entry != 0) {
            int order = getOrder(index);
            split(index, SplitPlan.uniform(order, Math.max(0, order - 7)), entry, word, 0);
        }
    }

    private static void addValueNodes(long node, Set<Long> found) {
        int nrInUse = 0;
        int nrValues = 0;
        for (int slot = 0; slot < XaNodeStruct.NR_SLOTS; slot++) {
            long word = XaNodeStruct.slot(node, slot);
            if (XaEntry.isNode(word)) {
                addValueNodes(XaEntry.nodeAddress(word), found);
            }
            nrInUse += word == 0 ? 0 : 1;
            while (XaEntry.isSibling(word)) {
                word = XaNodeStruct.slot(node, XaEntry.siblingSlot(word));
            }
            nrValues += XaEntry.isValue(word) ? 1 : 0;
        }
        if (nrInUse == nrValues) {
            found.add(node);
        }
    }

    @Test
    void allocatesNothing() {
        long least = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 30 && least > 0; attempt++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 2_000; i++) {
                array.store(64L * i, value(i));
                array.store(64L * i, pointer(1));
                array.store(64L * i, value(i));
                valueNodes.reclaim(i % 3);
            }
            valueNodes.reclaim(Long.MAX_VALUE);
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        assertEquals(0, least);
        array.destroy();
    }
}
