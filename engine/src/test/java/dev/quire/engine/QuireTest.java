/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * A test on an engine of its own, which fails if the test leaves a node, a lock, a read section or a broken array
 * behind.
 */
public abstract class QuireTest {
    /** The engine of the running test. */
    protected EngineFixture engine;

    /** For subclasses. */
    protected QuireTest() {}

    @BeforeEach
    final void openEngine() {
        engine = newEngine();
    }

    @AfterEach
    final void closeEngine() {
        engine.close();
    }

    /**
     * The engine a test gets; override for another size.
     *
     * @return an open engine
     */
    protected EngineFixture newEngine() {
        return new EngineFixture();
    }
}
