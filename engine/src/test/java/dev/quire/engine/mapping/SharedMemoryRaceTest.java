/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Threads read five folios of 2 MiB of shared memory, of which three pages of every fifty are punched away, while they
 * go to swap and come back (the kernel's folio_split_race_test, with swapping). Every word of a page is its number:
 * whoever finds another one, or zero where no hole is, has found a page that is not its own.
 */
class SharedMemoryRaceTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final int NR_PAGES = 5 * 512;
    private static final int NR_READERS = 2;
    private static final int PERIOD = 50;
    private static final int NR_PUNCHED = 3;
    private static final long NANOS = TimeUnit.SECONDS.toNanos(2);

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final LongAdder nrWordsRead = new LongAdder();
    private final LongAdder nrSwapped = new LongAdder();
    private volatile boolean running = true;

    private static boolean isPunched(long page) {
        return page % PERIOD < NR_PUNCHED;
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void readersSeeNothingButTheirPagesBytes(HeadMapKind headMap) throws InterruptedException, IOException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        SplittableRandom random = TestSeed.random("readersSeeNothingButTheirPagesBytes" + headMap);
        Quire engine = open(Quire.builder().capacityBytes(8 << 20).headMap(headMap));
        try (SwapArea swap = engine.pageCache().swapOn(new MemoryFile(new byte[0]));
                SharedMemory memory = engine.pageCache().newSharedMemory(0)) {
            use(engine, memory, SharedMemoryRaceTest::writeAll);
            List<Thread> threads = new ArrayList<>();
            SplittableRandom swapper = random.split();
            threads.add(new Thread(() -> use(engine, memory, file -> swapOut(memory, swapper))));
            for (int reader = 0; reader < NR_READERS; reader++) {
                SplittableRandom own = random.split();
                threads.add(new Thread(() -> use(engine, memory, file -> readAtRandom(file, own))));
            }
            threads.forEach(Thread::start);
            use(engine, memory, file -> punchAndWriteAgain(file, random));
            running = false;
            for (Thread thread : threads) {
                thread.join();
            }
            assertNull(failure.get(), TestSeed.asOption());
            assertEquals(memory.nrSwappedPages(), swap.nrUsedSlots());
        }
        assertTrue(nrWordsRead.sum() > 1000, "words read: " + nrWordsRead);
        assertTrue(nrSwapped.sum() > NR_PAGES, "pages swapped out: " + nrSwapped);
    }

    /** What a thread does with the memory. */
    @FunctionalInterface
    private interface Use {
        void of(OpenFile file) throws IOException;
    }

    private void use(Quire engine, SharedMemory memory, Use use) {
        try (RcuReader reader = engine.newReader();
                OpenFile file = memory.open(reader)) {
            use.of(file);
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
    }

    private boolean goesOn() {
        return running && failure.get() == null;
    }

    private static void writeAll(OpenFile file) throws IOException {
        for (int page = 0; page < NR_PAGES; page += 512) {
            file.write(stamped(page, 512), (long) page * PAGE);
        }
    }

    private static void writePunched(OpenFile file) throws IOException {
        for (int page = 0; page < NR_PAGES; page += PERIOD) {
            file.write(stamped(page, NR_PUNCHED), (long) page * PAGE);
        }
    }

    private void punchAndWriteAgain(OpenFile file, SplittableRandom random) throws IOException {
        long deadline = System.nanoTime() + NANOS;
        while (System.nanoTime() < deadline && goesOn()) {
            for (int page = 0; page < NR_PAGES && goesOn(); page += PERIOD) {
                SplitPolicies policy = SplitPolicies.values()[random.nextInt(3)];
                int trim = random.nextInt(PAGE);
                file.punchHole((long) page * PAGE + trim, (long) NR_PUNCHED * PAGE - trim, policy);
            }
            if (random.nextInt(4) == 0) {
                writeAll(file);
            } else {
                writePunched(file);
            }
        }
    }

    private void swapOut(SharedMemory memory, SplittableRandom random) throws IOException {
        while (goesOn()) {
            int page = random.nextInt(NR_PAGES);
            nrSwapped.add(memory.swapOut((long) page * PAGE, (long) (1 + random.nextInt(NR_PAGES)) * PAGE));
        }
    }

    private static MemorySegment stamped(int firstPage, int nrPages) {
        MemorySegment bytes = MemorySegment.ofArray(new long[nrPages * PAGE / Long.BYTES]);
        for (int word = 0; word < nrPages * PAGE / Long.BYTES; word++) {
            bytes.setAtIndex(ValueLayout.JAVA_LONG, word, firstPage + (long) word * Long.BYTES / PAGE + 1);
        }
        return bytes;
    }

    private void readAtRandom(OpenFile file, SplittableRandom random) throws IOException {
        MemorySegment into = MemorySegment.ofArray(new long[3 * PAGE / Long.BYTES]);
        while (goesOn()) {
            long offsetBytes = (long) random.nextInt((NR_PAGES - 3) * PAGE / Long.BYTES) * Long.BYTES;
            if (random.nextInt(4) == 0) {
                try (FolioView view = file.view(offsetBytes)) {
                    verify(view.bytes().asSlice(0, Math.min(view.bytes().byteSize(), 2 * PAGE)), offsetBytes);
                }
            } else {
                assertEquals(3 * PAGE, file.read(into, offsetBytes));
                verify(into, offsetBytes);
            }
        }
    }

    private void verify(MemorySegment bytes, long offsetBytes) {
        for (long at = 0; at < bytes.byteSize(); at += Long.BYTES) {
            long seen = bytes.get(ValueLayout.JAVA_LONG, at);
            long page = (offsetBytes + at) / PAGE;
            // The first page of a hole is cut at any byte.
            boolean mayBeCut = isPunched(page) && (seen == 0 || page % PERIOD == 0);
            if (seen != page + 1 && !mayBeCut) {
                throw new AssertionError("page " + page + ": " + seen);
            }
        }
        nrWordsRead.add(bytes.byteSize() / Long.BYTES);
    }
}
