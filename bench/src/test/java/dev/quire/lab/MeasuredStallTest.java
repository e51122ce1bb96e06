/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitObserver;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.rcu.RcuReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
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

    /** Else who closes the engine would wait for the lock for ever. */
    @Test
    @Timeout(60)
    void aWriterThatFailsLeavesTheFolioUnlockedAndUnpinned() {
        SplitObserver refusing = (order, nrPieces, result, nanos, frozenNanos) -> {
            throw new IllegalStateException("no more splits");
        };
        try (Quire engine = Quire.builder()
                        .capacityBytes(2L << 30)
                        .splitObserver(refusing)
                        .open();
                AddressSpace space = engine.newAddressSpace();
                RcuReader reader = engine.newReader()) {
            space.extend(1L << 30);
            assertEquals(0, space.populate(0, 1 << 18, 18));
            SplitLoop loop = new SplitLoop(engine, space, StallWriter.ONE_SHOT, new FreezeTimes());
            IllegalStateException failure = assertThrows(IllegalStateException.class, loop::run);
            assertEquals("no more splits", failure.getMessage());
            long folio = space.newLookup(reader).pin(0);
            boolean locked = engine.folios().isLocked(folio);
            if (locked) {
                engine.folios().unlock(folio);
            }
            assertFalse(locked);
            assertEquals(2, engine.folios().references(folio), "the index's and the test's");
            engine.folios().unpin(folio);
        }
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
