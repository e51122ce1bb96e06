/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a conversion keeps waiting: what it converts, and nothing else for longer than it must. */
class GuestInvalidationTest extends GuestTest {
    /** Faults in a thread of its own, from inside a conversion; the result once it is there. */
    private Thread fault(long index, boolean asPrivate, List<Long> seen) {
        Thread thread = new Thread(() -> {
            try (RcuReader own = engine.newReader()) {
                long folio = guest.newAccess(own).guestFault(index, asPrivate);
                seen.add(folio);
                if (folio > 0) {
                    unpin(folio);
                }
            }
        });
        thread.start();
        return thread;
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void awaitWaiting(Thread thread) {
        while (thread.getState() != Thread.State.WAITING) {
            assertTrue(thread.isAlive(), "the fault did not wait");
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void faultsBesideTheRangeAreAnsweredWhileItIsConverted(GuestSplitPolicy policy) {
        openPopulated(policy, 2);
        assertEquals(ConversionResult.OK, toShared(4, 4));
        List<Long> seen = new ArrayList<>();
        mmu.whileZapping = () -> {
            // The neighbours of what is converted, which are folios of their own and stay so.
            for (long index : new long[] {4, 6, 7}) {
                assertFalse(isInvalidated(index), "page " + index);
                join(fault(index, false, seen));
            }
            assertFalse(isInvalidated(HUGE));
            join(fault(HUGE, true, seen));
            assertTrue(isInvalidated(5));
        };
        assertEquals(ConversionResult.OK, toPrivate(5, 1));
        assertEquals(List.of(page(4), page(6), page(7), page(HUGE)), seen);
        assertStamped();
        check();
    }

    /** Two ranges of one huge page, one after the other: what was had before the second cannot be mapped after it. */
    @Test
    void aSequenceFromBeforeAConversionIsStaleForEveryPage() {
        openPopulated(GuestSplitPolicy.UNIFORM, 2);
        long before = guest.invalidateSequence();
        assertFalse(guest.isInvalidated(before, 5, 6));
        assertEquals(ConversionResult.OK, toShared(100, 1));
        assertTrue(guest.isInvalidated(before, 5, 6));
        assertFalse(isInvalidated(5));
        long after = guest.invalidateSequence();
        assertEquals(ConversionResult.OK, toShared(100, 1), "no change");
        assertFalse(guest.isInvalidated(after, 100, 101));
    }

    @Test
    void aFaultThatAllocatesAnotherHugePageIsAnswered() {
        open(GuestSplitPolicy.STAGED, 2);
        assertEquals(Errno.OK, guest.allocate(0, HUGE * PAGE));
        List<Long> seen = new ArrayList<>();
        mmu.whileZapping = () -> join(fault(HUGE + 3, true, seen));
        assertEquals(ConversionResult.OK, toShared(3, 1));
        assertEquals(List.of(page(HUGE)), seen);
        assertEquals("512x0 9", layout());
        check();
    }

    @Test
    void aFaultThatAllocatesTheSameHugePageWaitsAndGetsTheNewFolios() {
        open(GuestSplitPolicy.NON_UNIFORM, 1);
        List<Long> seen = new ArrayList<>();
        List<Thread> faults = new ArrayList<>();
        mmu.whileZapping = () -> {
            faults.add(fault(2, true, seen));
            awaitWaiting(faults.getFirst());
        };
        assertEquals(ConversionResult.OK, toShared(3, 1));
        join(faults.getFirst());
        assertEquals(List.of(page(2)), seen);
        assertEquals("1 2x0 2 3 4 5 6 7 8", layout());
        check();
    }

    @Test
    void aFaultInsideTheRangeWaitsAlsoIfThePageIsThere() {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        assertEquals(ConversionResult.OK, toShared(3, 2));
        List<Long> seen = new ArrayList<>();
        List<Thread> faults = new ArrayList<>();
        mmu.whileZapping = () -> {
            faults.add(fault(3, true, seen));
            awaitWaiting(faults.getFirst());
        };
        assertEquals(ConversionResult.OK, toPrivate(3, 1));
        join(faults.getFirst());
        assertEquals(List.of(page(3)), seen);
        check();
    }

    /** A conversion that meets a passing reference keeps faults off the huge pages it touches before it tries again. */
    @Test
    void beforeItGivesUpItKeepsFaultsOffTheFoliosAround() throws InterruptedException {
        openPopulated(GuestSplitPolicy.UNIFORM, 3);
        long folio = page(HUGE);
        AtomicBoolean beside = new AtomicBoolean(true);
        Thread lookup = new Thread(() -> {
            try (RcuReader other = engine.newReader()) {
                other.enter();
                assertTrue(engine.folios().tryPin(folio));
                beside.set(false);
                while (!isInvalidated(HUGE + 300)) {
                    Thread.onSpinWait();
                }
                long sequence = guest.invalidateSequence();
                beside.set(guest.isInvalidated(sequence, HUGE - 1, HUGE)
                        || guest.isInvalidated(sequence, 2 * HUGE, 3 * HUGE));
                unpin(folio);
                other.exit();
            }
        });
        lookup.start();
        while (beside.get()) {
            Thread.onSpinWait();
        }
        assertEquals(ConversionResult.OK, toShared(HUGE + 5, 1));
        lookup.join();
        assertFalse(beside.get(), "other huge pages are left alone");
        check();
    }

    /** Its huge page is not there yet, so a conversion that did not wait would leave it as it was before. */
    @Test
    void aConversionBeginsOnceFaultsThatAllocateAreOver() throws InterruptedException {
        open(GuestSplitPolicy.UNIFORM, 1);
        InvalidateLock lock = guest.invalidateLock();
        lock.lockShared(0, HUGE);
        List<ConversionResult> results = new ArrayList<>();
        Thread converter = new Thread(() -> results.add(toShared(3, 1)));
        converter.start();
        awaitWaiting(converter);
        assertEquals("0:private", attributes());
        assertFalse(isInvalidated(3));
        lock.unlockShared();
        converter.join();
        assertEquals(List.of(ConversionResult.OK), results);
        assertEquals("0:private 3:shared 4:private", attributes());
    }

    /** Of a guest's page tables that call back: a fault would wait for the conversion, which waits for it. */
    @Test
    void callsFromInsideAConversionAreRefused() {
        open(GuestSplitPolicy.UNIFORM, 2);
        assertEquals(Errno.OK, guest.allocate(0, HUGE * PAGE));
        String message = "guest memory called from inside a conversion, a hole or a visit of it";
        List<Runnable> calls = List.of(
                () -> access.guestFault(HUGE, true),
                () -> access.guestFault(3, true),
                // Beside the range, in the folio that is frozen.
                () -> access.guestFault(5, true),
                () -> guest.allocate(HUGE * PAGE, HUGE * PAGE),
                () -> toShared(HUGE, 1),
                () -> guest.punchHole(0, PAGE),
                () -> guest.close(),
                () -> guest.forEachFolio((index, order, folio) -> {}));
        List<Long> seen = new ArrayList<>();
        List<Thread> faults = new ArrayList<>();
        mmu.whileZapping = () -> {
            for (Runnable call : calls) {
                assertEquals(
                        message,
                        assertThrows(IllegalStateException.class, call::run).getMessage());
            }
            // Still held: the refused calls have not given the conversion's hold back.
            faults.add(fault(3, true, seen));
            awaitWaiting(faults.getFirst());
        };
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> assertEquals(ConversionResult.OK, toShared(3, 1)));
        join(faults.getFirst());
        assertEquals(List.of((long) Errno.EACCES), seen);
        assertEquals("512x0 -", layout());
        check();
    }

    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void freezesAreTimed(GuestSplitPolicy policy) {
        open(policy, 2, Geometry.PUD_ORDER);
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        assertEquals(0, guest.lastFreezeNanos());
        assertEquals(ConversionResult.OK, toShared(77_777, 300_000));
        assertTrue(guest.lastFreezeBesideNanos() > 0);
        assertTrue(guest.lastFreezeNanos() >= guest.lastFreezeBesideNanos());
        check();
        // Whole huge pages from here on: no folio has pages of both kinds.
        assertEquals(ConversionResult.OK, toShared(0, 2 << 18));
        assertEquals(ConversionResult.OK, toPrivate(1 << 18, 1 << 18));
        assertTrue(guest.lastFreezeNanos() > 0);
        assertEquals(0, guest.lastFreezeBesideNanos());
        assertEquals(ConversionResult.OK, toShared(1 << 18, 1 << 18));
        assertEquals(0, guest.lastFreezeBesideNanos());
    }

    @Test
    void stagesAreSplitsOfTheirOwn() {
        open(GuestSplitPolicy.STAGED, 2, Geometry.PUD_ORDER);
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        // The last 2 pages of the first GiB, and the first 513 of the second.
        assertEquals(ConversionResult.OK, toShared((1 << 18) - 2, 2 + 513));
        assertEquals("511x9 1536x0 510x9", layout());
        assertEquals(2, engine.splitStatistics().nrSplits(Geometry.PUD_ORDER));
        assertEquals(3, engine.splitStatistics().nrSplits(Geometry.PMD_ORDER));
        assertEquals(2 * 512 + 3 * 512, engine.splitStatistics().nrPieces());
        assertEquals(2 * 65 + 3 * 8, engine.splitStatistics().nrNodesAdded());
        check();
        assertEquals(ConversionResult.OK, toPrivate(0, 2 << 18));
        assertEquals("2x18", layout());
        check();
    }

    /**
     * Who wants a page beside the range gets it in a folio of 2 MiB while pages of the range still wait for their turn.
     */
    @Test
    void betweenTheStagesTheOtherPiecesCanBeHad() throws InterruptedException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        open(GuestSplitPolicy.STAGED, 1, Geometry.PUD_ORDER);
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        long huge = page(0);
        long start = 100 * HUGE;
        long nrPages = 300 * HUGE;
        long middle = huge + (start + nrPages - 2 * HUGE) * PageStruct.BYTES;
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong nrHadBetween = new AtomicLong();
        Thread reader = new Thread(() -> {
            try (RcuReader own = engine.newReader()) {
                GuestAccess ownAccess = guest.newAccess(own);
                while (!stop.get()) {
                    long folio = ownAccess.guestFault(7, true);
                    if (FolioStruct.order(folio) == Geometry.PMD_ORDER && References.count(middle) == 0) {
                        nrHadBetween.incrementAndGet();
                    }
                    unpin(folio);
                }
            }
        });
        reader.start();
        while (nrHadBetween.get() < 10) {
            convertOnceNobodyHoldsIt(start, nrPages, true);
            convertOnceNobodyHoldsIt(start, nrPages, false);
        }
        stop.set(true);
        reader.join();
        assertEquals("18", layout());
        check();
    }

    private void convertOnceNobodyHoldsIt(long index, long nrPages, boolean shared) {
        int error;
        do {
            error = (shared ? toShared(index, nrPages) : toPrivate(index, nrPages)).error();
        } while (error == Errno.EAGAIN);
        assertEquals(Errno.OK, error);
    }
}
