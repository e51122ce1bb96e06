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
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Threads of two processes write to the same pages through page tables, each a word of its own in every page, while
 * another thread cuts what lies behind these pages, in the same folios, and splits, merges, syncs, evicts and reclaims.
 * No word is lost, neither on the way nor at the end.
 */
class WritableMappingRaceTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final int NR_PAGES = 700;

    /** From here on pages are cut off; before, they are written to through mappings. */
    private static final int FIRST_CUT = 500;

    private static final long NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final long BASE = 1L << 30;
    private static final int NR_WRITERS = 3;

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final LongAdder nrWritten = new LongAdder();
    private final LongAdder nrSplits = new LongAdder();
    private final LongAdder nrCleaned = new LongAdder();

    WritableMappingRaceTest() {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
    }

    /** Who writes a word of each page, and reads it again. */
    private final class Writer extends Thread {
        private final Quire engine;
        private final FileMapping mapping;
        private final PageTables tables;
        private final SplittableRandom random;
        private final long deadline;
        private final long number;
        private final long[] model = new long[FIRST_CUT];

        private Writer(
                Quire engine,
                FileMapping mapping,
                PageTables tables,
                SplittableRandom random,
                long deadline,
                int number) {
            this.engine = engine;
            this.mapping = mapping;
            this.tables = tables;
            this.random = random;
            this.deadline = deadline;
            this.number = number;
        }

        @Override
        public void run() {
            try (RcuReader reader = engine.newReader()) {
                PageWalker walker = tables.newWalker(reader);
                for (long count = 1; System.nanoTime() < deadline && failure.get() == null; count++) {
                    step(walker, random.nextInt(FIRST_CUT), count << 8 | number);
                }
            } catch (Throwable thrown) {
                failure.compareAndSet(null, thrown);
            }
        }

        private void step(PageWalker walker, int at, long value) {
            long address = mapping.address() + (long) at * PAGE;
            boolean writing = random.nextInt(4) > 0;
            long page = walker.pinOrFault(address, writing, mapping);
            assertTrue(page != PageWalker.NOT_PINNED, () -> "refused: page " + at);
            long word = engine.arena().frameOf(page) + offset();
            long seen = NativeMemory.getLong(word);
            assertEquals(model[at], seen, () -> "page " + at + ", writer " + number);
            if (!writing) {
                walker.unpin(page);
                return;
            }
            if (random.nextInt(8) == 0) {
                // So that a writeback takes the bytes before they are there.
                Thread.yield();
            }
            NativeMemory.setLong(word, value);
            model[at] = value;
            if (random.nextInt(8) == 0) {
                walker.touch(address, true);
            }
            mapping.unpinWritten(page);
            nrWritten.increment();
        }

        private int offset() {
            return Math.toIntExact(512 * number);
        }

        private void requireAll(ByteBuffer bytes) {
            for (int page = 0; page < FIRST_CUT; page++) {
                int at = page;
                assertEquals(model[page], bytes.getLong(page * PAGE + offset()), () -> "page " + at + ", at the end");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void nothingThatIsWrittenToAFileIsLost(HeadMapKind headMap) throws Exception {
        SplittableRandom random = TestSeed.random("nothingThatIsWrittenToAFileIsLost" + headMap);
        Quire engine = open(Quire.builder().capacityBytes(4 << 20).headMap(headMap));
        MemoryFile memory = new MemoryFile(new byte[NR_PAGES * PAGE]);
        try (RcuReader reader = engine.newReader();
                OpenFile file = engine.pageCache().open(memory, reader)) {
            List<Writer> writers = race(engine, reader, file, random);
            file.sync();
            ByteBuffer bytes = ByteBuffer.wrap(memory.content()).order(ByteOrder.nativeOrder());
            writers.forEach(writer -> writer.requireAll(bytes));
        }
        assertTrue(memory.isClosed());
        assertTrue(nrCleaned.sum() > 0, "nothing was dropped");
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void nothingThatIsWrittenToSharedMemoryIsLost(HeadMapKind headMap) throws Exception {
        SplittableRandom random = TestSeed.random("nothingThatIsWrittenToSharedMemoryIsLost" + headMap);
        Quire engine = open(Quire.builder().capacityBytes(4 << 20).headMap(headMap));
        try (RcuReader reader = engine.newReader();
                SwapArea swap = engine.pageCache().swapOn(new MemoryFile(new byte[0]));
                SharedMemory memory = engine.pageCache().newSharedMemory(NR_PAGES * PAGE);
                OpenFile file = memory.open(reader)) {
            List<Writer> writers = race(engine, reader, file, random);
            assertTrue(swap.nrUsedSlots() > 0 || nrCleaned.sum() > 0, "nothing was swapped out");
            ByteBuffer bytes = ByteBuffer.allocate(FIRST_CUT * PAGE).order(ByteOrder.nativeOrder());
            assertEquals(FIRST_CUT * PAGE, file.read(bytes, 0));
            writers.forEach(writer -> writer.requireAll(bytes));
        }
    }

    private List<Writer> race(Quire engine, RcuReader reader, OpenFile file, SplittableRandom random) throws Exception {
        long deadline = System.nanoTime() + NANOS;
        List<Writer> writers = new ArrayList<>();
        try (PageTables tables = engine.newPageTables();
                PageTables other = engine.newPageTables();
                FileMapping mapping = file.map(tables, BASE, FIRST_CUT, 0, true);
                FileMapping others = file.map(other, BASE + PAGE, FIRST_CUT, 0, true)) {
            for (int number = 0; number < NR_WRITERS; number++) {
                boolean first = number < 2;
                writers.add(new Writer(
                        engine, first ? mapping : others, first ? tables : other, random.split(), deadline, number));
            }
            writers.forEach(Thread::start);
            try {
                while (System.nanoTime() < deadline && failure.get() == null) {
                    change(engine, file, reader, random);
                }
            } finally {
                for (Writer writer : writers) {
                    writer.join();
                }
            }
        }
        assertNull(failure.get(), TestSeed.asOption());
        assertTrue(nrWritten.sum() > 1000, "words written: " + nrWritten);
        assertTrue(nrSplits.sum() > 0, "nothing was split");
        return writers;
    }

    private void change(Quire engine, OpenFile file, RcuReader reader, SplittableRandom random) throws IOException {
        int page = FIRST_CUT + random.nextInt(NR_PAGES - FIRST_CUT);
        int nrPages = 1 + random.nextInt(NR_PAGES - page);
        SplitPolicies policy = SplitPolicies.values()[random.nextInt(3)];
        switch (random.nextInt(14)) {
            case 0 -> file.punchHole((long) page * PAGE + random.nextInt(PAGE), (long) nrPages * PAGE, policy);
            case 1 -> file.truncate((long) page * PAGE + random.nextInt(PAGE), policy);
            case 2 -> file.truncate((long) NR_PAGES * PAGE, policy);
            case 3, 4 -> file.sync();
            case 5 -> nrCleaned.add(file.evict(0, (long) NR_PAGES * PAGE));
            case 6, 7 -> nrCleaned.add(engine.pageCache().reclaim(1 + random.nextInt(FIRST_CUT)));
            case 8, 9 -> {
                long folio = file.file().space().newLookup(reader).pin(random.nextInt(NR_PAGES));
                nrSplits.add(RandomSplit.splitPinned(engine, folio, policy, random) ? 1 : 0);
            }
            // In large folios, which faults by themselves do not bring.
            case 10, 11 -> file.read(ByteBuffer.allocate(64 * PAGE), 64L * random.nextInt(FIRST_CUT / 64) * PAGE);
            default ->
                file.write(StampedPages.stamped(page, Math.min(nrPages, 1 << random.nextInt(8))), (long) page * PAGE);
        }
    }
}
