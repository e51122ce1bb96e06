/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.memory.PageArena;
import org.junit.jupiter.api.Test;

/** What an engine is described with, and what its arena is asked for, is checked at once. */
class EngineArgumentsTest {
    @Test
    void aNumberOfNodesThatNoArenaHoldsIsRefusedAtOnce() {
        QuireBuilder builder = Quire.builder();
        for (long nrNodes : new long[] {0, -1, PageArena.MAX_NODES + 1, 1L << 40}) {
            assertEquals(
                    "nrNodes out of range: nrNodes=" + nrNodes + ", min=1, max=" + PageArena.MAX_NODES,
                    assertThrows(IllegalArgumentException.class, () -> builder.nodes(nrNodes))
                            .getMessage());
        }
    }

    @Test
    void onlyFramesOfTheArenaAreZeroed() {
        try (Quire engine = Quire.builder().capacityBytes(1 << 20).open()) {
            PageArena arena = engine.arena();
            long last = arena.pageAt(arena.nrPages() - 1);
            for (long page : new long[] {0, 8, -1, last + 1, last + PageArena.PAGE_STRUCT_BYTES}) {
                assertThrows(IllegalArgumentException.class, () -> arena.zeroFrames(page, 1));
            }
            for (long nrPages : new long[] {-1, 0, 2, Long.MAX_VALUE}) {
                assertThrows(IllegalArgumentException.class, () -> arena.zeroFrames(last, nrPages));
            }
            arena.zeroFrames(last, 1);
        }
    }
}
