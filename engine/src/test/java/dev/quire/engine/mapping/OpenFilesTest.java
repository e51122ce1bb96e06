/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.rcu.RcuReader;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A test that opens files of one engine, with the reader of its own thread. */
@SuppressWarnings("NullAway.Init")
abstract class OpenFilesTest extends WholeEngineTest {
    static final int PAGE = 4096;

    Quire engine;
    RcuReader reader;

    @BeforeEach
    final void openEngine() {
        engine = open(HeadMapKind.HEAD_BITS);
        reader = engine.newReader();
    }

    @AfterEach
    final void closeReader() {
        reader.close();
    }

    /** What a file may contain: no two pages alike, and always the same of a seed. */
    static byte[] bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }
}
