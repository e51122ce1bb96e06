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
import dev.quire.engine.memory.Errno;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Threads of two processes read a file through page tables while another thread writes, cuts, splits, merges, syncs,
 * evicts and reclaims, and one maps and unmaps. Every two bytes of the file are the number of their page, or zero:
 * whatever a reader finds else is another page's.
 */
class FileMappingRaceTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final int NR_PAGES = 700;
    private static final long NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final long BASE = 1L << 30;

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final LongAdder nrPagesRead = new LongAdder();
    private final LongAdder nrZeroes = new LongAdder();
    private final LongAdder nrRefused = new LongAdder();
    private final LongAdder nrSplits = new LongAdder();

    FileMappingRaceTest() {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void processesNeverSeeAnotherPagesBytes(HeadMapKind headMap) throws Exception {
        SplittableRandom random = TestSeed.random("processesNeverSeeAnotherPagesBytes" + headMap);
        Quire engine = open(Quire.builder().capacityBytes(4 << 20).headMap(headMap));
        MemoryFile memory = new MemoryFile(new byte[0]);
        long deadline = System.nanoTime() + NANOS;
        try (RcuReader reader = engine.newReader();
                OpenFile file = engine.pageCache().open(memory, reader);
                PageTables tables = engine.newPageTables();
                PageTables other = engine.newPageTables();
                FileMapping mapping = file.map(tables, BASE, NR_PAGES, 0);
                FileMapping others = file.map(other, BASE + PAGE, NR_PAGES - 100, 100)) {
            List<Thread> threads = new ArrayList<>();
            threads.add(thread(engine, memory, deadline, random.split(), this::change));
            for (FileMapping read : List.of(mapping, mapping, others)) {
                PageTables its = read == others ? other : tables;
                threads.add(thread(engine, memory, deadline, random.split(), (engine1, opened, reader1, own) -> {
                    PageWalker walker = its.newWalker(reader1);
                    for (int round = 0; round < 100; round++) {
                        read(engine1, walker, read, own);
                    }
                }));
            }
            threads.add(thread(engine, memory, deadline, random.split(), (engine1, opened, reader1, own) -> {
                try (FileMapping shortLived = opened.map(tables, 2 * BASE, NR_PAGES, 0)) {
                    read(engine1, tables.newWalker(reader1), shortLived, own);
                }
            }));
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertNull(failure.get(), TestSeed.asOption());
        assertTrue(memory.isClosed());
        assertTrue(nrPagesRead.sum() > 1000, "pages read: " + nrPagesRead);
        assertTrue(nrZeroes.sum() > 0, "nobody met a hole");
        assertTrue(nrRefused.sum() > 0, "nobody met the end");
        assertTrue(nrSplits.sum() > 0, "nothing was split");
    }

    /** A fault runs before the end of the mapping, or finds nothing. */
    @Test
    void closingWaitsForFaults() throws Exception {
        Quire engine = open(Quire.builder().capacityBytes(4 << 20));
        try (PageTables tables = engine.newPageTables();
                RcuReader reader = engine.newReader()) {
            for (int round = 0; round < 200; round++) {
                MemoryFile memory = new MemoryFile(new byte[8 * PAGE]);
                OpenFile file = engine.pageCache().open(memory, reader);
                FileMapping mapping = file.map(tables, BASE, 8, 0);
                file.close();
                FutureTask<Integer> faulting = new FutureTask<>(() -> {
                    int result = Errno.OK;
                    for (long page = 0; result == Errno.OK; page++) {
                        result = mapping.faultIn(BASE + page % 8 * PAGE, false);
                    }
                    return result;
                });
                Thread thread = new Thread(faulting);
                thread.start();
                while (round % 2 == 0 && tables.nrTables() == 1) {
                    Thread.onSpinWait();
                }
                mapping.close();
                assertTrue(memory.isClosed());
                assertEquals(Errno.EFAULT, faulting.get());
                assertEquals(1, tables.nrTables());
            }
        }
    }

    /** One step of a thread. */
    @FunctionalInterface
    private interface Step {
        void on(Quire engine, OpenFile file, RcuReader reader, SplittableRandom random) throws IOException;
    }

    private Thread thread(Quire engine, MemoryFile memory, long deadline, SplittableRandom random, Step step) {
        return new Thread(() -> {
            try (RcuReader reader = engine.newReader();
                    OpenFile file = engine.pageCache().open(memory, reader)) {
                while (System.nanoTime() < deadline && failure.get() == null) {
                    step.on(engine, file, reader, random);
                }
            } catch (Throwable thrown) {
                failure.compareAndSet(null, thrown);
            }
        });
    }

    private void change(Quire engine, OpenFile file, RcuReader reader, SplittableRandom random) throws IOException {
        int page = random.nextInt(NR_PAGES);
        int nrPages = 1 + random.nextInt(NR_PAGES - page);
        SplitPolicies policy = SplitPolicies.values()[random.nextInt(3)];
        switch (random.nextInt(12)) {
            case 0, 1 -> file.punchHole((long) page * PAGE + random.nextInt(PAGE), (long) nrPages * PAGE, policy);
            case 2 -> file.truncate((long) page * PAGE + random.nextInt(PAGE), policy);
            case 3 -> file.truncate((long) NR_PAGES * PAGE, policy);
            case 4 -> file.sync();
            case 5 -> file.evict((long) page * PAGE, (long) nrPages * PAGE);
            case 6 -> engine.pageCache().reclaim(nrPages);
            case 7, 8 -> {
                long folio = file.file().space().indexed().pinNext(page, NR_PAGES);
                nrSplits.add(RandomSplit.splitPinned(engine, folio, policy, random) ? 1 : 0);
            }
            default ->
                file.write(StampedPages.stamped(page, Math.min(nrPages, 1 << random.nextInt(10))), (long) page * PAGE);
        }
    }

    /** Reads a page, twice while it is pinned; a large part of the pages one after the other. */
    private void read(Quire engine, PageWalker walker, FileMapping mapping, SplittableRandom random) {
        int first = random.nextInt((int) mapping.nrPages());
        int end = Math.min(first + 1 + random.nextInt(32), (int) mapping.nrPages());
        for (int at = first; at < end; at++) {
            long address = mapping.address() + (long) at * PAGE;
            long page = walker.pinOrFault(address, false, mapping);
            if (page == PageWalker.NOT_PINNED) {
                nrRefused.increment();
                return;
            }
            long frame = engine.arena().frameOf(page);
            verify(frame, mapping.firstIndex() + at);
            if (random.nextInt(8) == 0) {
                Thread.yield();
                verify(frame, mapping.firstIndex() + at);
                walker.touch(address, false);
            }
            walker.unpin(page);
            nrPagesRead.increment();
        }
    }

    private void verify(long frame, long index) {
        for (int at = 0; at < PAGE; at += 61) {
            byte seen = NativeMemory.getByte(frame + at);
            byte stamp = StampedPages.stampOf(index * PAGE + at);
            if (seen == 0) {
                nrZeroes.increment();
            } else if (seen != stamp) {
                throw new AssertionError("page " + index + ", byte " + at + ": " + seen + ", not " + stamp);
            }
        }
    }
}
