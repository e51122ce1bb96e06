/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.folio.HeadMapKind;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MeasuredStallTest {
    private static final long NANOS = 300_000_000;
    private static final int ATTEMPTS = 50;

    /** Measures until the reader saw a whole split, which on a busy machine can take a while. */
    private static MeasuredStall measure(StallWriter writer) throws InterruptedException {
        MeasuredStall stall = MeasuredStall.run(HeadMapKind.HEAD_BITS, writer, NANOS, NANOS);
        for (int attempt = 1; attempt < ATTEMPTS && stall.longestPinNanos().count() == 0; attempt++) {
            stall = MeasuredStall.run(HeadMapKind.HEAD_BITS, writer, NANOS, NANOS);
        }
        return stall;
    }

    /** The measurement itself fails if a pin brings a folio that does not cover the index. */
    @ParameterizedTest
    @EnumSource(StallWriter.class)
    void readersPinBesideTheWriter(StallWriter writer) throws InterruptedException {
        MeasuredStall stall = measure(writer);
        long nrSplits = stall.longestPinNanos().count();
        assertTrue(nrSplits > 0 && nrSplits < stall.pinNanos().count(), "splits: " + nrSplits);
        double longest = stall.longestPinNanos().getStatistics(1).getMax();
        assertTrue(longest <= stall.pinNanos().getStatistics(1).getMax(), "longest of all splits: " + longest);
        long nrFreezes = stall.freezes().frozenNanos().count();
        assertEquals(nrFreezes, stall.freezes().ranNanos().count());
        boolean splits = writer != StallWriter.IDLE && writer != StallWriter.COMPUTING;
        assertEquals(splits, nrFreezes > 0, "freezes: " + nrFreezes);
    }

    /** A stage cuts a folio into 512 pieces at the most, so there are many short freezes in place of a long one. */
    @Test
    void aStagedSplitFreezesOften() throws InterruptedException {
        MeasuredStall stall = measure(StallWriter.STAGED);
        long nrFreezes = stall.freezes().frozenNanos().count();
        long nrSplits = stall.longestPinNanos().count();
        assertTrue(nrSplits > 0 && nrFreezes > 100 * nrSplits, "freezes: " + nrFreezes + ", splits: " + nrSplits);
    }

    @Test
    void theTableHasARowForEveryWriterAndFreezesOfThoseThatSplit() throws InterruptedException {
        MeasuredStall stall = MeasuredStall.run(HeadMapKind.HEAD_BITS, StallWriter.IDLE, 0, NANOS / 10);
        StringWriter text = new StringWriter();
        StallTable.print(Map.of(StallWriter.IDLE, stall), new PrintWriter(text));
        String[] lines = text.toString().split("\n", -1);
        assertEquals(8, lines.length, text::toString);
        assertTrue(lines[0].startsWith("us per pin during splits"), text::toString);
        assertTrue(lines[1].startsWith(StallWriter.IDLE.description()), text::toString);
        assertTrue(lines[4].startsWith(StallWriter.IDLE.description()), text::toString);
        assertTrue(lines[6].endsWith("max, ran"), text::toString);
        assertEquals("", lines[7]);
    }
}
