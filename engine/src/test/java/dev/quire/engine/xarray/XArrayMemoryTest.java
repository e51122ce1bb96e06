/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.EngineFixture;
import dev.quire.engine.memory.Errno;
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
}
