/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.mapping.FileExerciser.Operation;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A million random reads, writes, views, reads through page tables, truncations, holes, splits, merges, evictions,
 * reclaims, syncs and reopenings of files that are larger than memory, compared byte by byte with an array; alone and
 * with threads on ranges of their own, with a file that fails now and then, of the file system and not, and with too
 * little memory now and then. {@code -Dquire.exerciser.operations=N} sets how many all runs together do.
 */
class PageCacheExerciserTest extends WholeEngineTest {
    private static final long NR_OPERATIONS = Long.getLong("quire.exerciser.operations", 1_000_000);
    private static final int NR_RUNS = 7;
    private static final long OPERATIONS_PER_RUN = Math.ceilDiv(NR_OPERATIONS, NR_RUNS);

    private static final int RANGE_BYTES = 700_001;
    private static final int NR_THREADS = 3;
    private static final int FAILURES_PER_THOUSAND = 20;

    private static final long[] NR_BY_OPERATION = new long[Operation.values().length];
    private static int nrRuns;
    private static long nrMerged;
    private static long nrErrors;
    private static long nrStarved;

    private static Quire engineFor(SplittableRandom random, HeadMapKind headMap, PageCacheExerciserTest test) {
        return test.open(Quire.builder()
                .capacityBytes((1L << 19) << random.nextInt(4))
                .pageCacheOrder(random.nextInt(10))
                .headMap(headMap));
    }

    @AfterAll
    static void allRunsTogetherDoAsManyOperationsAsTheyShould() {
        long nrOperations = Arrays.stream(NR_BY_OPERATION).sum();
        String counts = Arrays.stream(Operation.values())
                .map(operation -> operation + " " + NR_BY_OPERATION[operation.ordinal()])
                .collect(Collectors.joining(", "));
        System.out.printf(
                "%s: %,d operations in %d runs, of them %s; folios merged %d, errors of the file %d, steps without"
                        + " memory %d%n",
                TestSeed.asOption(), nrOperations, nrRuns, counts, nrMerged, nrErrors, nrStarved);
        // Fewer runs if one was chosen, or has failed.
        if (nrRuns == NR_RUNS) {
            assertTrue(nrOperations >= NR_OPERATIONS, "operations: " + nrOperations);
            for (Operation operation : Operation.values()) {
                assertTrue(NR_BY_OPERATION[operation.ordinal()] > 0, "never done: " + operation);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aFileThatFailsNowAndThenKeepsAllItWasGiven(HeadMapKind headMap) throws IOException {
        SplittableRandom random = TestSeed.random("aFileThatFailsNowAndThenKeepsAllItWasGiven" + headMap);
        Quire engine = engineFor(random, headMap, this);
        MemoryFile memory = new MemoryFile(new byte[0]);
        FaultyFile faulty = new FaultyFile(memory, random.split());
        try (FileExerciser exerciser = new FileExerciser(
                engine, reader -> engine.pageCache().open(faulty, reader), random, 0, RANGE_BYTES, 0, true)) {
            faulty.fail(FAILURES_PER_THOUSAND);
            exerciser.run(OPERATIONS_PER_RUN);
            faulty.fail(0);
            finish(engine, List.of(exerciser), memory::content);
            assertTrue(exerciser.nrErrors() > 0, "no error came up");
        }
        assertTrue(memory.isClosed());
    }

    @Test
    void aFileOfTheFileSystemKeepsAllItWasGiven(@TempDir Path folder) throws IOException {
        SplittableRandom random = TestSeed.random("aFileOfTheFileSystemKeepsAllItWasGiven");
        Quire engine = engineFor(random, HeadMapKind.HEAD_BITS, this);
        Path path = folder.resolve("file");
        try (FileExerciser exerciser = new FileExerciser(
                engine, reader -> engine.pageCache().create(path, reader), random, 0, RANGE_BYTES, 0, true)) {
            exerciser.faultless().comparing(() -> Files.readAllBytes(path)).run(OPERATIONS_PER_RUN);
            assertEquals(0, exerciser.nrErrors());
            assertEquals(0, exerciser.nrStarved());
            finish(engine, List.of(exerciser), () -> Files.readAllBytes(path));
        }
    }

    /** What cannot be read takes nothing with it that can. */
    @Test
    void aFileOfWhichSomePagesCannotBeReadKeepsAllItWasGiven() throws IOException {
        SplittableRandom random = TestSeed.random("aFileOfWhichSomePagesCannotBeRead");
        Quire engine = engineFor(random, HeadMapKind.HEAD_BITS, this);
        MemoryFile memory = new MemoryFile(new byte[0]);
        FaultyFile faulty = new FaultyFile(memory, random.split());
        try (FileExerciser exerciser = new FileExerciser(
                engine, reader -> engine.pageCache().open(faulty, reader), random, 0, RANGE_BYTES, 0, true)) {
            int badStart = random.nextInt(RANGE_BYTES / 2) / 4096 * 4096;
            int badEnd = badStart + 4096 * (1 + random.nextInt(3));
            faulty.failReadsOf(badStart, badEnd);
            exerciser.faultlessBut(badStart, badEnd).comparing(memory::content).run(OPERATIONS_PER_RUN);
            faulty.failReadsOf(0, 0);
            finish(engine, List.of(exerciser), memory::content);
            assertTrue(exerciser.nrErrors() > 0, "no error came up");
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void threadsOnRangesOfTheirOwnDoNotDisturbEachOther(HeadMapKind headMap) throws IOException, InterruptedException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        SplittableRandom random = TestSeed.random("threadsOnRangesOfTheirOwnDoNotDisturbEachOther" + headMap);
        Quire engine = engineFor(random, headMap, this);
        MemoryFile memory = new MemoryFile(new byte[NR_THREADS * RANGE_BYTES]);
        FaultyFile faulty = new FaultyFile(memory, random.split());
        List<FileExerciser> exercisers = oneForEachThread(engine, faulty, random);
        faulty.fail(FAILURES_PER_THOUSAND);
        FileExerciser.runAll(exercisers, Math.ceilDiv(OPERATIONS_PER_RUN, NR_THREADS));
        faulty.fail(0);
        finish(engine, exercisers, memory::content);
        for (FileExerciser exerciser : exercisers) {
            exerciser.close();
        }
        assertTrue(memory.isClosed());
    }

    @Test
    void aFileOfTheFileSystemThatFailsNowAndThenKeepsAllThatThreadsGiveItThoughMemoryRunsOut(@TempDir Path folder)
            throws IOException, InterruptedException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        SplittableRandom random = TestSeed.random("aFileOfTheFileSystemThatFailsNowAndThen");
        Quire engine = engineFor(random, HeadMapKind.HEAD_BITS, this);
        Path path = folder.resolve("file");
        Files.write(path, new byte[NR_THREADS * RANGE_BYTES]);
        FaultyFile faulty = new FaultyFile(ChannelFile.open(path, false), random.split());
        List<FileExerciser> exercisers = oneForEachThread(engine, faulty, random);
        faulty.fail(FAILURES_PER_THOUSAND);
        long nrStepsEach = Math.ceilDiv(OPERATIONS_PER_RUN, NR_THREADS);
        Starvation.beside(failures, random.split(), () -> FileExerciser.runAll(exercisers, nrStepsEach));
        faulty.fail(0);
        finish(engine, exercisers, () -> Files.readAllBytes(path));
        for (FileExerciser exerciser : exercisers) {
            assertTrue(exerciser.nrErrors() > 0, "no error came up");
            exerciser.close();
        }
    }

    private static List<FileExerciser> oneForEachThread(Quire engine, BackingFile file, SplittableRandom random)
            throws IOException {
        List<FileExerciser> exercisers = new ArrayList<>();
        for (int thread = 0; thread < NR_THREADS; thread++) {
            exercisers.add(new FileExerciser(
                    engine,
                    reader -> engine.pageCache().open(file, reader),
                    random.split(),
                    thread * RANGE_BYTES,
                    RANGE_BYTES,
                    RANGE_BYTES,
                    thread == NR_THREADS - 1));
        }
        return exercisers;
    }

    /** Compares the cache, what it says of itself, and the file with what the exercisers have done. */
    private static void finish(Quire engine, List<FileExerciser> exercisers, FileExerciser.Content content)
            throws IOException {
        byte[] expected = new byte[0];
        for (FileExerciser exerciser : exercisers) {
            exerciser.checkAll();
            byte[] range = exerciser.expected();
            int before = expected.length;
            expected = Arrays.copyOf(expected, before + range.length);
            System.arraycopy(range, 0, expected, before, range.length);
        }
        checkMarks(engine, exercisers.getFirst().file());
        OpenFile file = exercisers.getFirst().file();
        engine.pageCache().sync();
        exercisers.forEach(FileExerciser::hearError);
        checkMarks(engine, file);
        file.forEachFolio((index, order, folio) ->
                assertNull(PageFlag.DIRTY.isSet(PageStruct.flagsAcquire(folio)) ? "dirty: " + index : null));
        assertArrayEquals(expected, content.get(), TestSeed.asOption());
        exercisers.forEach(PageCacheExerciserTest::count);
        nrRuns++;
    }

    private static void count(FileExerciser exerciser) {
        for (Operation operation : Operation.values()) {
            NR_BY_OPERATION[operation.ordinal()] += exerciser.nrOperations(operation);
        }
        nrMerged += exerciser.nrMerged();
        nrErrors += exerciser.nrErrors();
        nrStarved += exerciser.nrStarved();
    }

    /** Marks are those of the flags, and no pass has left any. */
    private static void checkMarks(Quire engine, OpenFile file) throws IOException {
        AddressSpace space = file.file().space();
        try (RcuReader reader = engine.newReader()) {
            file.forEachFolio((index, order, folio) -> {
                boolean dirty = PageFlag.DIRTY.isSet(PageStruct.flagsAcquire(folio));
                reader.enter();
                assertEquals(dirty, space.index().getMark(reader, index, Writeback.DIRTY), "dirty at " + index);
                assertEquals(false, space.index().getMark(reader, index, Writeback.WRITEBACK), "writeback at " + index);
                assertEquals(false, space.index().getMark(reader, index, Writeback.TO_WRITE), "to write at " + index);
                reader.exit();
            });
        }
    }
}
