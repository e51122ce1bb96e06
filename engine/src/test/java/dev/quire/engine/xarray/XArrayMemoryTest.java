/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.EngineFixture;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** What needs no memory works without any, and what lacked some works once there is some. */
class XArrayMemoryTest extends XArrayCatalogue {
    private static final long FAR = 1L << 30;
    private static final long WORD = value(77);

    @Test
    void mergingNeedsNoMemory() {
        storeOrder(1 << 18, 18, WORD);
        setMark(1 << 18, 2);
        String whole = text();
        assertEquals(Errno.OK, split(1 << 18, SplitPlan.uniform(18, 0), WORD, WORD, 0));
        engine.failures.failAfter(0);
        storeOrder(1 << 18, 18, WORD);
        engine.failures.stop();
        assertEquals(whole, text());
    }

    @Test
    void nodesThatACursorHasAlreadyCount() {
        XaCursor cursor = cursor(0);
        assertEquals(Errno.OK, cursor.reserve(SplitPlan.uniform(9, 0)));
        assertEquals(8, engine.nodes.nrInUse());
        assertEquals(Errno.OK, cursor.reserve(SplitPlan.uniform(9, 0)));
        assertEquals(8, engine.nodes.nrInUse());
        assertEquals(Errno.OK, cursor.reserve(SplitPlan.uniform(12, 0)));
        assertEquals(65, engine.nodes.nrInUse());
        assertEquals(Errno.OK, cursor.reserve(SplitPlan.uniform(6, 0)));
        assertEquals(65, engine.nodes.nrInUse());
        cursor.destroy();
        assertEquals(0, engine.nodes.nrInUse());
    }

    @Test
    void nodesThatAreNotToBeHadAtOnceLeaveThoseThereAre() {
        XaCursor cursor = cursor(0);
        assertTrue(cursor.tryReserve(8));
        engine.failures.failAfter(3);
        assertFalse(cursor.tryReserve(12));
        engine.failures.stop();
        assertEquals(8, engine.nodes.nrInUse());
        assertFalse(cursor.isInError());
        assertTrue(cursor.tryReserve(8));
        assertFalse(cursor.tryReserve(engine.nodes.nrNodes() + 1));
        assertFalse(cursor.tryReserve(Long.MAX_VALUE));
        assertEquals(8, engine.nodes.nrInUse());
        assertThrows(IllegalArgumentException.class, () -> cursor.tryReserve(-1));
        cursor.destroy();
        assertEquals(0, engine.nodes.nrInUse());
    }

    @Test
    void nodesReservedInStepsAreAllUsed() {
        storeOrder(1 << 12, 12, WORD);
        SplitPlan plan = SplitPlan.uniform(12, 0);
        XaCursor cursor = cursor(1 << 12);
        for (int nrNodes : new int[] {8, 20, 65}) {
            assertEquals(Errno.OK, cursor.reserve(nrNodes));
        }
        long nrInUse = engine.nodes.nrInUse();
        engine.failures.failAfter(0);
        array.lock();
        assertEquals(Errno.OK, cursor.split(plan, WORD, WORD, 0));
        array.unlock();
        engine.failures.stop();
        cursor.destroy();
        assertEquals(nrInUse, engine.nodes.nrInUse());
        assertEquals(nrInUse, XaChecker.check(array));
    }

    @Test
    void whatFailsKeepsNoSpareNodes() {
        storeOrder(512, 9, WORD);
        long nrInUse = engine.nodes.nrInUse();
        XaCursor cursor = cursor(512);
        assertEquals(Errno.OK, cursor.reserve(3));
        assertEquals(nrInUse + 3, engine.nodes.nrInUse());
        array.lock();
        assertEquals(Errno.EINVAL, cursor.trySplit(0, WORD, 0));
        array.unlock();
        assertEquals(nrInUse, engine.nodes.nrInUse(), "a step that is refused");

        cursor.reset();
        assertEquals(Errno.OK, cursor.reserve(3));
        engine.failures.failAfter(0);
        array.lock();
        assertEquals(Errno.ENOMEM, cursor.split(SplitPlan.uniform(9, 0), WORD, WORD, 0));
        array.unlock();
        engine.failures.stop();
        assertEquals(nrInUse, engine.nodes.nrInUse(), "a split that lacks nodes");

        cursor.reset();
        assertEquals(Errno.OK, cursor.reserve(3));
        engine.failures.failAfter(0);
        assertEquals(Errno.ENOMEM, cursor.reserve(8));
        engine.failures.stop();
        assertEquals(nrInUse, engine.nodes.nrInUse(), "a reservation that lacks nodes");
    }

    @Test
    void nomemGetsOneNodePerRoundUntilAStoreSucceeds() {
        XaCursor cursor = cursor(FAR);
        assertFalse(cursor.nomem(), "there was no error");
        cursor.setError(Errno.ENOMEM);
        assertTrue(cursor.nomem());
        cursor.setError(Errno.EBUSY);
        assertFalse(cursor.nomem(), "another error");
        assertEquals(0, engine.nodes.nrInUse(), "which frees what was obtained before");
        cursor.setError(Errno.ENOMEM);
        engine.failures.failAfter(0);
        assertFalse(cursor.nomem());
        assertEquals(Errno.ENOMEM, cursor.error());
        engine.failures.stop();
        cursor.reset();
        int nrRounds = 0;
        do {
            engine.failures.failAfter(0);
            array.lock();
            cursor.store(WORD);
            array.unlock();
            engine.failures.stop();
            nrRounds++;
        } while (cursor.nomem());
        assertEquals(7, nrRounds, "six nodes, one a round");
        assertEquals(Errno.OK, cursor.error());
        assertEquals(WORD, load(FAR));
        assertEquals(6, engine.nodes.nrInUse());
    }

    @Test
    void erasingAndMarkingNeedNoMemory() {
        for (long index = 0; index < 256; index += 5) {
            store(index, WORD);
            setMark(index, 0);
        }
        assertEquals(Errno.OK, array.reserve(7));
        engine.failures.failAfter(0);
        setMark(5, 1);
        array.clearMark(5, 1);
        assertEquals(WORD, compareExchange(5, WORD, value(1)));
        assertEquals(value(1), compareExchange(5, value(1), 0));
        assertEquals(WORD, erase(200));
        array.release(7);
        storeOrder(64, 6, 0);
        array.lock();
        XaCursor cursor = cursor(0);
        cursor.load();
        cursor.initMarks();
        cursor.deleteNode(nodeAt(0));
        array.unlock();
        array.destroy();
        engine.failures.stop();
        assertTrue(isEmpty());
    }

    @Test
    void aChangeWaitsForNodesThatAReaderKeeps() throws InterruptedException {
        try (EngineFixture small = new EngineFixture(1, 16, 1)) {
            XArray filled = small.newArray(0);
            long index = 1;
            while (filled.store(index, WORD) == 0) {
                index += 64;
            }
            CountDownLatch entered = new CountDownLatch(1);
            Thread keeping = Thread.ofPlatform().start(() -> {
                try (RcuReader reader = small.rcu.register()) {
                    reader.enter();
                    entered.countDown();
                    LockSupport.parkNanos(20_000_000);
                    reader.exit();
                }
            });
            entered.await();
            assertEquals(WORD, filled.erase(1));
            assertEquals(0, filled.store(index, WORD), "with the node that the other one left");
            keeping.join();
        }
    }

    @Test
    void aFullSlabIsAnErrorThatPasses() {
        try (EngineFixture small = new EngineFixture(1, 16, 1)) {
            XArray filled = small.newArray(0);
            long index = 1;
            while (filled.store(index, WORD) == 0) {
                index += 64;
            }
            assertEquals(16, small.nodes.nrInUse());
            String full = XaText.tree(filled);
            assertEquals(XaEntry.error(Errno.ENOMEM), filled.store(index, WORD));
            assertEquals(XaEntry.error(Errno.ENOMEM), filled.storeOrder(MAX, 0, WORD));
            assertEquals(full, XaText.tree(filled));
            assertEquals(WORD, filled.erase(1));
            small.rcu.barrier();
            assertEquals(0, filled.store(index, WORD));
        }
    }

    @Test
    void nodesSetAsideAreNotGivenToACursorOfAnotherEngine() {
        XaNodeReserve reserve = new XaNodeReserve(engine.nodes);
        assertTrue(reserve.await(3));
        try (EngineFixture otherEngine = new EngineFixture()) {
            XaCursor cursor = new XaCursor(otherEngine.newArray(0));
            IllegalArgumentException refusal =
                    assertThrows(IllegalArgumentException.class, () -> reserve.giveTo(cursor));
            String anchor = Long.toHexString(otherEngine.arena.objectsBase());
            assertEquals("cursor for an array of another engine: anchor=0x" + anchor, refusal.getMessage());
        }
        assertEquals(3, engine.nodes.nrInUse());
        reserve.free();
        assertEquals(0, engine.nodes.nrInUse());
    }
}
