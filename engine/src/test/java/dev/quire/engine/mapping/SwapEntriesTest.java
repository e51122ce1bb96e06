/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.FolioCounters;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SwapTable;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaChecker;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Shared memory that moves to swap and back, in folios of any size (X10, X11 and X12 of the kernel's history). */
@SuppressWarnings("NullAway.Init")
class SwapEntriesTest extends WholeEngineTest {
    private static final long INDEX = 3L << 18;
    private static final int SAMPLES_PER_ORDER = 20;

    private Quire engine;
    private Folios folios;
    private SwapTable swap;
    private AddressSpace space;
    private SwapEntries entries;

    @BeforeEach
    void openSpace() {
        engine = open(HeadMapKind.HEAD_BITS);
        folios = engine.folios();
        swap = engine.swapTable();
        space = engine.newSharedMemory();
        entries = space.swapEntries();
    }

    @AfterEach
    void closeSpace() {
        XaChecker.check(space.index());
        space.close();
        assertEquals(0, swap.nrInUse());
    }

    /** Swaps a new folio of shared memory out and forgets it, as if its bytes had gone to a device. */
    private long swappedOut(int order) {
        long folio = lockedFolio(order);
        long slot = entries.swapOut(folio);
        assertEquals(slot, swap.remove(folio));
        folios.unlock(folio);
        folios.unpin(folio);
        return slot;
    }

    private long lockedFolio(int order) {
        space.extend((INDEX + (1L << order)) << 12);
        long folio = folios.allocate(order);
        assertEquals(Errno.OK, space.add(folio, INDEX));
        folios.lock(folio);
        return folio;
    }

    private int swapIn(int order, long index, long slot) {
        long folio = folios.allocate(order);
        folios.lock(folio);
        int result = entries.swapIn(folio, index, slot);
        folios.unlock(folio);
        folios.unpin(folio);
        return result;
    }

    /** X12: one entry of the folio's order takes its place; the siblings stay siblings. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 6, 9, 12})
    void swappingOutLeavesOneEntryOfTheSameOrder(int order) {
        long folio = lockedFolio(order);
        long slot = entries.swapOut(folio);
        assertEquals(order, entries.orderAt(INDEX + (1L << order) - 1));
        assertEquals(slot + (1L << order) - 1, entries.slotAt(INDEX + (1L << order) - 1));
        assertEquals(1L << order, entries.nrSwappedPages());
        assertEquals(0, space.nrPages());
        assertEquals(1L << order, space.nrChargedPages());
        assertEquals((1 << order) + 1, folios.references(folio));
        assertEquals(folio, swap.pin(slot));
        folios.unpin(folio);
        XaChecker.check(space.index());
        assertEquals(Errno.OK, entries.swapIn(folio, INDEX, slot));
        assertEquals(1L << order, space.nrPages());
        assertEquals(0, entries.nrSwappedPages());
        assertEquals(SwapTable.NO_SLOT, entries.slotAt(INDEX));
        assertEquals(0, swap.nrInUse());
        folios.unlock(folio);
        folios.unpin(folio);
        checkFolios(engine, space);
    }

    /** Else it would be taken for one of shared memory wherever it goes next. */
    @Test
    void aFolioThatIsNotSwappedInIsAsBefore() {
        long slot = swappedOut(0);
        long folio = folios.allocate(0);
        folios.lock(folio);
        long flags = PageStruct.flagsAcquire(folio);
        assertThrows(IllegalArgumentException.class, () -> entries.swapIn(folio, INDEX, swap.nrSlots()));
        assertEquals(flags, PageStruct.flagsAcquire(folio));
        assertEquals(Errno.ENOENT, entries.swapIn(folio, INDEX, slot + 1));
        assertEquals(flags, PageStruct.flagsAcquire(folio));
        assertEquals(Errno.EEXIST, entries.swapIn(folio, INDEX + 1, slot));
        assertEquals(flags, PageStruct.flagsAcquire(folio));
        folios.unlock(folio);
        folios.unpin(folio);
    }

    /** Its page tables would lead to a folio that has left its address space. */
    @ParameterizedTest
    @ValueSource(ints = {0, 4})
    void aMappedFolioIsNotSwappedOut(int order) {
        long folio = lockedFolio(order);
        long nrPages = 1L << order;
        try (PageTables process = engine.newPageTables()) {
            process.addRegion(0, nrPages, space, INDEX);
            assertEquals(Errno.OK, process.map(0, folio, 0, nrPages, false));
            assertEquals(Errno.EBUSY, entries.swapOut(folio));
            assertEquals(space.address(), PageStruct.mapping(folio));
            assertEquals(0, entries.nrSwappedPages());
            assertEquals(0, swap.nrInUse());
            assertEquals(2 * nrPages + 1, folios.references(folio));
            process.unmap(0, nrPages);
            long slot = entries.swapOut(folio);
            assertEquals(nrPages, entries.nrSwappedPages());
            assertEquals(slot, swap.remove(folio));
        }
        folios.unlock(folio);
        folios.unpin(folio);
    }

    /** Its mapping word is 0 then, and that is looked at before anything the mapping would say. */
    @Test
    void aFolioInTheSwapCacheOnlyIsBusy() {
        long folio = lockedFolio(4);
        long slot = entries.swapOut(folio);
        assertEquals(Errno.EBUSY, engine.splitter().splitUniform(folio, 0));
        assertEquals(Errno.EBUSY, engine.splitter().splitNonUniform(folio, folio, 2));
        assertEquals(Errno.EINVAL, engine.splitter().splitUniform(folio, 4), "the order comes first");
        assertEquals(Errno.OK, entries.swapIn(folio, INDEX, slot));
        folios.unlock(folio);
        folios.unpin(folio);
    }

    /** X10: the piece at offset i has the slot i further on; every page, every order. */
    @Test
    void everyPieceOfASplitEntryKeepsItsSlot() {
        for (int order = 1; order <= 9; order++) {
            for (int newOrder = 0; newOrder < order; newOrder++) {
                for (long at = 0; at < 1L << order; at++) {
                    splitSwappedOut(order, at, newOrder);
                }
            }
        }
    }

    /** The same of larger ones, and that they stay whole for want of any node. */
    @Test
    void everyPieceOfALargerSplitEntryKeepsItsSlot() {
        SplittableRandom random = TestSeed.random("everyPieceOfALargerSplitEntryKeepsItsSlot");
        for (int order = 10; order <= Geometry.MAX_ORDER; order++) {
            for (int sample = 0; sample < SAMPLES_PER_ORDER; sample++) {
                splitSwappedOut(order, random.nextLong(1L << order), random.nextInt(order));
            }
            splitSwappedOut(order, (1L << order) - 1, 0);
        }
    }

    /** Splits a new entry, if need be after failures for want of each of the nodes, and removes it. */
    private void splitSwappedOut(int order, long at, int newOrder) {
        String what = "order " + order + " at " + at + " to " + newOrder + ", " + TestSeed.asOption();
        long slot = swappedOut(order);
        // One node on each level of the tree, of 6 bits, that is crossed on the way down to the smallest piece.
        int nrNodes = order / 6 - newOrder / 6;
        long nrNodesBefore = engine.nodes().nrInUse();
        for (int nrSuccesses = 0; nrSuccesses < nrNodes; nrSuccesses++) {
            failures.failAfter(nrSuccesses);
            assertEquals(Errno.ENOMEM, entries.splitEntry(INDEX + at, slot + at, newOrder), what);
            failures.stop();
            assertEquals(order, entries.orderAt(INDEX + at), what);
            assertEquals(slot + at, entries.slotAt(INDEX + at), what);
            assertEquals(nrNodesBefore, engine.nodes().nrInUse(), what);
        }
        failures.failAfter(nrNodes);
        assertEquals(Errno.OK, entries.splitEntry(INDEX + at, slot + at, newOrder), what);
        failures.stop();
        requirePieces(order, at, newOrder, slot, what);
        assertEquals(1L << order, entries.nrSwappedPages(), what);
        XaChecker.check(space.index());
        space.truncate(0, SplitPolicies.RANGE);
        assertEquals(0, entries.nrSwappedPages(), what);
        assertEquals(0, swap.nrInUse(), what);
    }

    /** What is left as it is halved around a page: on each order one piece beside it, and the smallest with it. */
    private void requirePieces(int order, long at, int newOrder, long slot, String what) {
        requirePiece(at & -(1L << newOrder), newOrder, slot, what);
        for (int pieceOrder = newOrder; pieceOrder < order; pieceOrder++) {
            requirePiece((at & -(1L << pieceOrder)) ^ 1L << pieceOrder, pieceOrder, slot, what);
        }
    }

    /** An entry, by all of its pages if they are not too many, else by samples. */
    private void requirePiece(long start, int pieceOrder, long slot, String what) {
        long nrPages = 1L << pieceOrder;
        for (long page = start; page < start + nrPages; page += Math.max(nrPages >>> 6, 1)) {
            assertEquals(pieceOrder, entries.orderAt(INDEX + page), what);
            assertEquals(slot + page, entries.slotAt(INDEX + page), what);
        }
        assertEquals(slot + start + nrPages - 1, entries.slotAt(INDEX + start + nrPages - 1), what);
    }

    /** X10, X11: what the caller believes is checked under the lock. */
    @Test
    void anEntryThatIsNotAsExpectedIsNotSplit() {
        long slot = swappedOut(6);
        assertEquals(Errno.EEXIST, entries.splitEntry(INDEX + 5, slot, 0), "slot of the first page, not of this");
        assertEquals(Errno.EEXIST, entries.splitEntry(INDEX + 64, slot + 64, 0), "nothing there");
        assertEquals(6, entries.orderAt(INDEX));
        assertEquals(Errno.OK, entries.splitEntry(INDEX + 5, slot + 5, 6), "no larger than wanted");
        assertEquals(Errno.OK, entries.splitEntry(INDEX + 5, slot + 5, 2));
        assertEquals(2, entries.orderAt(INDEX + 5));
        assertEquals(5, entries.orderAt(INDEX + 32));
    }

    @Test
    void withoutMemoryAnEntryStaysWhole() {
        long slot = swappedOut(12);
        for (int nrSuccesses = 0; nrSuccesses < 2; nrSuccesses++) {
            long nrNodes = engine.nodes().nrInUse();
            failures.failAfter(nrSuccesses);
            assertEquals(Errno.ENOMEM, entries.splitEntry(INDEX + 77, slot + 77, 0));
            failures.stop();
            assertEquals(12, entries.orderAt(INDEX + 77));
            assertEquals(nrNodes, engine.nodes().nrInUse());
        }
        failures.failAfter(2);
        assertEquals(Errno.OK, entries.splitEntry(INDEX + 77, slot + 77, 0));
        failures.stop();
        assertEquals(0, entries.orderAt(INDEX + 77));
        assertEquals(slot + 4095, entries.slotAt(INDEX + 4095));
    }

    /** X11: consecutive slots, the whole range, no holes, nothing beyond; else EEXIST, and not for ever. */
    @Test
    void aFolioIsSwappedInOnlyWhereEveryEntryFits() {
        long slot = swappedOut(4);
        assertEquals(Errno.EEXIST, swapIn(2, INDEX + 4, slot + 4), "wider than the folio");
        assertEquals(Errno.OK, entries.splitEntry(INDEX + 4, slot + 4, 2));
        assertEquals(Errno.EEXIST, swapIn(2, INDEX + 4, slot + 8), "slots of other pages");
        assertEquals(Errno.OK, swapIn(2, INDEX + 4, slot + 4));
        assertEquals(12, entries.nrSwappedPages());
        assertEquals(Errno.ENOENT, swapIn(3, INDEX, slot), "a folio in the range, its slots given back");
        assertEquals(Errno.ENOENT, swapIn(2, INDEX + 4, slot + 4), "given back");
        space.punchHole((INDEX + 9) << 12, 4096, SplitPolicies.RANGE);
        assertEquals(11, entries.nrSwappedPages());
        assertEquals(15, space.nrChargedPages());
        assertEquals(Errno.ENOENT, swapIn(3, INDEX + 8, slot + 8), "a hole in the range");
        assertEquals(Errno.OK, swapIn(0, INDEX + 8, slot + 8));
        assertEquals(Errno.OK, swapIn(2, INDEX + 12, slot + 12));
        assertEquals(Errno.OK, swapIn(2, INDEX, slot));
        assertEquals(2, entries.nrSwappedPages());
        assertEquals("2,2,0,-,2", FolioLayout.text(space, INDEX, INDEX + 16));
        checkFolios(engine, space);
    }

    @Test
    void entriesInPiecesOfTheFolioComeBackAsOne() {
        FolioCounters counters = engine.accounting().counters();
        long slot = swappedOut(9);
        assertEquals(0, counters.sharedMemoryThpPages());
        assertEquals(Errno.OK, entries.splitEntry(INDEX + 300, slot + 300, 0));
        assertEquals(Errno.OK, swapIn(9, INDEX, slot));
        assertEquals("9", FolioLayout.text(space, INDEX, INDEX + 512));
        assertEquals(512, counters.sharedMemoryThpPages());
        assertEquals(0, swap.nrInUse());
        checkFolios(engine, space);
    }

    @Test
    void aHoleDropsSwappedPagesAndTheirSlotsOnly() {
        long slot = swappedOut(9);
        space.punchHole((INDEX + 100) << 12, 200 << 12, SplitPolicies.RANGE);
        for (long page = 0; page < 512; page++) {
            boolean gone = page >= 100 && page < 300;
            assertEquals(gone ? SwapTable.NO_SLOT : slot + page, entries.slotAt(INDEX + page), "page " + page);
        }
        assertEquals(312, swap.nrInUse());
        assertEquals(312, space.nrChargedPages());
        assertEquals(312, entries.nrSwappedPages());
    }

    @Test
    void aHoleInWhatASwapCacheFolioHoldsFreesTheSlotOnceTheFolioLeaves() {
        long folio = lockedFolio(3);
        long slot = entries.swapOut(folio);
        folios.unlock(folio);
        space.punchHole((INDEX + 2) << 12, 4096, SplitPolicies.RANGE);
        folios.lock(folio);
        assertEquals(8, swap.nrInUse());
        assertEquals(0, swap.pin(slot + 2));
        assertEquals(Errno.EEXIST, entries.swapIn(folio, INDEX, slot), "no longer wholly there");
        assertEquals(slot, swap.remove(folio));
        assertEquals(7, swap.nrInUse());
        folios.unlock(folio);
        folios.unpin(folio);
    }

    @Test
    void misuseIsRefused() {
        AddressSpace file = engine.newAddressSpace();
        assertThrows(IllegalStateException.class, file::swapEntries);
        assertThrows(IllegalStateException.class, () -> file.allocateBeyondEnd(0, 1, 0));
        file.close();
        long folio = lockedFolio(2);
        assertThrows(IllegalStateException.class, () -> entries.swapIn(folio, INDEX, 0), "has an owner");
        assertThrows(IllegalArgumentException.class, () -> entries.swapIn(folio, INDEX + 1, 0));
        assertThrows(IllegalArgumentException.class, () -> entries.splitEntry(-1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> entries.splitEntry(0, 0, 19));
        folios.unlock(folio);
        assertThrows(IllegalStateException.class, () -> entries.swapOut(folio), "not locked");
        assertTrue(folios.tryLock(folio));
        folios.unlock(folio);
        folios.unpin(folio);
        assertEquals(INDEX, PageStruct.index(folio));
    }

    /** A hole finds the folio, and waits for its lock; who holds that moves it to swap. */
    @ParameterizedTest
    @ValueSource(ints = {0, 6})
    void aHoleTakesAFolioThatIsSwappedOutWhileItWaits(int order) throws InterruptedException {
        long folio = lockedFolio(order);
        Thread punching = Thread.ofPlatform()
                .start(() -> space.punchHole(INDEX << 12, Geometry.bytesIn(order), SplitPolicies.RANGE));
        while (!PageFlag.WAITERS.isSet(PageStruct.flagsAcquire(folio))) {
            Thread.onSpinWait();
        }
        assertTrue(entries.swapOut(folio) >= 0);
        folios.unlock(folio);
        punching.join();
        assertEquals(-1, entries.orderAt(INDEX));
        assertEquals(0, entries.nrSwappedPages());
        assertEquals(0, space.nrChargedPages());
        swap.remove(folio);
        folios.unpin(folio);
    }

    /** Pages in swap that a hole has a part of keep their bytes: only who has brought them in can zero them. */
    @Test
    void aHoleLeavesPagesInSwapThatItCutsThrough() {
        swappedOut(2);
        space.punchHole((INDEX << 12) + 1, 2 * 4096, SplitPolicies.RANGE);
        assertEquals(3, entries.nrSwappedPages());
        assertEquals(-1, entries.orderAt(INDEX + 1));
        space.punchHole((INDEX << 12) + 1, 100, SplitPolicies.RANGE);
        assertEquals(3, entries.nrSwappedPages());
    }
}
