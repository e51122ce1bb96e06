/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.DeferredSplitQueue;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitObserver;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import java.time.Duration;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway.Init")
class AnonymousMemoryTest extends WholeEngineTest {
    private static final long BASE = 1L << 30;
    private static final long PAGE = 4096;
    private static final long HUGE = 512 * PAGE;

    private Quire engine;
    private AnonymousMemory memory;

    /** Run when a split begins, by who splits. */
    private Runnable atBegin = () -> {};

    private void open(long capacityBytes, SplitPolicies policy, LargeFolioOrders orders) {
        engine = open(Quire.builder().capacityBytes(capacityBytes));
        memory = engine.newAnonymousMemory(policy, orders);
    }

    private long nrAnonymous(int order) {
        return engine.accounting().counters().nrAnonymous(order);
    }

    /**
     * Pages 2 and 300 to 339 of 512 are unmapped. Splits to order 0, around four pages, or into blocks all mapped or
     * not.
     */
    @ParameterizedTest
    @CsvSource({"UNIFORM, 471", "NON_UNIFORM, 19", "RANGE, 16"})
    void aPartlyMappedFolioIsSplitAsThePolicySaysAndWhatIsUnmappedIsFreed(SplitPolicies policy, long nrPieces) {
        open(1 << 24, policy, LargeFolioOrders.ALWAYS_2_MIB);
        assertEquals(Errno.OK, memory.map(BASE, HUGE, Protection.READ_WRITE));
        assertEquals(Errno.OK, memory.faultIn(BASE + 77 * PAGE, true));
        assertEquals(1, memory.nrFaults(9));
        assertEquals(Errno.OK, memory.advise(BASE + 2 * PAGE, PAGE, Advice.DONT_NEED));
        assertEquals(Errno.OK, memory.unmap(BASE + 300 * PAGE, 40 * PAGE));
        assertEquals(1, engine.accounting().deferredSplits().nrFolios());
        assertEquals(1, engine.accounting().counters().nrDeferredSplits());
        engine.awaitReclaim();
        long nrFreeBefore = engine.zone().nrFreePages();

        assertEquals(1, memory.shrink());

        assertEquals(41, memory.nrPagesFreedByShrinker());
        assertEquals(41, engine.zone().nrFreePages() - nrFreeBefore);
        assertEquals(nrPieces, nrFolios());
        assertEquals(0, memory.shrink());
        memory.close();
    }

    /** Between the look at what is mapped and the plan another 50 pages go. */
    @ParameterizedTest
    @CsvSource({"NON_UNIFORM", "RANGE"})
    void whatIsUnmappedBeforeTheSplitIsPlannedIsCountedAsFreed(SplitPolicies policy) throws Exception {
        engine = open(Quire.builder().capacityBytes(1 << 24).splitObserver(new SplitObserver() {
            @Override
            public void begin(long folio) {
                atBegin.run();
            }

            @Override
            public void split(int order, long nrPieces, int result, long nanos, long frozenNanos) {}
        }));
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        memory = engine.newAnonymousMemory(policy, LargeFolioOrders.ALWAYS_2_MIB);
        assertEquals(Errno.OK, memory.map(BASE, HUGE, Protection.READ_WRITE));
        assertEquals(Errno.OK, memory.faultIn(BASE, true));
        assertEquals(Errno.OK, memory.advise(BASE, 100 * PAGE, Advice.DONT_NEED));
        // By another thread: this one holds the folio's lock, before which the memory map's ranks.
        atBegin = () -> {
            FutureTask<Integer> other =
                    new FutureTask<>(() -> memory.advise(BASE + 200 * PAGE, 50 * PAGE, Advice.DONT_NEED));
            new Thread(other).start();
            assertEquals(Errno.OK, assertDoesNotThrow(() -> other.get()));
        };
        engine.awaitReclaim();
        long nrFreeBefore = engine.zone().nrFreePages();

        assertEquals(1, memory.shrink());

        assertEquals(150, engine.zone().nrFreePages() - nrFreeBefore);
        assertEquals(150, memory.nrPagesFreedByShrinker());
        memory.close();
    }

    /**
     * What is queued may be anybody's folio, and belong to nobody by now; whoever needs memory then is told the truth.
     */
    @ParameterizedTest
    @EnumSource(SplitPolicies.class)
    void aQueuedFolioThatNobodyCanMapIsPassedOver(SplitPolicies policy) {
        open(1 << 24, policy, LargeFolioOrders.ALWAYS_2_MIB);
        Folios folios = engine.folios();
        DeferredSplitQueue queue = engine.accounting().deferredSplits();
        try (AddressSpace file = engine.newAddressSpace();
                RcuReader reader = engine.newReader()) {
            file.extend(16 * PAGE);
            assertEquals(Errno.OK, file.populate(0, 16, 4));
            long truncated = file.newLookup(reader).pin(0);
            assertTrue(queue.add(truncated, true));
            file.truncate(0, SplitPolicies.UNIFORM);
            long foreign = folios.allocate(4);
            folios.makeAnonymous(foreign, 0x1000, 0);
            assertTrue(queue.add(foreign, true));

            assertEquals(0, memory.shrink());

            assertEquals(2, queue.nrFolios());
            assertEquals(1, folios.references(truncated));
            assertEquals(1, folios.references(foreign));
            assertFalse(folios.isLocked(truncated));
            assertFalse(folios.isLocked(foreign));
            folios.unpin(truncated);
            folios.unpin(foreign);
        }
        assertEquals(0, queue.nrFolios());
        memory.close();
    }

    /**
     * The region allows it and the page is there: only its entry, or the large one that it is part of, is in the way.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aWriteFaultMakesAProtectedEntryWritable(boolean large) {
        int leafOrder = large ? 9 : 0;
        open(1 << 24, SplitPolicies.UNIFORM, large ? LargeFolioOrders.ALWAYS_2_MIB : LargeFolioOrders.NONE);
        assertEquals(Errno.OK, memory.map(BASE, HUGE, Protection.READ_WRITE));
        assertEquals(Errno.OK, memory.faultIn(BASE + 7 * PAGE, true));
        memory.tables().writeProtect(large ? BASE : BASE + 7 * PAGE, large ? 512 : 1);
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            try (RcuReader reader = engine.newReader()) {
                PageWalker walker = memory.tables().newWalker(reader);
                assertFalse(walker.touch(BASE + 7 * PAGE, true));
                long page = walker.pinOrFault(BASE + 7 * PAGE, true, memory);
                assertNotEquals(PageWalker.NOT_PINNED, page);
                walker.unpin(page);
                assertTrue(walker.touch(BASE + 7 * PAGE, true));
                walker.forEachLeaf(BASE + 7 * PAGE, BASE + 8 * PAGE, (address, order, entry) -> {
                    assertEquals(leafOrder, order);
                    assertTrue(PageTableEntry.isExclusive(entry));
                });
            }
        });
        assertEquals(Errno.OK, memory.protect(BASE, HUGE, Protection.READ));
        assertEquals(Errno.EFAULT, memory.faultIn(BASE + 7 * PAGE, true));
        memory.close();
    }

    /**
     * By the time the shrinker gets to it there is nothing left to be gained by a split: it is no split, and frees
     * nothing.
     */
    @ParameterizedTest
    @EnumSource(SplitPolicies.class)
    void aFolioThatIsWhollyUnmappedMeanwhileIsNotSplit(SplitPolicies policy) {
        open(1 << 24, policy, LargeFolioOrders.ALWAYS_2_MIB);
        Folios folios = engine.folios();
        assertEquals(Errno.OK, memory.map(BASE, HUGE, Protection.READ_WRITE));
        assertEquals(Errno.OK, memory.faultIn(BASE, true));
        long folio = pin(BASE);
        assertEquals(Errno.OK, memory.advise(BASE, HUGE, Advice.DONT_NEED));
        assertEquals(1, folios.references(folio));
        DeferredSplitQueue queue = engine.accounting().deferredSplits();
        queue.add(folio, true);

        assertEquals(0, memory.shrink());

        assertEquals(0, memory.nrShrinkerSplits());
        assertEquals(0, memory.nrPagesFreedByShrinker());
        assertEquals(9, folios.order(folio));
        assertEquals(1, nrAnonymous(9));
        folios.unpin(folio);
        assertEquals(0, nrAnonymous(9));
        assertEquals(0, queue.nrFolios());
        memory.close();
    }

    /** Of 40 unmapped pages some are mapped again while the split begins: only the others count, and no split counts none. */
    @ParameterizedTest
    @CsvSource({"RANGE, 40, 0, 0", "RANGE, 30, 1, 10", "NON_UNIFORM, 40, 0, 0", "NON_UNIFORM, 39, 1, 1"})
    void pagesThatAreMappedAgainAreNotCountedAsFreed(
            SplitPolicies policy, long nrMappedAgain, long nrSplits, long nrFreed) {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        AtomicReference<Runnable> atBegin = new AtomicReference<>(() -> {});
        engine = open(Quire.builder().capacityBytes(1 << 24).splitObserver(new SplitObserver() {
            @Override
            public void begin(long folio) {
                atBegin.getAndSet(() -> {}).run();
            }

            @Override
            public void split(int order, long nrPieces, int result, long nanos, long frozenNanos) {}
        }));
        memory = engine.newAnonymousMemory(policy, LargeFolioOrders.ALWAYS_2_MIB);
        assertEquals(Errno.OK, memory.map(BASE, HUGE, Protection.READ_WRITE));
        assertEquals(Errno.OK, memory.faultIn(BASE, true));
        long folio = pin(BASE);
        engine.folios().unpin(folio);
        assertEquals(Errno.OK, memory.advise(BASE + 300 * PAGE, 40 * PAGE, Advice.DONT_NEED));
        atBegin.set(() ->
                assertEquals(Errno.OK, memory.tables().map(BASE + 300 * PAGE, folio, 300, nrMappedAgain, true)));

        assertEquals(nrSplits, memory.shrink());

        assertEquals(nrSplits, memory.nrShrinkerSplits());
        assertEquals(nrFreed, memory.nrPagesFreedByShrinker());
        memory.close();
    }

    private long pin(long address) {
        try (RcuReader reader = engine.newReader()) {
            return memory.tables().newWalker(reader).pin(address, false);
        }
    }

    private long nrFolios() {
        long nrFolios = 0;
        for (int order = 0; order <= 9; order++) {
            nrFolios += nrAnonymous(order);
        }
        return nrFolios;
    }

    @Test
    void faultsTakeTheLargestFolioThatFits() {
        open(1 << 25, SplitPolicies.UNIFORM, new LargeFolioOrders(1L << 9 | 1L << 4, 0));
        assertEquals(Errno.OK, memory.map(BASE - 16 * PAGE, 16 * PAGE + HUGE + 3 * PAGE, Protection.READ_WRITE));
        assertEquals(Errno.OK, memory.faultIn(BASE - PAGE, true));
        assertEquals(Errno.OK, memory.faultIn(BASE, true));
        assertEquals(Errno.OK, memory.faultIn(BASE + HUGE, true));
        assertEquals(Errno.OK, memory.faultIn(BASE + PAGE, true));
        assertEquals(1, memory.nrFaults(4));
        assertEquals(1, memory.nrFaults(9));
        assertEquals(1, memory.nrFaults(0));
        assertEquals(Errno.OK, memory.advise(BASE, HUGE, Advice.DONT_NEED));
        assertEquals(Errno.OK, memory.advise(BASE, HUGE, Advice.NO_HUGE_PAGE));
        assertEquals(Errno.OK, memory.faultIn(BASE, true));
        assertEquals(2, memory.nrFaults(0));
        assertEquals(3, memory.nrRegions());
        memory.close();
    }

    @Test
    void theShortageOfMemoryIsMetBySplittingAndThenRefused() {
        open(8L << 20, SplitPolicies.RANGE, LargeFolioOrders.ALWAYS_2_MIB);
        assertEquals(Errno.OK, memory.map(BASE, 8 * HUGE, Protection.READ_WRITE));
        long nrBefore = 0;
        for (long address = BASE; memory.faultIn(address, true) == Errno.OK; address += PAGE) {
            nrBefore++;
        }
        assertEquals(1, memory.nrFaultsRefused());
        assertEquals(0, memory.nrShrinkerSplits());
        assertEquals(Errno.OK, memory.advise(BASE, nrBefore * PAGE, Advice.POPULATE_WRITE), "all of it is there");
        assertEquals(Errno.OK, memory.advise(BASE, 100 * PAGE, Advice.DONT_NEED));
        assertEquals(Errno.OK, memory.faultIn(BASE + nrBefore * PAGE, true));
        assertEquals(1, memory.nrShrinkerSplits());
        assertEquals(100, memory.nrPagesFreedByShrinker());
        memory.close();
    }

    @Test
    void populatingStopsAtWhatCannotBePopulated() {
        open(1 << 24, SplitPolicies.UNIFORM, LargeFolioOrders.NONE);
        assertEquals(Errno.OK, memory.map(BASE, 2 * PAGE, Protection.READ_WRITE));
        assertEquals(Errno.OK, memory.map(BASE + 3 * PAGE, PAGE, Protection.READ_WRITE));
        assertEquals(Errno.OK, memory.map(BASE + 4 * PAGE, PAGE, Protection.READ));
        assertEquals(Errno.ENOMEM, memory.advise(BASE, 4 * PAGE, Advice.POPULATE_WRITE), "a hole");
        assertEquals(2, memory.nrFaults(0));
        assertEquals(Errno.EINVAL, memory.advise(BASE + 3 * PAGE, 2 * PAGE, Advice.POPULATE_WRITE), "not writable");
        assertEquals(3, memory.nrFaults(0));
        assertEquals(Errno.OK, memory.protect(BASE, PAGE, Protection.READ));
        assertEquals(Errno.EINVAL, memory.advise(BASE, PAGE, Advice.POPULATE_WRITE), "there, but not writable");
        memory.close();
    }

    @Test
    void errorsAreThoseOfTheSystemCalls() {
        open(1 << 24, SplitPolicies.UNIFORM, LargeFolioOrders.NONE);
        assertEquals(Errno.EINVAL, memory.map(BASE, 0, Protection.READ));
        assertEquals(Errno.EINVAL, memory.map(BASE + 1, PAGE, Protection.READ));
        assertEquals(Errno.ENOMEM, memory.map(PageTables.ADDRESS_END - PAGE, 2 * PAGE, Protection.READ));
        assertEquals(Errno.EINVAL, memory.unmap(BASE, 0));
        assertEquals(Errno.EINVAL, memory.unmap(-PAGE, PAGE));
        assertEquals(Errno.OK, memory.unmap(BASE, PAGE));
        assertEquals(Errno.OK, memory.advise(BASE, 0, Advice.FREE));
        assertEquals(Errno.ENOMEM, memory.advise(BASE, PAGE, Advice.FREE));
        assertEquals(Errno.EINVAL, memory.advise(BASE + 5, PAGE, Advice.FREE));
        assertEquals(Errno.ENOMEM, memory.protect(BASE, PAGE, Protection.READ));
        assertEquals(Errno.EFAULT, memory.remap(BASE, PAGE, BASE, 2 * PAGE));
        assertEquals(Errno.EFAULT, memory.faultIn(BASE, false));
        assertEquals(Errno.OK, memory.map(BASE, PAGE, Protection.READ));
        assertEquals(Errno.OK, memory.faultIn(BASE, false));
        assertEquals(Errno.EFAULT, memory.faultIn(BASE, true));
        assertEquals(Errno.EFAULT, memory.faultIn(PageTables.ADDRESS_END, true));
        memory.close();
    }

    @Test
    void theHeapGrowsAndShrinksFromWhereItBegan() {
        open(1 << 24, SplitPolicies.UNIFORM, LargeFolioOrders.NONE);
        assertEquals(BASE + 100, memory.setBreak(BASE + 100));
        assertEquals(0, memory.nrRegions());
        assertEquals(BASE + 5 * PAGE, memory.setBreak(BASE + 5 * PAGE));
        assertEquals(Errno.OK, memory.advise(BASE + PAGE, 4 * PAGE, Advice.POPULATE_WRITE));
        assertEquals(4, nrAnonymous(0));
        assertEquals(BASE + 5 * PAGE, memory.setBreak(BASE), "below its beginning");
        assertEquals(BASE + 3 * PAGE - 1, memory.setBreak(BASE + 3 * PAGE - 1));
        assertEquals(2, nrAnonymous(0));
        assertEquals(Errno.OK, memory.map(BASE + 8 * PAGE, PAGE, Protection.READ));
        assertEquals(BASE + 3 * PAGE - 1, memory.setBreak(BASE + 9 * PAGE), "into another region");
        memory.close();
    }

    @Test
    void aHeapBeginsAtAnAddressThatExists() {
        open(1 << 24, SplitPolicies.UNIFORM, LargeFolioOrders.NONE);
        for (long none : new long[] {0, -1, Long.MIN_VALUE, PageTables.ADDRESS_END + 1}) {
            assertEquals(0, memory.setBreak(none), "there is no heap");
        }
        assertEquals(BASE, memory.setBreak(BASE));
        assertEquals(BASE + PAGE, memory.setBreak(BASE + PAGE));
        for (long none : new long[] {0, -1, Long.MIN_VALUE, PageTables.ADDRESS_END + 1}) {
            assertEquals(BASE + PAGE, memory.setBreak(none), "the heap stays");
        }
        assertEquals(1, memory.nrRegions());
        memory.close();
    }

    /**
     * While one thread zeroes the only folio of 2 MiB that there is, the other maps a page beside it: the first must
     * not take that for its own.
     */
    @Test
    void whoFaultsBesideANeighbourGetsHisPageNevertheless() throws Exception {
        open(4 << 20, SplitPolicies.UNIFORM, LargeFolioOrders.ALWAYS_2_MIB);
        assertEquals(Errno.OK, memory.map(BASE, HUGE, Protection.READ_WRITE));
        CyclicBarrier together = new CyclicBarrier(2);
        int nrRounds = 300;
        FutureTask<Void> neighbour = new FutureTask<>(() -> {
            for (int round = 0; round < nrRounds; round++) {
                together.await();
                assertEquals(Errno.OK, memory.advise(BASE + 300 * PAGE, PAGE, Advice.POPULATE_WRITE));
                together.await();
            }
            return null;
        });
        new Thread(neighbour).start();
        try (RcuReader reader = engine.newReader()) {
            PageWalker walker = memory.tables().newWalker(reader);
            for (int round = 0; round < nrRounds; round++) {
                together.await();
                int result = memory.advise(BASE + 5 * PAGE, PAGE, Advice.POPULATE_WRITE);
                together.await();
                assertEquals(Errno.OK, result);
                for (long page : new long[] {5, 300}) {
                    long pinned = walker.pin(BASE + page * PAGE, true);
                    assertNotEquals(PageWalker.NOT_PINNED, pinned, "page " + page + " in round " + round);
                    walker.unpin(pinned);
                }
                memory.advise(BASE, HUGE, Advice.DONT_NEED);
                engine.awaitReclaim();
            }
        }
        neighbour.get();
        memory.close();
    }

    /** A folio that moves is mapped as a whole before and after: nothing is queued. */
    @ParameterizedTest
    @CsvSource({"0, 1", "3, 1", "0, 2"})
    void aFolioMovesWithItsRegion(long shiftPages, long sizeFactor) {
        open(1 << 24, SplitPolicies.UNIFORM, LargeFolioOrders.ALWAYS_2_MIB);
        long target = BASE + 8 * HUGE + shiftPages * PAGE;
        assertEquals(Errno.OK, memory.map(BASE, HUGE, Protection.READ_WRITE));
        assertEquals(Errno.OK, memory.faultIn(BASE, true));
        assertEquals(Errno.OK, memory.remap(BASE, HUGE, target, sizeFactor * HUGE));
        assertEquals(1, nrAnonymous(9));
        assertEquals(0, engine.accounting().counters().nrDeferredSplits());
        assertEquals(1, memory.nrRegions());
        assertEquals(Errno.EFAULT, memory.faultIn(BASE, true));
        assertEquals(Errno.OK, memory.unmap(target + 100 * PAGE, PAGE));
        assertEquals(1, memory.shrink());
        assertEquals(511, nrAnonymous(0));
        memory.close();
    }
}
