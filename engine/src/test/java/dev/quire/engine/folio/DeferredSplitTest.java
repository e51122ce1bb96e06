/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.lock.References;
import dev.quire.engine.pagetable.AnonVma;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The queue of folios to be split, and what takes folios from it. */
@SuppressWarnings("NullAway.Init")
class DeferredSplitTest extends WholeEngineTest {
    private static final long OWNER = 0x1000;

    private Quire engine;
    private Folios folios;
    private DeferredSplitQueue queue;
    private FolioCounters counters;

    private void openEngine(long maximumZeroPages) {
        engine = open(Quire.builder().capacityBytes(1L << 30).maximumZeroPages(maximumZeroPages));
        folios = engine.folios();
        queue = engine.accounting().deferredSplits();
        counters = engine.accounting().counters();
    }

    private long anonymousFolio(int order) {
        long folio = folios.allocate(order);
        folios.makeAnonymous(folio, OWNER, 0);
        return folio;
    }

    @Test
    void onlyFoliosWithRoomForTheLinkAreQueuedAndOnce() {
        openEngine(Long.MAX_VALUE);
        long small = folios.allocate(1);
        long folio = anonymousFolio(2);
        assertFalse(queue.add(small, true));
        assertTrue(queue.add(folio, false));
        assertEquals(0, counters.nrPartiallyMapped());
        assertTrue(queue.add(folio, true));
        assertTrue(queue.add(folio, true));
        assertEquals(1, queue.nrFolios());
        assertEquals(1, counters.nrPartiallyMapped());
        folios.unpin(small);
        folios.unpin(folio);
        assertEquals(0, queue.nrFolios(), "freed");
        assertEquals(0, counters.nrPartiallyMapped());
        assertThrows(IllegalArgumentException.class, () -> queue.add(small + 8, true));
    }

    @Test
    void aFolioInTheSwapCacheIsNotQueued() {
        openEngine(Long.MAX_VALUE);
        long folio = anonymousFolio(3);
        long slot = engine.swapTable().allocate(3);
        assertEquals(0, engine.swapTable().add(folio, slot));
        assertFalse(queue.add(folio, true));
        assertEquals(0, queue.nrFolios());
        engine.swapTable().remove(folio);
        engine.swapTable().free(slot, 8);
        folios.unpin(folio);
    }

    /** The shrinker has the only reference: the unmapped pages are freed by the split. */
    @Test
    void whatIsPartiallyMappedIsSplitAndItsUnusedPagesFreed() {
        openEngine(Long.MAX_VALUE);
        try (var file = engine.newAddressSpace()) {
            file.extend(4096 << 9);
            assertEquals(0, file.populate(0, 512, 9));
            long[] head = new long[1];
            file.forEachFolio((index, order, folio) -> head[0] = folio);
            assertTrue(folios.tryPin(head[0]));
            queue.add(head[0], true);
            folios.unpin(head[0]);
            assertEquals(1, engine.shrinker().shrink(Long.MAX_VALUE));
            assertEquals(512, file.nrPages());
            assertEquals(0, folios.order(head[0]));
            assertEquals(1, folios.references(head[0]));
            assertEquals(0, queue.nrFolios());
            assertEquals(0, counters.nrPartiallyMapped());
        }
    }

    @Test
    void whatCannotBeSplitGoesBackToTheQueue() {
        openEngine(Long.MAX_VALUE);
        long pinned = anonymousFolio(4);
        long locked = anonymousFolio(4);
        long whole = anonymousFolio(4);
        queue.add(pinned, true);
        queue.add(locked, true);
        queue.add(whole, false);
        folios.lock(locked);
        assertEquals(0, engine.shrinker().shrink(100));
        assertEquals(2, queue.nrFolios(), "the folio that is wholly mapped had its chance");
        assertEquals(2, counters.nrPartiallyMapped());
        assertEquals(1, folios.references(pinned));
        folios.unlock(locked);
        folios.unpin(pinned);
        folios.unpin(locked);
        folios.unpin(whole);
        assertEquals(0, queue.nrFolios());
        assertEquals(0, counters.nrPartiallyMapped());
    }

    @Test
    void whatHoldsLittleButZeroesIsSplitUnlessLockedIntoMemory() {
        openEngine(14);
        try (var file = engine.newAddressSpace()) {
            file.extend(3L * 16 * 4096);
            assertEquals(0, file.populate(0, 3 * 16, 4));
            file.forEachFolio((index, order, folio) -> {
                var bytes = folios.bytes(folio);
                bytes.fill((byte) 0);
                // One page in use, or two, or one and not to be split.
                bytes.set(ValueLayout.JAVA_BYTE, 5 * 4096 + 4095, (byte) 1);
                bytes.set(ValueLayout.JAVA_BYTE, 9 * 4096, (byte) (index == 16 ? 1 : 0));
                PageStruct.getAndSetFlags(folio, index == 32 ? PageFlag.MLOCKED.mask() : 0);
                queue.add(folio, false);
            });
            assertEquals(1, engine.shrinker().shrink(3));
            StringBuilder layout = new StringBuilder();
            file.forEachFolio((index, order, folio) -> layout.append(order).append(' '));
            assertEquals("0 ".repeat(16) + "4 4 ", layout.toString());
        }
    }

    @Test
    void theQueueIsLeftInOrderByFoliosFreedFromItsMiddle() {
        openEngine(Long.MAX_VALUE);
        long[] made = new long[10];
        for (int i = 0; i < made.length; i++) {
            made[i] = anonymousFolio(2);
            queue.add(made[i], true);
        }
        for (int i = 1; i < made.length; i += 2) {
            folios.unpin(made[i]);
        }
        long[] taken = new long[16];
        assertEquals(5, queue.take(taken, 16));
        for (int i = 0; i < 5; i++) {
            assertEquals(made[2 * i], taken[i]);
            assertEquals(2, folios.references(taken[i]));
            assertFalse(DeferredSplitQueue.isQueued(taken[i]));
            assertTrue(PageFlag.PARTIALLY_MAPPED.isSet(FolioStruct.flags1(taken[i])));
            folios.unpin(taken[i]);
            folios.unpin(taken[i]);
        }
        assertEquals(0, counters.nrPartiallyMapped());
    }

    /** The rest is unmapped between the shrinker's last look at the folio and its return to the queue. */
    @Test
    void whatIsWhollyUnmappedMeanwhileDoesNotGoBackToTheQueue() {
        openEngine(Long.MAX_VALUE);
        FolioMapcounts mapcounts = new FolioMapcounts(folios);
        long folio = anonymousFolio(2);
        mapcounts.add(folio, 0, 4);
        mapcounts.remove(folio, 0, 1);
        long[] taken = new long[1];
        assertEquals(1, queue.take(taken, 1));
        assertEquals(1, counters.nrPartiallyMapped());
        queue.requeue(folio);
        assertEquals(1, queue.nrFolios(), "still mapped in part");
        assertEquals(1, counters.nrPartiallyMapped());
        folios.unpin(folio);

        assertEquals(1, queue.take(taken, 1));
        mapcounts.remove(folio, 0, 3);
        assertEquals(0, counters.nrPartiallyMapped());
        queue.requeue(folio);
        assertEquals(0, queue.nrFolios());
        assertEquals(0, counters.nrPartiallyMapped());
        assertFalse(PageFlag.PARTIALLY_MAPPED.isSet(FolioStruct.flags1(folio)));
        folios.unpin(folio);
        folios.unpin(folio);
    }

    @Test
    void aSplitThatThrowsLeavesNothingLockedReferencedOrOffTheQueue() {
        openEngine(Long.MAX_VALUE);
        long[] made = {anonymousFolio(2), anonymousFolio(3), anonymousFolio(4)};
        queue.add(made[0], true);
        queue.add(made[1], true);
        queue.add(made[2], false);
        IllegalStateException refusal = new IllegalStateException("no split today");
        IllegalStateException thrown = assertThrows(
                IllegalStateException.class,
                () -> engine.shrinker().shrink(3, folio -> {
                    throw refusal;
                }));
        assertSame(refusal, thrown);
        assertEquals(3, queue.nrFolios());
        assertEquals(2, counters.nrPartiallyMapped());
        for (long folio : made) {
            assertFalse(folios.isLocked(folio));
            assertEquals(1, folios.references(folio));
            folios.unpin(folio);
        }
        assertEquals(0, queue.nrFolios());
    }

    /**
     * While the entries of one process stand for its pages, the last leaf of another goes: it looks as if nothing
     * mapped the folio, until the entries are leaves again because the split has failed.
     */
    @Test
    void whatIsMappedInPartAgainAfterAFailedSplitStaysOnTheQueue() {
        openEngine(Long.MAX_VALUE);
        FolioMapcounts mapcounts = new FolioMapcounts(folios);
        FolioSplitter splitter = splitterThatRunsAfterUnmap(folio -> {
            mapcounts.add(folio, 0, 1);
            mapcounts.remove(folio, 0, 1);
            assertTrue(folios.tryPin(folio));
        });
        DeferredSplitShrinker shrinker = new DeferredSplitShrinker(splitter.context(), splitter, Long.MAX_VALUE);
        long folio = folios.allocate(4);
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables()) {
            tables.addRegion(0, 16, owner, 0);
            owner.adopt(folio, 0);
            assertEquals(0, tables.map(0, folio, 0, 16, true));
            tables.unmap(4 << 12, 12);
            folios.unpin(folio);
            assertEquals(1, queue.nrFolios());

            assertEquals(0, shrinker.shrink(1));

            assertEquals(4, FolioMapcounts.total(folio), "mapped again");
            assertEquals(1, queue.nrFolios());
            assertEquals(1, counters.nrPartiallyMapped());
            folios.unpin(folio);
            assertEquals(1, engine.shrinker().shrink(1));
        }
        assertEquals(0, counters.nrPartiallyMapped());
    }

    /** What is unmapped while migration entries stand for it counts nowhere; the piece that lacks it must not stay. */
    @Test
    void aPieceOfWhichAPartIsUnmappedDuringTheSplitIsQueued() {
        openEngine(Long.MAX_VALUE);
        long folio = folios.allocate(4);
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables()) {
            tables.addRegion(0, 16, owner, 0);
            owner.adopt(folio, 0);
            assertEquals(0, tables.map(0, folio, 0, 16, true));
            FolioSplitter splitter = splitterThatRunsAfterUnmap(migrating -> tables.unmap(9 << 12, 3));
            folios.lock(folio);
            assertEquals(0, splitter.splitUniform(folio, 3));
            folios.unlock(folio);
            folios.unpin(folio);
            assertEquals(5, FolioMapcounts.total(folio + 8 * PageStruct.BYTES));
            assertEquals(1, queue.nrFolios());
            assertEquals(1, counters.nrPartiallyMapped());

            long nrUsed = engine.leaks().nrPages();
            assertEquals(1, engine.shrinker().shrink(Long.MAX_VALUE));
            engine.awaitReclaim();
            assertEquals(nrUsed - 3, engine.leaks().nrPages());
        }
        assertEquals(0, counters.nrPartiallyMapped());
    }

    /**
     * The rest of a folio is unmapped while a split is tried that fails, so that the shrinker frees it; and what waited
     * for readers before is reclaimed meanwhile, so that as many folios wait afterwards.
     */
    @Test
    void aFolioThatIsFreedWithoutASplitIsAReliefWhateverIsReclaimedMeanwhile() {
        openEngine(Long.MAX_VALUE);
        long folio = folios.allocate(4);
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables()) {
            mapFoliosWithoutTheirFirstPage(owner, tables, folio);
            FolioSplitter splitter = splitterThatRuns(
                    migrating -> {
                        tables.unmap(0, 16);
                        assertTrue(folios.tryPin(migrating));
                        engine.awaitReclaim();
                    },
                    folios::unpin);
            DeferredSplitShrinker shrinker = new DeferredSplitShrinker(splitter.context(), splitter, Long.MAX_VALUE);
            folios.unpin(folios.allocate(0));
            assertEquals(1, folios.nrPendingReclaim());

            assertTrue(shrinker.relieve(1));

            assertEquals(1, folios.nrPendingReclaim());
            assertEquals(0, queue.nrFolios());
            assertEquals(0, counters.nrAnonymous(4));
            assertFalse(shrinker.relieve(1), "nothing is queued");
        }
    }

    /** Each is of order 4 and gives one page; who needs memory has them taken off the queue 32 at a time. */
    @ParameterizedTest
    @CsvSource({"1, 8", "32, 8", "33, 0", "1000, 0"})
    void aReliefGoesOnUntilItHasGivenWhatIsWantedOrTheQueueIsEmpty(long nrPages, long nrLeft) {
        openEngine(Long.MAX_VALUE);
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables()) {
            mapFoliosWithoutTheirFirstPage(owner, tables, newFolios(40));
            assertThrows(IllegalArgumentException.class, () -> engine.shrinker().relieve(0));
            assertEquals(40, queue.nrFolios());
            assertTrue(engine.shrinker().relieve(nrPages));
            assertEquals(nrLeft, queue.nrFolios());
        }
    }

    /** Folios that cannot be split are at the front of the queue; looked at, they are behind. */
    @Test
    void aReliefLooksAtEveryQueuedFolioOnceBeforeItGivesUp() {
        openEngine(Long.MAX_VALUE);
        long[] queued = newFolios(71);
        try (AnonVma owner = engine.newAnonVma();
                PageTables tables = engine.newPageTables()) {
            mapFoliosWithoutTheirFirstPage(owner, tables, queued);
            for (int i = 0; i < 70; i++) {
                assertTrue(folios.tryPin(queued[i]));
            }
            assertTrue(engine.shrinker().relieve(1));
            assertEquals(0, folios.order(queued[70]));
            assertEquals(70, queue.nrFolios());
            assertFalse(engine.shrinker().relieve(1));
            assertEquals(70, queue.nrFolios());
            for (int i = 0; i < 70; i++) {
                folios.unpin(queued[i]);
            }
        }
    }

    private long[] newFolios(int nrFolios) {
        long[] made = new long[nrFolios];
        for (int i = 0; i < nrFolios; i++) {
            made[i] = folios.allocate(4);
        }
        return made;
    }

    private void mapFoliosWithoutTheirFirstPage(AnonVma owner, PageTables tables, long... mapped) {
        tables.addRegion(0, 16L * mapped.length, owner, 0);
        for (int i = 0; i < mapped.length; i++) {
            long firstPage = 16L * i;
            owner.adopt(mapped[i], firstPage);
            assertEquals(0, tables.map(firstPage << 12, mapped[i], 0, 16, true));
            folios.unpin(mapped[i]);
            tables.unmap(firstPage << 12, 1);
        }
        assertEquals(mapped.length, queue.nrFolios());
    }

    private FolioSplitter splitterThatRunsAfterUnmap(LongConsumer afterUnmap) {
        return splitterThatRuns(afterUnmap, folio -> {});
    }

    private FolioSplitter splitterThatRuns(LongConsumer afterUnmap, LongConsumer afterRemap) {
        FolioContext context = engine.splitter().context();
        FolioContext withMappers = new FolioContext(
                context.arena(),
                folios,
                context.headMap(),
                context.folioLock(),
                context.owners(),
                context.swapTable(),
                context.accounting(),
                new RunsAfterwards(context.mappers(), afterUnmap, afterRemap),
                context.lifetime());
        return new FolioSplitter(withMappers, engine.splitStatistics(), null);
    }

    private record RunsAfterwards(FolioMappers mappers, LongConsumer afterUnmap, LongConsumer afterRemap)
            implements FolioMappers {
        @Override
        public boolean unmap(long firstFolio, long nrPages) {
            boolean unmapped = mappers.unmap(firstFolio, nrPages);
            afterUnmap.accept(firstFolio);
            return unmapped;
        }

        @Override
        public void remap(long firstFolio, long nrPages) {
            mappers.remap(firstFolio, nrPages);
            afterRemap.accept(firstFolio);
        }

        @Override
        public void takeUse(long folio, UsedPages used) {
            mappers.takeUse(folio, used);
        }

        @Override
        public void writeProtect(long folio) {
            mappers.writeProtect(folio);
        }

        @Override
        public int closeUnlessMapped(long mapping, Runnable close) {
            return mappers.closeUnlessMapped(mapping, close);
        }
    }

    /** The queue keeps no reference, so what is on it may be split or freed at any time by others. */
    @Test
    void shrinkingBesideSplitsAndFreesLeavesTheQueueWhole() throws InterruptedException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        openEngine(Long.MAX_VALUE);
        AtomicBoolean done = new AtomicBoolean();
        Thread shrinking = new Thread(() -> {
            while (!done.get()) {
                engine.shrinker().shrink(16);
            }
        });
        shrinking.start();
        for (int round = 0; round < 3000; round++) {
            long split = anonymousFolio(4);
            long freed = anonymousFolio(3);
            queue.add(freed, true);
            queue.add(split, (round & 1) == 0);
            folios.lock(split);
            // The shrinker may have a reference right now.
            while (folios.order(split) > 0 && engine.splitter().splitUniform(split, 0) != 0) {
                Thread.onSpinWait();
            }
            folios.unlock(split);
            folios.unpin(freed);
            folios.unpin(split);
        }
        done.set(true);
        shrinking.join();
        assertEquals(0, queue.nrFolios());
        assertEquals(0, counters.nrPartiallyMapped());
    }

    /**
     * Of the first piece pages are unmapped while they migrate. The second is mapped by one leaf, which is being split
     * just then: its pages are counted twice for a moment, and yet do not stand for those of the first.
     */
    @Test
    void aPieceThatLosesPagesWhileItIsSplitIsQueuedThoughALeafOfAnotherIsBeingSplit() {
        openEngine(Long.MAX_VALUE);
        try (SplitSubject subject = new SplitSubject(engine, HeadMapKind.HEAD_BITS, SplitKind.ANONYMOUS_MAPPED)) {
            long first = subject.make(10);
            long second = first + 512L * PageStruct.BYTES;
            subject.mappers.beforeRemap = () -> {
                subject.mappers.forgetMigrating(first, 100);
                subject.mappers.forgetMigrating(second, 512);
                References.add(second, 512);
                FolioStruct.getAndAddLargeMapcount(second, 512);
                FolioStruct.getAndAddEntireMapcount(second, 1);
                FolioStruct.getAndAddNrPagesMapped(second, 512);
            };
            assertEquals(0, subject.splitter.splitUniform(first, 9));
            assertEquals(412, FolioMapcounts.nrPageMappings(first));
            assertTrue(DeferredSplitQueue.isQueued(first));
            assertFalse(DeferredSplitQueue.isQueued(second));
            assertEquals(1, queue.nrFolios());

            FolioStruct.getAndAddEntireMapcount(second, -1);
            FolioStruct.getAndAddNrPagesMapped(second, -512);
            FolioStruct.getAndAddLargeMapcount(second, -512);
            folios.put(second, 512);
            subject.release(first);
        }
    }
}
