/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Three processes share anonymous folios of 2 MiB: threads map, unmap, protect, close regions, split, merge, and pin
 * what they find, while allocations fail now and then. Every page stays where it belongs, and at the end all references
 * and map counts are those of the leaves.
 */
@SuppressWarnings("NullAway.Init")
class SharedTablesRaceTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final int HUGE_ORDER = 9;
    private static final int HUGE_PAGES = 1 << HUGE_ORDER;
    private static final int NR_PAGES = 4 * HUGE_PAGES;
    private static final int NR_PROCESSES = 3;
    private static final int FIRST_STAMP = 1000;
    private static final int MAX_HELD = 3;
    private static final long NANOS = TimeUnit.SECONDS.toNanos(2);

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final LongAdder nrMapped = new LongAdder();
    private final LongAdder nrPinned = new LongAdder();
    private final LongAdder nrSplits = new LongAdder();
    private final LongAdder nrMerges = new LongAdder();
    private final long[] pages = new long[NR_PAGES];
    private final PageTables[] tables = new PageTables[NR_PROCESSES];
    private Quire engine;
    private Folios folios;
    private AnonVma owner;
    private long deadline;

    SharedTablesRaceTest() {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void allCountsAreThoseOfTheLeaves(HeadMapKind headMap) throws InterruptedException {
        SplittableRandom random = TestSeed.random("allCountsAreThoseOfTheLeaves" + headMap);
        engine = open(Quire.builder().capacityBytes(16L << 20).headMap(headMap).pageOwners(true));
        folios = engine.folios();
        makeFolios();
        deadline = System.nanoTime() + NANOS;
        List<Thread> threads = List.of(
                thread(random.split(), this::changeMappings),
                thread(random.split(), this::changeMappings),
                thread(random.split(), this::splitAndMerge),
                thread(random.split(), this::pin),
                thread(random.split(), this::pin));
        threads.forEach(Thread::start);
        while (isOn()) {
            failures.failAfter(random.nextInt(10));
            TimeUnit.MILLISECONDS.sleep(1);
            failures.stop();
            TimeUnit.MILLISECONDS.sleep(random.nextInt(10));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertNull(failure.get(), TestSeed.asOption());
        assertTrue(nrMapped.sum() > 0 && nrPinned.sum() > 0, "nothing was mapped and pinned");
        assertTrue(nrSplits.sum() > 0 && nrMerges.sum() > 0, "nothing was split and merged");
        requireCounts();
        release();
    }

    private void makeFolios() {
        owner = engine.newAnonVma();
        for (int first = 0; first < NR_PAGES; first += HUGE_PAGES) {
            long folio = folios.allocate(HUGE_ORDER);
            owner.adopt(folio, first);
            for (int at = 0; at < HUGE_PAGES; at++) {
                long page = folio + (long) at * PageStruct.BYTES;
                pages[first + at] = page;
                NativeMemory.setLong(engine.arena().frameOf(page), FIRST_STAMP + first + at);
            }
        }
        for (int process = 0; process < NR_PROCESSES; process++) {
            tables[process] = engine.newPageTables();
            tables[process].addRegion(baseOf(process), NR_PAGES, owner, 0);
        }
    }

    /** Across the end of a table; in one process no large leaf fits. */
    private static long baseOf(int process) {
        return (process + 1) * (1L << 39) - (1L << 30) + (process == 1 ? 7 * PAGE : 0);
    }

    private void release() {
        for (PageTables closed : tables) {
            closed.close();
        }
        engine.awaitReclaim();
        int index = 0;
        while (index < NR_PAGES) {
            int order = folios.order(pages[index]);
            assertEquals(1, folios.references(pages[index]));
            folios.unpin(pages[index]);
            index += 1 << order;
        }
        owner.close();
    }

    private boolean isOn() {
        return System.nanoTime() < deadline && failure.get() == null;
    }

    /** One step of a thread. */
    @FunctionalInterface
    private interface Work {
        void run(SplittableRandom random);
    }

    private Thread thread(SplittableRandom random, Work work) {
        return new Thread(() -> {
            try {
                work.run(random);
            } catch (Throwable thrown) {
                failure.compareAndSet(null, thrown);
            }
        });
    }

    // ---- what threads do

    private void changeMappings(SplittableRandom random) {
        while (isOn()) {
            int process = random.nextInt(NR_PROCESSES);
            int first = random.nextInt(NR_PAGES);
            int nrPages = 1 + random.nextInt(Math.min(NR_PAGES - first, 1 << random.nextInt(11)));
            long address = baseOf(process) + (long) first * PAGE;
            switch (random.nextInt(16)) {
                case 0, 1, 2, 3 -> tables[process].unmap(address, nrPages);
                case 4, 5 -> tables[process].writeProtect(address, nrPages);
                case 6 -> reopenRegion(process);
                default -> map(process, first, random);
            }
        }
    }

    private void reopenRegion(int process) {
        Region region = tables[process].regionAt(baseOf(process));
        if (region != null) {
            region.close();
            try {
                tables[process].addRegion(baseOf(process), NR_PAGES, owner, 0);
            } catch (IllegalArgumentException _) {
                // The other thread was faster.
                Thread.onSpinWait();
            }
        }
    }

    private void map(int process, int index, SplittableRandom random) {
        long folio = folios.tryPinFolioOf(pages[index]);
        if (folio == 0) {
            return;
        }
        try {
            int order = folios.order(folio);
            int start = (int) folios.index(folio);
            boolean writable = random.nextBoolean();
            int result;
            if (order == HUGE_ORDER && process != 1 && random.nextBoolean()) {
                result = tables[process].mapHuge(baseOf(process) + (long) start * PAGE, folio, 0, HUGE_ORDER, writable);
            } else {
                int nrPages = 1 + random.nextInt((1 << order) - (index - start));
                long address = baseOf(process) + (long) index * PAGE;
                result = tables[process].map(address, folio, index - start, nrPages, writable);
            }
            assertTrue(
                    result == Errno.OK || result == Errno.EEXIST || result == Errno.ENOMEM, () -> Errno.name(result));
            nrMapped.add(result == Errno.OK ? 1 : 0);
        } catch (IllegalArgumentException e) {
            // The region is closed just now.
            String message = String.valueOf(e.getMessage());
            assertTrue(message.startsWith("not in one region: "), message);
        } finally {
            folios.unpin(folio);
        }
    }

    private void splitAndMerge(SplittableRandom random) {
        while (isOn()) {
            int index = random.nextInt(NR_PAGES);
            int order = random.nextInt(4) == 0 ? HUGE_ORDER : 2 + random.nextInt(HUGE_ORDER - 1);
            if (random.nextBoolean()) {
                split(index, random);
            } else {
                merge(pages[index >> order << order], order);
            }
            if (random.nextInt(3) == 0) {
                engine.shrinker().shrink(MAX_HELD, folio -> Errno.EAGAIN);
            }
        }
    }

    private void split(int index, SplittableRandom random) {
        long folio = folios.headOf(pages[index]);
        int order = folios.order(folio);
        if (order < 2) {
            return;
        }
        long start = index - folios.index(folio);
        long end = start + 1 + random.nextLong((1L << order) - start);
        int smallest = random.nextInt(order);
        SplitPolicies policy = SplitPolicies.values()[random.nextInt(SplitPolicies.values().length)];
        folios.lock(folio);
        int result = engine.splitter()
                .split(folio, policy, start, end, smallest == 1 ? 0 : smallest, SplitPolicies.ALL_ORDERS, true);
        folios.unlock(folio);
        assertTrue(result == Errno.OK || result == Errno.EAGAIN, () -> Errno.name(result));
        nrSplits.add(result == Errno.OK ? 1 : 0);
    }

    private void merge(long first, int order) {
        if (folios.headOf(first) != first || folios.order(first) >= order) {
            return;
        }
        folios.lock(first);
        int result = engine.merger().merge(first, order);
        folios.unlock(first);
        assertTrue(result == Errno.OK || result == Errno.EAGAIN, () -> Errno.name(result));
        nrMerges.add(result == Errno.OK ? 1 : 0);
    }

    /** A pinned page, and by whose walk. */
    private record Pin(PageWalker walker, long page) {}

    private void pin(SplittableRandom random) {
        try (RcuReader reader = engine.newReader()) {
            List<PageWalker> walkers = new ArrayList<>();
            for (PageTables walked : tables) {
                walkers.add(walked.newWalker(reader));
            }
            ArrayDeque<Pin> held = new ArrayDeque<>();
            while (isOn()) {
                int process = random.nextInt(NR_PROCESSES);
                int index = random.nextInt(NR_PAGES);
                long address = baseOf(process) + (long) index * PAGE;
                switch (random.nextInt(8)) {
                    case 0 -> walkers.get(process).touch(address, random.nextBoolean());
                    case 1 -> tables[process].awaitMigration(address);
                    default -> pinAt(walkers.get(process), address, index, random.nextBoolean(), held);
                }
                while (held.size() > random.nextInt(MAX_HELD)) {
                    unpin(held.remove());
                }
            }
            held.forEach(SharedTablesRaceTest::unpin);
        }
    }

    private void pinAt(PageWalker walker, long address, int index, boolean forWriting, ArrayDeque<Pin> held) {
        long page = walker.pin(address, forWriting);
        if (page != PageWalker.NOT_PINNED) {
            assertEquals(pages[index], page, "page at index " + index);
            assertEquals(
                    FIRST_STAMP + index, NativeMemory.getLong(engine.arena().frameOf(page)));
            nrPinned.increment();
            held.add(new Pin(walker, page));
        }
    }

    private static void unpin(Pin pin) {
        pin.walker.unpin(pin.page);
    }

    // ---- at rest

    private void requireCounts() {
        int[] nrSmallLeaves = new int[NR_PAGES];
        int[] nrLargeLeaves = new int[NR_PAGES];
        try (RcuReader reader = engine.newReader()) {
            for (int process = 0; process < NR_PROCESSES; process++) {
                long base = baseOf(process);
                tables[process]
                        .newWalker(reader)
                        .forEachLeaf(base, base + NR_PAGES * (long) PAGE, (at, order, leaf) -> {
                            int index = (int) ((at - base) / PAGE);
                            assertTrue(PageTableEntry.isPresent(leaf), "a migration entry was left");
                            assertEquals(engine.arena().pfnOf(pages[index]), PageTableEntry.pfn(leaf));
                            (order == 0 ? nrSmallLeaves : nrLargeLeaves)[index]++;
                        });
            }
        }
        engine.awaitReclaim();
        int index = 0;
        while (index < NR_PAGES) {
            index += requireCountsOfFolio(index, nrSmallLeaves, nrLargeLeaves);
        }
    }

    /** Returns its pages. */
    private int requireCountsOfFolio(int index, int[] nrSmallLeaves, int[] nrLargeLeaves) {
        long folio = pages[index];
        int order = folios.order(folio);
        String where = "index " + index + ", order " + order;
        int nrMappings = 0;
        for (int page = index; page < index + (1 << order); page++) {
            nrMappings += nrSmallLeaves[page] + nrLargeLeaves[page];
            assertEquals(folio, folios.headOf(pages[page]), where);
        }
        assertEquals(nrMappings, FolioMapcounts.total(folio), where);
        assertEquals(nrMappings + 1, folios.references(folio), where);
        assertEquals(order > 0 ? nrLargeLeaves[index] : 0, order > 0 ? FolioMapcounts.entire(folio) : 0, where);
        assertFalse(folios.isLocked(folio), where);
        return 1 << order;
    }
}
