/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Runs in a JVM that opens nothing, as that of a user who has not read the manual. */
class FrameBuffersUnopenedTest {
    @Test
    void saysWhichOptionIsMissingWhateverTheSegment() {
        for (MemorySegment bytes : new MemorySegment[] {MemorySegment.NULL, MemorySegment.ofArray(new byte[8])}) {
            IllegalStateException refused = assertThrows(IllegalStateException.class, () -> FrameBuffers.wrap(bytes));
            assertEquals(
                    "Agrona's buffers need a JVM option: --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                    refused.getMessage());
        }
    }
}
