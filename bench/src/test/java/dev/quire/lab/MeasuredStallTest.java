/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.folio.HeadMapKind;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MeasuredStallTest {
    private static final long NANOS = 300_000_000;

    /** The measurement itself fails if a pin brings a folio that does not cover the index. */
    @ParameterizedTest
    @EnumSource(MeasuredStall.Writer.class)
    void readersPinBesideTheWriter(MeasuredStall.Writer writer) throws InterruptedException {
        MeasuredStall stall = MeasuredStall.run(HeadMapKind.HEAD_BITS, writer, NANOS, NANOS);
        assertTrue(stall.pinNanos().count() > 1000, "pins: " + stall.pinNanos().count());
        if (writer == MeasuredStall.Writer.IDLE) {
            assertEquals(0, stall.nrSplits());
        }
    }
}
