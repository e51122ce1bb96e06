/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.EngineFixture;
import dev.quire.engine.QuireTest;
import dev.quire.engine.TestSeed;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuQueue;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class XaNodePoolTest extends QuireTest {
    private static final int NR_NODES = 100;

    @Override
    protected EngineFixture newEngine() {
        return new EngineFixture(1, NR_NODES, 1);
    }

    @Test
    void handsEveryNodeOutOnceAndThenNone() {
        List<Long> nodes = takeAll();
        assertEquals(NR_NODES, new HashSet<>(nodes).size());
        for (long node : nodes) {
            long offsetBytes = node - engine.arena.nodesBase();
            assertEquals(0, offsetBytes % XaNodeStruct.BYTES);
            assertTrue(offsetBytes >= 0 && offsetBytes < (long) NR_NODES * XaNodeStruct.BYTES);
        }
        assertEquals(NR_NODES, engine.nodes.nrInUse());
        assertEquals(NR_NODES, engine.nodes.nrNodes());
        assertEquals(0, allocate());
        nodes.forEach(this::free);
        assertEquals(0, engine.nodes.nrInUse());
    }

    /** A reclaimer of other objects fails while the pool tries to bring nodes back. */
    @Test
    void nodesAreGivenUpOnceThoughTheReclaimFails() {
        XaRetired retired = new XaRetired(engine.nodes);
        takeAll().forEach(retired::add);
        RcuQueue failing = engine.rcu.newQueue(0, object -> {
            throw new IllegalStateException("object=" + object);
        });
        failing.retire(engine.arena.objectsBase());
        assertThrows(IllegalStateException.class, retired::flush);
        retired.flush();
        assertEquals(0, engine.nodes.nrPendingReclaim());
        assertEquals(0, engine.nodes.nrInUse());
        List<Long> nodes = takeAll();
        assertEquals(NR_NODES, new HashSet<>(nodes).size());
        nodes.forEach(this::free);
    }

    @Test
    void theNodeFreedLastIsUsedFirst() {
        long first = allocate();
        long second = allocate();
        free(first);
        free(second);
        assertEquals(second, allocate());
        assertEquals(first, allocate());
        free(first);
        free(second);
    }

    @Test
    void aNodeIsEmptyWhateverWasInItBefore() {
        long node = allocate();
        NativeMemory.fill(XaNodeStruct.slotAddress(node, 0), 512 + 24, (byte) 0xff);
        free(node);

        assertEquals(node, allocate());
        for (int slot = 0; slot < XaNodeStruct.NR_SLOTS; slot++) {
            assertEquals(0, XaNodeStruct.slot(node, slot));
        }
        for (int mark = 0; mark < XaNodeStruct.NR_MARKS; mark++) {
            assertEquals(0, XaNodeStruct.marksOpaque(node, mark));
        }
        assertTrue(ListHead.isEmpty(XaNodeStruct.privateList(node)));
        free(node);
    }

    @Test
    void onlyNodesThatWereEverHandedOutAreNodes() {
        assertFalse(engine.nodes.isNode(engine.arena.nodesBase()));
        long node = allocate();
        free(node);
        assertTrue(engine.nodes.isNode(node));
        for (long address : new long[] {0, node - XaNodeStruct.BYTES, node + 64, node + XaNodeStruct.BYTES}) {
            assertFalse(engine.nodes.isNode(address));
        }
    }

    @Test
    void aChainIsTakenWholeOrNotAtAll() {
        long rest = engine.nodes.allocateChain(NR_NODES - 10);
        long small = engine.nodes.allocateChain(3);
        engine.nodes.freeChain(small, 3);
        assertEquals(0, engine.nodes.allocateChain(11));
        assertEquals(NR_NODES - 10, engine.nodes.nrInUse());

        // Three free ones and seven never used before.
        long chain = engine.nodes.allocateChain(10);
        Set<Long> nodes = new HashSet<>();
        for (long node = chain; node != 0; node = XaNodeStruct.parent(node)) {
            nodes.add(node);
        }
        assertEquals(10, nodes.size());
        assertTrue(nodes.contains(small));
        engine.nodes.freeChain(chain, 10);
        engine.nodes.freeChain(rest, NR_NODES - 10);
        assertEquals(0, engine.nodes.allocateChain(Integer.MAX_VALUE));
    }

    @Test
    void anInjectedFailureTakesNothing() {
        engine.failures.failAfter(4);
        assertEquals(0, engine.nodes.allocateChain(5));
        assertEquals(0, engine.nodes.nrInUse());
        engine.failures.stop();
    }

    @Test
    void aRetiredNodeWaitsForItsReaders() {
        List<Long> nodes = takeAll();
        engine.reader.enter();
        long retired = nodes.removeLast();
        XaNodeStruct.slot(retired, 5, 77);
        engine.nodes.retireChain(retired, retired, 1);
        assertEquals(0, allocate(), "a reader may still be in it");
        assertEquals(77, XaNodeStruct.slot(retired, 5), "and reads what was there");
        assertEquals(1, engine.nodes.nrPendingReclaim());
        assertEquals(NR_NODES - 1, engine.nodes.nrInUse());
        engine.reader.exit();

        assertEquals(retired, allocate(), "asking for a node moves the grace period on");
        assertEquals(0, XaNodeStruct.slot(retired, 5));
        nodes.add(retired);
        nodes.forEach(this::free);
    }

    /** Whoever finds none just before another thread brings them back looks again, but not for ever. */
    @Test
    void nodesThatAreFreeAreWorthAnotherLook() {
        List<Long> nodes = takeAll();
        assertFalse(engine.nodes.awaitReclaim(1, 0), "none is free, and none will be");
        free(nodes.removeLast());
        assertTrue(engine.nodes.awaitReclaim(1, 0));
        assertTrue(engine.nodes.awaitReclaim(1, 2));
        assertFalse(engine.nodes.awaitReclaim(1, 3));
        nodes.forEach(this::free);
    }

    @Test
    @Timeout(30)
    void moreNodesThanThereAreAreRefusedThoughOthersComeBack() throws Exception {
        XArray array = engine.newArray(0);
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<?> retiring = threads.submit(() -> {
                while (!done.get()) {
                    assertEquals(0, XaEntry.errnoOf(array.store(64, XaEntry.value(1))));
                    array.erase(64);
                }
            });
            assertEquals(Errno.ENOMEM, new XaCursor(array).reserve(NR_NODES + 1));
            done.set(true);
            retiring.get();
        }
    }

    /** What the way to the last block took comes back each time that there is none for the first. */
    @Test
    @Timeout(30)
    void aRangeThatNeedsMoreNodesThanThereAreIsRefused() {
        long rest = engine.nodes.allocateChain(NR_NODES - 12);
        XArray array = engine.newArray(0);
        assertEquals(Errno.ENOMEM, array.storeRange(1, -2, XaEntry.value(1)));
        assertEquals(NR_NODES - 12, engine.nodes.nrInUse());
        engine.nodes.freeChain(rest, NR_NODES - 12);
        assertEquals(Errno.OK, array.storeRange(1, -2, XaEntry.value(1)));
    }

    /** Two threads take and free chains; a node that both held at once would show the other's number. */
    @Test
    void noNodeIsEverInTwoHands() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<?>> runs = new ArrayList<>();
            for (int thread = 1; thread <= 2; thread++) {
                int number = thread;
                SplittableRandom random = TestSeed.random("noNodeIsEverInTwoHands, thread " + number);
                runs.add(threads.submit(() -> takeAndFree(random, number)));
            }
            for (Future<?> run : runs) {
                run.get();
            }
        }
        assertEquals(0, engine.nodes.nrInUse());
        List<Long> nodes = takeAll();
        assertEquals(NR_NODES, new HashSet<>(nodes).size());
        nodes.forEach(this::free);
    }

    private void takeAndFree(SplittableRandom random, int number) {
        for (int i = 0; i < 200_000; i++) {
            int nrNodes = random.nextInt(1, 40);
            long chain = engine.nodes.allocateChain(nrNodes);
            assertNotEquals(0, chain, "two threads want at most 80 of 100 nodes");
            int nrFound = 0;
            for (long node = chain; node != 0; node = XaNodeStruct.parent(node)) {
                XaNodeStruct.array(node, number);
                nrFound++;
            }
            assertEquals(nrNodes, nrFound);
            for (long node = chain; node != 0; node = XaNodeStruct.parent(node)) {
                assertEquals(number, XaNodeStruct.array(node));
            }
            engine.nodes.freeChain(chain, nrNodes);
        }
    }

    /** {@return a node with its slots and marks empty, or 0} */
    private long allocate() {
        long node = engine.nodes.allocateChain(1);
        if (node != 0) {
            XaNodePool.wipe(node);
        }
        return node;
    }

    private List<Long> takeAll() {
        List<Long> nodes = new ArrayList<>();
        for (long node = allocate(); node != 0; node = allocate()) {
            nodes.add(node);
        }
        return nodes;
    }

    private void free(long node) {
        XaNodeStruct.parentOpaque(node, 0);
        engine.nodes.freeChain(node, 1);
    }
}
