/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.xarray.XaChecker;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random reads, writes, views, truncations, holes, splits, merges, and moves to swap of shared memory that is larger
 * than memory, compared byte by byte with an array; alone and with threads on ranges of their own, with a swap file
 * that fails now and then, of the file system and not, and with too little memory now and then.
 * {@code -Dquire.exerciser.operations=N} sets how many all runs together do.
 */
class SharedMemoryExerciserTest extends WholeEngineTest {
    private static final long NR_OPERATIONS = Long.getLong("quire.exerciser.operations", 500_000);
    private static final int NR_RUNS = 6;
    private static final long OPERATIONS_PER_RUN = Math.ceilDiv(NR_OPERATIONS, NR_RUNS);
    private static final int STEPS_PER_LOOK = 64;
    private static final int RANGE_BYTES = 700_001;
    private static final int NR_THREADS = 3;
    private static final long STEPS_PER_THREAD = Math.ceilDiv(OPERATIONS_PER_RUN, NR_THREADS);
    private static final int FAILURES_PER_THOUSAND = 20;

    /** An engine that holds the ranges only together with as much in swap. */
    private Quire engineFor(SplittableRandom random, int nrRanges, HeadMapKind headMap) {
        return open(Quire.builder()
                .capacityBytes((long) nrRanges << (19 + random.nextInt(2)))
                .pageCacheOrder(random.nextInt(10))
                .headMap(headMap));
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aSwapFileThatFailsNowAndThenLosesNothing(HeadMapKind headMap) throws IOException {
        SplittableRandom random = TestSeed.random("aSwapFileThatFailsNowAndThenLosesNothing" + headMap);
        Quire engine = engineFor(random, 1, headMap);
        FaultyFile faulty = new FaultyFile(new MemoryFile(new byte[0]), random.split());
        try (SwapArea swap = engine.pageCache().swapOn(faulty);
                SharedMemory memory = engine.pageCache().newSharedMemory(0);
                FileExerciser exerciser = new FileExerciser(engine, memory::open, random, 0, RANGE_BYTES, 0, true)) {
            faulty.fail(FAILURES_PER_THOUSAND);
            run(exerciser, memory, swap);
            faulty.fail(0);
            finish(memory, swap, List.of(exerciser));
            assertTrue(exerciser.nrErrors() > 0, "no error came up");
        }
    }

    @Test
    void aSwapFileOfTheFileSystemKeepsAllItWasGiven(@TempDir Path folder) throws IOException {
        SplittableRandom random = TestSeed.random("aSwapFileOfTheFileSystemKeepsAllItWasGiven");
        Quire engine = engineFor(random, 1, HeadMapKind.HEAD_BITS);
        try (SwapArea swap = engine.pageCache().swapOn(folder.resolve("swap"));
                SharedMemory memory = engine.pageCache().newSharedMemory(0);
                FileExerciser exerciser = new FileExerciser(engine, memory::open, random, 0, RANGE_BYTES, 0, true)) {
            run(exerciser, memory, swap);
            assertEquals(0, exerciser.nrErrors());
            finish(memory, swap, List.of(exerciser));
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void threadsOnRangesOfTheirOwnDoNotDisturbEachOther(HeadMapKind headMap) throws IOException, InterruptedException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        SplittableRandom random = TestSeed.random("sharedMemoryThreadsOnRangesOfTheirOwn" + headMap);
        Quire engine = engineFor(random, NR_THREADS, headMap);
        FaultyFile faulty = new FaultyFile(new MemoryFile(new byte[0]), random.split());
        try (SwapArea swap = engine.pageCache().swapOn(faulty);
                SharedMemory memory = engine.pageCache().newSharedMemory(NR_THREADS * RANGE_BYTES)) {
            List<FileExerciser> exercisers = oneForEachThread(engine, memory, random);
            faulty.fail(FAILURES_PER_THOUSAND);
            FileExerciser.runAll(exercisers, STEPS_PER_THREAD);
            faulty.fail(0);
            finishAndClose(memory, swap, exercisers);
        }
    }

    @Test
    void aSwapFileOfTheFileSystemThatFailsNowAndThenLosesNothingThoughMemoryRunsOut(@TempDir Path folder)
            throws IOException, InterruptedException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        SplittableRandom random = TestSeed.random("aSwapFileOfTheFileSystemThatFailsNowAndThen");
        Quire engine = engineFor(random, NR_THREADS, HeadMapKind.HEAD_BITS);
        FaultyFile faulty = new FaultyFile(ChannelFile.open(folder.resolve("swap"), true), random.split());
        try (SwapArea swap = engine.pageCache().swapOn(faulty);
                SharedMemory memory = engine.pageCache().newSharedMemory(NR_THREADS * RANGE_BYTES)) {
            List<FileExerciser> exercisers = oneForEachThread(engine, memory, random);
            faulty.fail(FAILURES_PER_THOUSAND);
            Starvation.beside(failures, random.split(), () -> FileExerciser.runAll(exercisers, STEPS_PER_THREAD));
            faulty.fail(0);
            finishAndClose(memory, swap, exercisers);
        }
    }

    private static List<FileExerciser> oneForEachThread(Quire engine, SharedMemory memory, SplittableRandom random)
            throws IOException {
        List<FileExerciser> exercisers = new ArrayList<>();
        for (int thread = 0; thread < NR_THREADS; thread++) {
            exercisers.add(new FileExerciser(
                    engine,
                    memory::open,
                    random.split(),
                    thread * RANGE_BYTES,
                    RANGE_BYTES,
                    RANGE_BYTES,
                    thread == NR_THREADS - 1));
        }
        return exercisers;
    }

    private static void finishAndClose(SharedMemory memory, SwapArea swap, List<FileExerciser> exercisers)
            throws IOException {
        finish(memory, swap, exercisers);
        for (FileExerciser exerciser : exercisers) {
            exerciser.close();
        }
    }

    private static void run(FileExerciser exerciser, SharedMemory memory, SwapArea swap) {
        for (long done = 0; done < OPERATIONS_PER_RUN; done += STEPS_PER_LOOK) {
            exerciser.run(STEPS_PER_LOOK);
            checkCounts(memory, swap);
        }
    }

    /** Every slot in use is that of a page in swap, and every page is charged. */
    private static void checkCounts(SharedMemory memory, SwapArea swap) {
        assertEquals(memory.nrSwappedPages(), swap.nrUsedSlots(), TestSeed.asOption());
        assertEquals(
                memory.nrPages() + memory.nrSwappedPages(),
                memory.file().space().nrChargedPages(),
                TestSeed.asOption());
    }

    private static void finish(SharedMemory memory, SwapArea swap, List<FileExerciser> exercisers) throws IOException {
        for (FileExerciser exerciser : exercisers) {
            exerciser.checkAll();
        }
        checkCounts(memory, swap);
        XaChecker.check(memory.file().space().index());
        long nrOperations =
                exercisers.stream().mapToLong(FileExerciser::nrOperations).sum();
        assertTrue(nrOperations >= OPERATIONS_PER_RUN, "operations: " + nrOperations);
    }
}
