/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.pagetable.LargeFolioOrders;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Traces of a key-value store (jemalloc), a JVM and an interpreter, replayed as anonymous memory. */
class AnonymousReplayTest {
    private static MemoryMeasurements replay(String trace, SplitPolicies policy, MemorySettings memory)
            throws IOException {
        Replay replay = new Replay(TraceSource.bundled(trace), PageCacheTarget::new, bytes -> {});
        ReplaySettings settings = new ReplaySettings(policy, 9, HeadMapKind.HEAD_BITS, memory);
        return replay.run(settings, 1).memory().orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "redis.strace.gz, 3006, 120, 57425920, 220536832, 80, 14020, 67",
        "zgc.strace.gz, 16760, 1, 50995200, 50995200, 0, 12450, 292"
    })
    void withoutABudgetPartlyMappedFoliosStay(
            String trace,
            long nrFaults,
            long nrHugeFaults,
            long mappedBytes,
            long residentBytes,
            long nrDeferredSplits,
            long nrPagesVerified,
            long nrFileMappings)
            throws IOException {
        MemoryMeasurements memory = replay(trace, SplitPolicies.UNIFORM, MemorySettings.DEFAULT);
        assertEquals(nrFaults, memory.nrFaults());
        assertEquals(nrHugeFaults, memory.nrHugeFaults());
        assertEquals(mappedBytes, memory.mappedBytes());
        assertEquals(residentBytes, memory.folios().residentBytes());
        assertEquals(nrDeferredSplits, memory.nrDeferredSplits());
        assertEquals(nrDeferredSplits, memory.nrStillQueued());
        assertEquals(nrPagesVerified, memory.nrPagesVerified());
        assertEquals(nrFileMappings, memory.nrFileMappings());
        assertEquals(0, memory.folios().nrSplits());
        assertEquals(0, memory.nrCallsRefused());
    }

    /** However they are split, the same pages are freed: all that is resident is mapped then. */
    @ParameterizedTest
    @CsvSource({"UNIFORM", "NON_UNIFORM", "RANGE"})
    void aBudgetThatCannotBeKeptFreesAllThatIsUnmapped(SplitPolicies policy) throws IOException {
        MemorySettings tight = new MemorySettings(LargeFolioOrders.ALWAYS_2_MIB, 100, 1);
        MemoryMeasurements memory = replay("redis.strace.gz", policy, tight);
        assertEquals(57_425_920, memory.mappedBytes());
        assertEquals(57_425_920, memory.folios().residentBytes());
        assertEquals(14_020, memory.nrPagesVerified());
        assertEquals(0, memory.nrStillQueued());
    }

    @Test
    void halfOfEachRangeIsTouchedIfToldSo() throws IOException {
        MemorySettings half = new MemorySettings(LargeFolioOrders.NONE, 50, MemorySettings.NO_BUDGET);
        MemoryMeasurements memory = replay("zgc.strace.gz", SplitPolicies.UNIFORM, half);
        assertEquals(memory.nrPagesVerified() * 4096, memory.mappedBytes());
        assertEquals(memory.mappedBytes(), memory.folios().residentBytes());
        assertEquals(0, memory.nrHugeFaults());
    }
}
