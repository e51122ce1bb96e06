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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random reads, writes, truncations, holes, splits, merges, evictions, syncs and reopenings of files that are larger than memory,
 * compared byte by byte with an array; alone and with threads on ranges of their own, and with a file that fails now and
 * then. {@code -Dquire.exerciser.seconds=N} sets how long all of it together takes.
 */
class PageCacheExerciserTest extends WholeEngineTest {
    private static final long SECONDS = Long.getLong("quire.exerciser.seconds", 20);
    private static final int NR_RUNS = 5;
    private static final int STEPS_PER_LOOK = 64;
    private static final int RANGE_BYTES = 700_001;
    private static final int NR_THREADS = 3;
    private static final int FAILURES_PER_THOUSAND = 20;

    private static long deadlineNanos() {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS) / NR_RUNS;
    }

    private static Quire engineFor(SplittableRandom random, HeadMapKind headMap, PageCacheExerciserTest test) {
        return test.open(Quire.builder()
                .capacityBytes((1L << 19) << random.nextInt(4))
                .pageCacheOrder(random.nextInt(10))
                .headMap(headMap));
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
            long deadline = deadlineNanos();
            while (System.nanoTime() < deadline) {
                for (int step = 0; step < STEPS_PER_LOOK; step++) {
                    exerciser.step();
                }
            }
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
            long deadline = deadlineNanos();
            while (System.nanoTime() < deadline) {
                for (int step = 0; step < STEPS_PER_LOOK; step++) {
                    exerciser.step();
                }
            }
            assertEquals(0, exerciser.nrErrors());
            finish(engine, List.of(exerciser), () -> Files.readAllBytes(path));
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void threadsOnRangesOfTheirOwnDoNotDisturbEachOther(HeadMapKind headMap) throws IOException, InterruptedException {
        SplittableRandom random = TestSeed.random("threadsOnRangesOfTheirOwnDoNotDisturbEachOther" + headMap);
        Quire engine = engineFor(random, headMap, this);
        MemoryFile memory = new MemoryFile(new byte[NR_THREADS * RANGE_BYTES]);
        FaultyFile faulty = new FaultyFile(memory, random.split());
        List<FileExerciser> exercisers = new ArrayList<>();
        for (int thread = 0; thread < NR_THREADS; thread++) {
            exercisers.add(new FileExerciser(
                    engine,
                    reader -> engine.pageCache().open(faulty, reader),
                    random.split(),
                    thread * RANGE_BYTES,
                    RANGE_BYTES,
                    RANGE_BYTES,
                    thread == NR_THREADS - 1));
        }
        faulty.fail(FAILURES_PER_THOUSAND);
        runAll(exercisers);
        faulty.fail(0);
        finish(engine, exercisers, memory::content);
        for (FileExerciser exerciser : exercisers) {
            exerciser.close();
        }
        assertTrue(memory.isClosed());
    }

    private static void runAll(List<FileExerciser> exercisers) throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        long deadline = deadlineNanos();
        List<Thread> threads = new ArrayList<>();
        for (FileExerciser exerciser : exercisers) {
            Thread thread = new Thread(() -> {
                while (System.nanoTime() < deadline && failure.get() == null) {
                    exerciser.step();
                }
            });
            thread.setUncaughtExceptionHandler((ended, thrown) -> failure.compareAndSet(null, thrown));
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new AssertionError(TestSeed.asOption(), thrown);
        }
    }

    /** What a file has. */
    @FunctionalInterface
    private interface Content {
        byte[] get() throws IOException;
    }

    /** Compares the cache, what it says of itself, and the file with what the exercisers have done. */
    private static void finish(Quire engine, List<FileExerciser> exercisers, Content content) throws IOException {
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
        long nrOperations =
                exercisers.stream().mapToLong(FileExerciser::nrOperations).sum();
        long nrMerged = exercisers.stream().mapToLong(FileExerciser::nrMerged).sum();
        System.out.println("operations: " + nrOperations + ", merges: " + nrMerged);
        assertTrue(nrOperations > 1000, "operations: " + nrOperations);
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
