/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Threads of one process write to ranges of their own, give parts of them up and map them again, while memory is so
 * short that the faults of each split the folios of all. Every page holds what its thread wrote to it, or zero.
 */
class AnonymousMemoryRaceTest extends WholeEngineTest {
    private static final int NR_THREADS = 3;
    private static final int PAGES_PER_THREAD = 3 * 512;
    private static final int STEPS_PER_THREAD = 2000;
    private static final long CAPACITY_BYTES = 8L << 20;
    private static final long BASE = 1L << 30;
    private static final LargeFolioOrders ORDERS = new LargeFolioOrders(1L << 9 | 1L << 6 | 1L << 3, 0);

    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    AnonymousMemoryRaceTest() {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
    }

    @ParameterizedTest
    @EnumSource(SplitPolicies.class)
    void everyPageShowsWhatItsThreadWroteToIt(SplitPolicies policy) throws InterruptedException {
        SplittableRandom random = TestSeed.random("everyPageShowsWhatItsThreadWroteToIt" + policy);
        Quire engine = open(Quire.builder().capacityBytes(CAPACITY_BYTES));
        AnonymousMemory memory = engine.newAnonymousMemory(policy, ORDERS);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < NR_THREADS; i++) {
            int firstPage = i * PAGES_PER_THREAD;
            SplittableRandom own = random.split();
            threads.add(new Thread(() -> use(engine, memory, firstPage, own)));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        memory.close();
        if (failure.get() != null) {
            throw new AssertionError(TestSeed.asOption(), failure.get());
        }
        assertTrue(memory.nrShrinkerSplits() > 0, "nothing was split for lack of memory");
        assertTrue(memory.nrFaults(9) > 0 && memory.nrFaults(0) > 0, "folios of one size only");
    }

    /** Whoever goes through all frames holds a new folio for a moment, while its pages are being zeroed. */
    @Test
    void aFaultSucceedsWhileSomebodyPassesByItsFolio() throws InterruptedException {
        Quire engine = open(Quire.builder().capacityBytes(CAPACITY_BYTES));
        AnonymousMemory memory = engine.newAnonymousMemory(SplitPolicies.UNIFORM, ORDERS);
        AtomicBoolean done = new AtomicBoolean();
        AtomicLong nrHeld = new AtomicLong();
        Thread passer = new Thread(() -> {
            while (!done.get()) {
                for (long pfn = 0; pfn < engine.arena().nrPages(); pfn += 256) {
                    long folio = engine.folios().tryPinFolioOf(engine.arena().pageAt(pfn));
                    if (folio != 0) {
                        nrHeld.getAndIncrement();
                        engine.folios().unpin(folio);
                    }
                }
            }
        });
        passer.start();
        try {
            assertEquals(Errno.OK, memory.map(BASE, 2L << 20, Protection.READ_WRITE));
            for (int round = 0; round < 500; round++) {
                assertEquals(Errno.OK, memory.faultIn(BASE, true));
                assertEquals(Errno.OK, memory.advise(BASE, 2L << 20, Advice.DONT_NEED));
            }
        } finally {
            done.set(true);
            passer.join();
            memory.close();
        }
        assertTrue(nrHeld.get() > 0, "nobody passed by");
    }

    private void use(Quire engine, AnonymousMemory memory, int firstPage, SplittableRandom random) {
        try (RcuReader reader = engine.newReader()) {
            Range range = new Range(engine, memory, memory.tables().newWalker(reader), firstPage, random);
            for (int step = 0; step < STEPS_PER_THREAD && failure.get() == null; step++) {
                range.step();
            }
            range.check(0, PAGES_PER_THREAD);
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
    }

    /** One thread's range, and what it has written there. */
    private static final class Range {
        private static final Protection RW = Protection.READ_WRITE;

        private final Quire engine;
        private final AnonymousMemory memory;
        private final PageWalker walker;
        private final int firstPage;
        private final SplittableRandom random;

        /** 0 where nothing was written since the page was given up. */
        private final long[] stamps = new long[PAGES_PER_THREAD];

        private long nextStamp;

        Range(Quire engine, AnonymousMemory memory, PageWalker walker, int firstPage, SplittableRandom random) {
            this.engine = engine;
            this.memory = memory;
            this.walker = walker;
            this.firstPage = firstPage;
            this.random = random;
            // No two threads write the same.
            nextStamp = (long) (firstPage + 1) << 32;
            assertEquals(Errno.OK, memory.map(addressOf(0), addressOf(PAGES_PER_THREAD) - addressOf(0), RW));
        }

        private long addressOf(int page) {
            return BASE + ((long) (firstPage + page) << 12);
        }

        void step() {
            int start = random.nextInt(PAGES_PER_THREAD);
            int longest = random.nextInt(8) == 0 ? PAGES_PER_THREAD : 100;
            int end = start + 1 + random.nextInt(Math.min(longest, PAGES_PER_THREAD - start));
            switch (random.nextInt(8)) {
                case 0 -> {
                    assertEquals(Errno.OK, memory.advise(addressOf(start), bytes(start, end), Advice.DONT_NEED));
                    forget(start, end);
                }
                case 1 -> {
                    assertEquals(Errno.OK, memory.unmap(addressOf(start), bytes(start, end)));
                    assertEquals(Errno.EFAULT, memory.faultIn(addressOf(start), false));
                    assertEquals(Errno.OK, memory.map(addressOf(start), bytes(start, end), RW));
                    forget(start, end);
                }
                case 2 -> check(start, end);
                case 3 -> memory.advise(addressOf(start), bytes(start, end), Advice.POPULATE_WRITE);
                default -> write(start, Math.min(end, start + 100));
            }
        }

        private long bytes(int start, int end) {
            return (long) (end - start) << 12;
        }

        private void forget(int start, int end) {
            for (int page = start; page < end; page++) {
                stamps[page] = 0;
            }
        }

        /** What there is no memory for stays as it is. */
        private void write(int start, int end) {
            for (int page = start; page < end; page++) {
                long handle = walker.pinOrFault(addressOf(page), true, memory);
                if (handle != PageWalker.NOT_PINNED) {
                    long frame = engine.arena().frameOf(handle);
                    assertEquals(stamps[page], NativeMemory.getLongOpaque(frame), "before it was written to: " + page);
                    stamps[page] = nextStamp++;
                    NativeMemory.setLongOpaque(frame, stamps[page]);
                    walker.unpin(handle);
                }
            }
        }

        void check(int start, int end) {
            for (int page = start; page < end; page++) {
                long handle = stamps[page] == 0
                        ? walker.pin(addressOf(page), false)
                        : walker.pinOrFault(addressOf(page), false, memory);
                if (handle == PageWalker.NOT_PINNED) {
                    assertEquals(0, stamps[page], "the page is lost: " + page);
                } else {
                    long seen = NativeMemory.getLongOpaque(engine.arena().frameOf(handle));
                    walker.unpin(handle);
                    assertEquals(stamps[page], seen, "page " + page);
                }
            }
        }
    }
}
