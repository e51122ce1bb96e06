/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.pagetable.LargeFolioOrders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
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
        assertEquals(nrFaults, memory.faultLatencies().count());
        assertTrue(
                memory.faultLatencies().nanosAt(50) <= memory.faultLatencies().nanosAt(100));
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

    private static MemoryMeasurements replayLine(Path folder, String... lines) throws IOException {
        Path trace = Files.writeString(folder.resolve("t.strace"), String.join("\n", lines) + "\n");
        Replay replay = new Replay(TraceSource.file(trace), PageCacheTarget::new, bytes -> {});
        return replay.run(new ReplaySettings(SplitPolicies.RANGE, 9, HeadMapKind.HEAD_BITS), 1)
                .memory()
                .orElseThrow();
    }

    @Test
    @Timeout(30)
    void memoryThatIsNotReservedIsNotTouched(@TempDir Path folder) throws IOException {
        MemoryMeasurements memory = replayLine(
                folder,
                "mmap(NULL, 17592186044416, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) ="
                        + " 0x10000000000");
        assertEquals(0, memory.nrFaults());
        assertEquals(0, memory.nrPagesVerified());
        assertEquals(0, memory.folios().residentBytes());
    }

    /** 3 pages and 2. */
    @Test
    @Timeout(30)
    void whatIsMadeWritableOfMemoryThatIsNotReservedOrAddedToItIsTouched(@TempDir Path folder) throws IOException {
        MemoryMeasurements memory = replayLine(
                folder,
                "mmap(NULL, 2147483648, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) ="
                        + " 0x10000000000",
                "mprotect(0x10000001000, 12288, PROT_READ|PROT_WRITE) = 0",
                "mremap(0x10000000000, 2147483648, 2147491840, 0) = 0x10000000000");
        assertEquals(5, memory.nrPagesVerified());
        assertEquals(0, memory.nrCallsRefused());
    }

    /** More than an engine has room for unless it is told. */
    @Test
    void aTraceMayHaveThousandsOfProcesses() {
        MemorySettings untouched = new MemorySettings(LargeFolioOrders.NONE, 0, MemorySettings.NO_BUDGET);
        ReplaySettings settings = new ReplaySettings(SplitPolicies.RANGE, 9, HeadMapKind.HEAD_BITS, untouched);
        try (AnonymousMemoryTarget target = new AnonymousMemoryTarget(settings)) {
            for (int pid = 1; pid <= 4200; pid++) {
                target.accept(new TraceOperation.Break(pid, 1 << 20));
            }
            assertEquals(4200, target.nrOperations());
        }
    }

    @Test
    @Timeout(30)
    void moreThanAReplayHasMemoryForIsRefused(@TempDir Path folder) {
        String line = "mmap(NULL, 1099511627776, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) ="
                + " 0x10000000000";
        LabException refused = assertThrows(LabException.class, () -> replayLine(folder, line));
        assertTrue(String.valueOf(refused.getMessage()).contains("t.strace:1: RANGE: "), refused::getMessage);
        assertTrue(
                String.valueOf(refused.getMessage())
                        .endsWith(
                                "more to touch than a replay has memory: nrPages=268435456, max=67108864; --touch says"
                                        + " how much of memory is touched"),
                refused::getMessage);
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

    /** An interpreter's memory comes in pieces smaller than 2 MiB, and its heap shrinks and grows. */
    @Test
    void memoryThatComesInSmallPiecesGetsFoliosOfTheSizesThatFit() throws IOException {
        MemorySettings plenty = new MemorySettings(LargeFolioOrders.ALL, 100, MemorySettings.NO_BUDGET);
        MemoryMeasurements memory = replay("python.strace.gz", SplitPolicies.RANGE, plenty);
        assertEquals(30_363, memory.nrFaults());
        assertEquals(0, memory.nrHugeFaults());
        assertEquals(632_725_504, memory.mappedBytes());
        assertEquals(632_913_920, memory.folios().residentBytes());
        assertEquals(1764, memory.folios().nrFolios(5));
        assertEquals(6, memory.nrDeferredSplits());
        assertEquals(5, memory.nrStillQueued());
        assertEquals(155_471, memory.nrPagesVerified());

        MemorySettings tight = new MemorySettings(LargeFolioOrders.ALL, 100, 1L << 20);
        MemoryMeasurements split = replay("python.strace.gz", SplitPolicies.RANGE, tight);
        assertEquals(46, split.nrPagesFreed());
        assertEquals(5, split.folios().nrSplits());
        assertEquals(18_964, split.folios().nrFolios());
        assertEquals(632_725_504, split.folios().residentBytes());
        assertEquals(0, split.nrStillQueued());
        assertEquals(155_471, split.nrPagesVerified());
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
