/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.pagetable.Region;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What reviews of the original found, each by its number in docs/kernel-map.md. */
class GuestReviewTest extends GuestTest {
    @Test
    void m12NothingIsRolledBackAsNothingFailsAfterTheFirstChange() {
        openPopulated(GuestSplitPolicy.UNIFORM, 2);
        mmu.whileZapping = () -> failures.failAfter(0);
        assertEquals(ConversionResult.OK, toShared(0, 2 * HUGE));
        failures.stop();
        assertEquals("1024x0", layout());
        assertEquals(ConversionResult.OK, toPrivate(0, 2 * HUGE));
        failures.stop();
        assertEquals("2x9", layout());
        check();
    }

    /** The tree has become lower since the huge page was split, so that the merge needs nodes. */
    @Test
    void m12AMergeInATreeThatHasBecomeLowerHasItsNodesReserved() {
        open(GuestSplitPolicy.UNIFORM, 2, Geometry.PUD_ORDER);
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        assertEquals(ConversionResult.OK, toShared(0, 1));
        assertEquals(ConversionResult.OK, guest.punchHole(1L << 30, 1L << 30));
        failures.failAfter(1);
        String before = state();
        assertEquals(refused(Errno.ENOMEM, 0), toPrivate(0, 1));
        assertEquals(before, state());
        mmu.whileZapping = () -> failures.failAfter(0);
        failures.stop();
        assertEquals(ConversionResult.OK, toPrivate(0, 1));
        failures.stop();
        assertEquals("18 -", layout());
        check();
    }

    @Test
    void m13FailuresAtIndex0End() {
        openPopulated(GuestSplitPolicy.UNIFORM, 2);
        assertEquals(ConversionResult.OK, toShared(0, 2 * HUGE));
        long held = pinShared(HUGE);
        assertEquals(refused(Errno.EAGAIN, HUGE), toPrivate(0, 2 * HUGE));
        assertEquals(0, countFrozen());
        unpin(held);
        held = pinShared(0);
        assertEquals(refused(Errno.EAGAIN, 0), toPrivate(0, 2 * HUGE));
        assertEquals(0, countFrozen());
        unpin(held);
        check();
    }

    private long countFrozen() {
        long nrFrozen = 0;
        for (long index = 0; index < guest.endIndex(); index++) {
            nrFrozen += References.count(page(index)) == 0 ? 1 : 0;
        }
        return nrFrozen;
    }

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void m14NoIndexIsEverWithoutAnEntry(GuestSplitPolicy policy) throws InterruptedException {
        openPopulated(policy, 1);
        long[] nrLoads = {0};
        boolean[] stop = {false};
        List<Long> missed = new ArrayList<>();
        Thread lookups = new Thread(() -> {
            try (RcuReader other = engine.newReader()) {
                while (!isStopped(stop)) {
                    other.enter();
                    for (long index = 0; index < HUGE; index += 37) {
                        if (guest.index().load(other, index) == 0) {
                            missed.add(index);
                        }
                        nrLoads[0]++;
                    }
                    other.exit();
                }
            }
        });
        lookups.start();
        for (int round = 0; round < 2000; round++) {
            assertEquals(ConversionResult.OK, toShared(0, HUGE));
            assertEquals(ConversionResult.OK, toPrivate(0, HUGE));
        }
        synchronized (stop) {
            stop[0] = true;
        }
        lookups.join();
        assertEquals(List.of(), missed);
        assertTrue(nrLoads[0] > 0);
    }

    private static boolean isStopped(boolean[] stop) {
        synchronized (stop) {
            return stop[0];
        }
    }

    @Test
    void m15AFailedConversionHasDoneNothingThatCouldBeUndoneTwice() {
        openPopulated(GuestSplitPolicy.UNIFORM, 2);
        assertEquals(ConversionResult.OK, toShared(3, 600));
        mmu.calls.clear();
        long nrSplits = engine.splitStatistics().nrSplits();
        long held = pinShared(600);
        assertEquals(refused(Errno.EAGAIN, 600), toPrivate(3, 600));
        assertEquals(List.of("split 3-603"), mmu.calls);
        assertEquals(nrSplits, engine.splitStatistics().nrSplits());
        unpin(held);
    }

    @Test
    void m16FlagsOfOnePageStayWithThatPage() {
        openPopulated(GuestSplitPolicy.NON_UNIFORM, 1);
        long folio = pinPrivate(5);
        engine.folios().lock(folio);
        engine.folios().markPoisoned(folio + 5 * PageStruct.BYTES);
        PageStruct.getAndSetFlags(folio, PageFlag.DIRTY.mask());
        engine.folios().unlock(folio);
        unpin(folio);

        assertEquals(ConversionResult.OK, toShared(0, 4));
        assertEquals("4x0 2 3 4 5 6 7 8", layout());
        assertTrue(PageFlag.HAS_HWPOISONED.isSet(FolioStruct.flags1(page(4))));
        assertFalse(PageFlag.HAS_HWPOISONED.isSet(FolioStruct.flags1(page(8))));
        assertFalse(PageFlag.HWPOISON.isSet(PageStruct.flags(page(4))));
        assertTrue(PageFlag.HWPOISON.isSet(PageStruct.flags(page(5))));
        assertTrue(PageFlag.DIRTY.isSet(PageStruct.flags(page(3))));

        assertEquals(ConversionResult.OK, toShared(5, 1));
        assertEquals(Errno.EHWPOISON, access.hostFault(5));
        assertEquals(ConversionResult.OK, toPrivate(0, 8));
        assertEquals("9", layout());
        assertTrue(PageFlag.HAS_HWPOISONED.isSet(FolioStruct.flags1(page(0))));
        PageStruct.getAndClearFlags(page(5), PageFlag.HWPOISON.mask());
        check();
    }

    /** Lookups that lost a race hold a reference inside a read section; who converts waits for them once. */
    @Test
    void m17PassingReferencesDoNotFailAConversion() throws InterruptedException {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        long folio = page(0);
        RcuReader other = engine.newReader();
        other.enter();
        assertTrue(engine.folios().tryPin(folio));
        Thread lookup = new Thread(() -> {
            // The conversion has met the reference once it keeps faults off the folios around the page.
            while (!isInvalidated(300)) {
                Thread.onSpinWait();
            }
            sleepBriefly();
            unpin(folio);
            other.exit();
        });
        lookup.start();
        assertEquals(ConversionResult.OK, toShared(0, 1));
        lookup.join();
        other.close();
        check();
    }

    private static void sleepBriefly() {
        try {
            Thread.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void m17WhatSomebodyReallyHoldsDoes() {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        long held = pinPrivate(9);
        assertEquals(refused(Errno.EAGAIN, 0), toShared(0, 1));
        unpin(held);
        assertEquals(ConversionResult.OK, toShared(0, 1));
    }

    @Test
    void m18TheGuestsMappingsStayIfTheConversionFails() {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        long held = pinPrivate(0);
        assertEquals(refused(Errno.EAGAIN, 5), toShared(5, 1));
        unpin(held);
        failures.failAfter(3);
        assertEquals(refused(Errno.ENOMEM, 5), toShared(5, 1));
        failures.stop();
        assertEquals(List.of("split 5-6", "split 5-6"), mmu.calls);
        assertEquals(ConversionResult.OK, toShared(5, 1));
        assertEquals("zap 5-6", mmu.calls.getLast());
    }

    @Test
    void m19LeavesAcrossTheEndsAreSplitBeforeAnyChange() {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        String before = state();
        mmu.splitResult = Errno.ENOMEM;
        assertEquals(refused(Errno.ENOMEM, 5), toShared(5, 10));
        assertEquals(before, state());
        mmu.splitResult = Errno.OK;
        mmu.whileZapping = () -> assertEquals(9, FolioStruct.order(page(0)), "not split yet");
        assertEquals(ConversionResult.OK, toShared(5, 10));
        assertEquals(List.of("split 5-15", "split 5-15", "zap 5-15"), mmu.calls);
    }

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void m20AHoleIsClippedAtBothEnds(GuestSplitPolicy policy) {
        openPopulated(policy, 3);
        assertEquals(ConversionResult.OK, toShared(HUGE + 100, 5));
        assertEquals(ConversionResult.OK, guest.punchHole(500 * PAGE, 700 * PAGE));
        for (long index = 0; index < 3 * HUGE; index++) {
            boolean dropped = index >= HUGE && index < 2 * HUGE;
            boolean zeroed = index >= 500 && index < 1200;
            assertEquals(dropped, page(index) == 0, "page " + index);
            if (!dropped) {
                assertEquals(zeroed ? 0 : stampFor(index), stampAt(index), "page " + index);
            }
        }
        assertEquals(2 * HUGE, guest.nrPages());
        assertTrue(guest.isShared(HUGE + 100), "attributes stay");
        unpin(pinShared(HUGE + 100));
        check();
    }

    @Test
    void m20AHoleInOneHugePageZeroesThatPartOnly() {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        assertEquals(ConversionResult.OK, guest.punchHole(7 * PAGE, 2 * PAGE));
        assertEquals("9", layout());
        assertEquals(stampFor(6), stampAt(6));
        assertEquals(0, stampAt(7));
        assertEquals(0, stampAt(8));
        assertEquals(stampFor(9), stampAt(9));
    }

    /** There is memory for one huge page only. */
    @Test
    void m21TwoFaultsInOneHugePageNeedOne() throws InterruptedException {
        engine = open(dev.quire.engine.Quire.builder().capacityBytes(Geometry.bytesIn(Geometry.PMD_ORDER)));
        guest = engine.newGuestMemory(
                Geometry.bytesIn(Geometry.PMD_ORDER), Geometry.PMD_ORDER, GuestSplitPolicy.UNIFORM);
        reader = engine.newReader();
        access = guest.newAccess(reader);
        for (int round = 0; round < 200; round++) {
            List<Long> seen = new ArrayList<>();
            Thread other = new Thread(() -> {
                try (RcuReader otherReader = engine.newReader()) {
                    seen.add(guest.newAccess(otherReader).guestFault(300, true));
                }
            });
            other.start();
            unpin(pinPrivate(10));
            other.join();
            assertEquals(List.of(page(0)), seen);
            unpin(page(0));
            assertEquals(ConversionResult.OK, guest.punchHole(0, HUGE * PAGE));
        }
    }

    @Test
    void m22AttributesOfAGibibyteChangeInOneRange() {
        open(GuestSplitPolicy.UNIFORM, 16, Geometry.PUD_ORDER);
        assertEquals(ConversionResult.OK, toShared(1L << 18, 8L << 18));
        assertEquals(3, guest.nrAttributeRanges());
        assertEquals(0, nrNodes());
        check();
    }

    @Test
    void m23AFaultyFrameIsReportedInWhateverFolioItIs() {
        openPopulated(GuestSplitPolicy.STAGED, 1);
        long folio = pinPrivate(0);
        engine.folios().lock(folio);
        engine.folios().markPoisoned(folio + 77 * PageStruct.BYTES);
        engine.folios().unlock(folio);
        unpin(folio);
        assertEquals(Errno.EHWPOISON, access.guestFault(77, true));
        assertEquals(folio, pinPrivate(78));
        unpin(folio);
        assertEquals(ConversionResult.OK, toShared(77, 1));
        assertEquals(Errno.EHWPOISON, access.hostFault(77));
        assertEquals(ConversionResult.OK, toPrivate(77, 1));
        assertEquals("9", layout());
        PageStruct.getAndClearFlags(folio + 77 * PageStruct.BYTES, PageFlag.HWPOISON.mask());
    }

    @Test
    void m24EveryPageIsCountedOnce() {
        openPopulated(GuestSplitPolicy.UNIFORM, 2);
        assertEquals(1024, guest.nrPages());
        assertEquals(1024, engine.accounting().counters().fileThpPages());
        assertEquals(ConversionResult.OK, toShared(5, 1));
        assertEquals(1024, guest.nrPages());
        assertEquals(512, engine.accounting().counters().fileThpPages());
        assertEquals(ConversionResult.OK, toPrivate(5, 1));
        assertEquals(1024, engine.accounting().counters().fileThpPages());
        assertEquals(ConversionResult.OK, guest.punchHole(0, 2 * HUGE * PAGE));
        assertEquals(0, guest.nrPages());
        assertEquals(0, engine.accounting().counters().fileThpPages());
    }

    @Test
    void m25TheHostsMappingsAreGoneBeforeAPageIsPrivate() {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        assertEquals(ConversionResult.OK, toShared(8, 4));
        try (PageTables tables = engine.newPageTables();
                Region region = tables.addRegion(1L << 30, HUGE, guest, 0);
                RcuReader walkReader = engine.newReader()) {
            PageWalker walker = tables.newWalker(walkReader);
            for (long index = 8; index < 12; index++) {
                long folio = pinShared(index);
                engine.folios().lock(folio);
                assertEquals(Errno.OK, tables.map(region.start() + index * PAGE, folio, 0, 1, true));
                engine.folios().unlock(folio);
                unpin(folio);
            }
            assertEquals(2, engine.folios().references(page(9)));
            assertEquals(ConversionResult.OK, toPrivate(9, 2));
            assertNotEquals(0, pinAndUnpin(walker, region.start() + 8 * PAGE));
            assertEquals(0, pinAndUnpin(walker, region.start() + 9 * PAGE));
            assertEquals(0, pinAndUnpin(walker, region.start() + 10 * PAGE));
            assertNotEquals(0, pinAndUnpin(walker, region.start() + 11 * PAGE));
            assertEquals(ConversionResult.OK, toPrivate(8, 4));
            assertEquals("9", layout());
        }
    }

    @Test
    void m25TheyAreGoneFromEveryProcess() {
        openPopulated(GuestSplitPolicy.NON_UNIFORM, 1);
        assertEquals(ConversionResult.OK, toShared(8, 2));
        try (PageTables parent = engine.newPageTables();
                PageTables child = engine.newPageTables();
                Region ofParent = parent.addRegion(1L << 30, HUGE, guest, 0);
                Region ofChild = child.addRegion(5L << 30, HUGE, guest, 0);
                RcuReader walkReader = engine.newReader()) {
            long folio = pinShared(8);
            engine.folios().lock(folio);
            assertEquals(Errno.OK, parent.map(ofParent.start() + 8 * PAGE, folio, 0, 1, true));
            assertEquals(Errno.OK, child.map(ofChild.start() + 8 * PAGE, folio, 0, 1, true));
            engine.folios().unlock(folio);
            unpin(folio);
            assertEquals(3, engine.folios().references(page(8)));
            assertEquals(ConversionResult.OK, toPrivate(8, 1));
            assertEquals(0, pinAndUnpin(parent.newWalker(walkReader), ofParent.start() + 8 * PAGE));
            assertEquals(0, pinAndUnpin(child.newWalker(walkReader), ofChild.start() + 8 * PAGE));
            assertEquals(1, engine.folios().references(page(8)));
        }
        check();
    }

    private long pinAndUnpin(PageWalker walker, long address) {
        long folio = walker.pin(address, false);
        if (folio != 0) {
            unpin(engine.folios().headOf(folio));
        }
        return folio;
    }
}
