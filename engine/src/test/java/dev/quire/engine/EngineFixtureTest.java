/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.xarray.SplitPlan;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import org.junit.jupiter.api.Test;

/** What every test rests on: the engine it runs on tells at the end what it left behind. */
class EngineFixtureTest {
    @Test
    void aNodeLeftInACursorFailsTheTest() {
        EngineFixture engine = new EngineFixture();
        XaCursor cursor = new XaCursor(engine.newArray(0));
        assertEquals(Errno.OK, cursor.reserve(SplitPlan.uniform(6, 0)));
        AssertionError failure = assertThrows(AssertionError.class, engine::close);
        assertEquals("nodes leaked ==> expected: <0> but was: <1>", failure.getMessage());
    }

    @Test
    void aLockThatIsStillHeldFailsTheTest() {
        EngineFixture engine = new EngineFixture();
        XArray array = engine.newArray(0);
        array.lock();
        AssertionError failure = assertThrows(AssertionError.class, engine::close);
        assertEquals("locks held: rank=INDEX ==> expected: <0> but was: <1>", failure.getMessage());
        array.unlock();
        engine.close();
    }

    @Test
    void aSectionThatIsStillOpenFailsTheTest() {
        EngineFixture engine = new EngineFixture();
        engine.reader.enter();
        assertThrows(AssertionError.class, engine::close);
        engine.reader.exit();
        engine.close();
    }
}
