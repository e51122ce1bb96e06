/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.SplitWatch;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Faults beside conversions, and beside each other; each race goes on until both sides had their turn often enough. */
class GuestRaceTest extends GuestTest {
    private static final int ENOUGH = 200;

    private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    private final AtomicLong nrPinned = new AtomicLong();
    private final AtomicLong nrRefused = new AtomicLong();
    private final AtomicLong nrHolesBegun = new AtomicLong();
    private final AtomicLong nrHolesFinished = new AtomicLong();
    private final AtomicLong nrZeroPages = new AtomicLong();
    private final AtomicLong nrUsedPages = new AtomicLong();

    GuestRaceTest() {
        // Pieces are pinned as soon as there are any.
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
    }

    /** While a thread holds a page that a fault gave it, the page is in the state it asked for, and its folio fits. */
    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void whoHoldsAPageHoldsItInTheStateItAskedFor(GuestSplitPolicy policy) throws InterruptedException {
        openPopulated(policy, 2);
        AtomicBoolean stop = new AtomicBoolean();
        Thread host = new Thread(() -> faultUntil(stop, true));
        Thread guestThread = new Thread(() -> faultUntil(stop, false));
        host.start();
        guestThread.start();
        int nrConverted = 0;
        int nrBusy = 0;
        while (nrConverted < ENOUGH || nrPinned.get() < ENOUGH || nrRefused.get() < ENOUGH) {
            for (boolean shared : new boolean[] {true, false}) {
                ConversionResult result = shared ? toShared(500, 20) : toPrivate(500, 20);
                nrConverted += result.isOk() ? 1 : 0;
                nrBusy += result.error() == Errno.EAGAIN ? 1 : 0;
                assertTrue(result.isOk() || result.error() == Errno.EAGAIN, result::toString);
            }
        }
        stop.set(true);
        host.join();
        guestThread.join();
        System.out.println(
                "converted " + nrConverted + ", busy " + nrBusy + ", pinned " + nrPinned + ", refused " + nrRefused);
        assertEquals(List.of(), List.copyOf(wrong));
        assertStamped();
        check();
    }

    private void faultUntil(AtomicBoolean stop, boolean shared) {
        try (RcuReader own = engine.newReader()) {
            GuestAccess ownAccess = guest.newAccess(own);
            for (long index = 490; !stop.get(); index = index == 530 ? 490 : index + 1) {
                long folio = shared ? ownAccess.hostFault(index) : ownAccess.guestFault(index, true);
                if (folio < 0) {
                    nrRefused.incrementAndGet();
                    if (folio != Errno.EACCES) {
                        wrong.add("fault at " + index + ": " + folio);
                    }
                } else {
                    inspect(folio, index, shared);
                    unpin(folio);
                    nrPinned.incrementAndGet();
                }
            }
        }
    }

    private void inspect(long folio, long index, boolean shared) {
        long start = PageStruct.index(folio);
        int order = FolioStruct.order(folio);
        if (guest.isShared(index) != shared) {
            wrong.add("held " + (shared ? "shared" : "private") + " page " + index + " was converted");
        }
        if (shared && order != 0) {
            wrong.add("large folio for shared page " + index);
        }
        if (index < start || index >= start + (1L << order)) {
            wrong.add("folio at " + start + " of order " + order + " for page " + index);
        }
    }

    /**
     * Faults that allocate, beside holes that drop. The host leaves in each page how many holes have begun, so what it
     * finds there is nothing, or was left after the last hole that was finished before.
     */
    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void aFaultBesideAHoleGetsZeroes(GuestSplitPolicy policy) throws InterruptedException {
        open(policy, 2);
        assertEquals(ConversionResult.OK, toShared(500, 20));
        AtomicBoolean stop = new AtomicBoolean();
        Thread host = new Thread(() -> useUntil(stop));
        host.start();
        while (wrong.isEmpty()
                && (nrHolesFinished.get() < ENOUGH || nrZeroPages.get() < ENOUGH || nrUsedPages.get() < ENOUGH)) {
            nrHolesBegun.incrementAndGet();
            ConversionResult result = guest.punchHole(0, 2 * HUGE * PAGE);
            assertTrue(result.isOk() || result.error() == Errno.EAGAIN, result::toString);
            if (result.isOk()) {
                nrHolesFinished.set(nrHolesBegun.get());
            }
        }
        stop.set(true);
        host.join();
        assertEquals(List.of(), List.copyOf(wrong));
        check();
    }

    /**
     * Somebody who goes through all frames and holds each folio for a moment, without a read section: nobody is refused
     * memory for it, and none is lost.
     */
    @ParameterizedTest
    @EnumSource(GuestSplitPolicy.class)
    void aScanOfAllFramesBesideFaultsAndHolesDoesNoHarm(GuestSplitPolicy policy) throws InterruptedException {
        long hugeBytes = Geometry.bytesIn(Geometry.PMD_ORDER);
        // So few frames that the scan comes to each all the time.
        engine = open(Quire.builder().capacityBytes(4 * hugeBytes));
        guest = engine.newGuestMemory(2 * hugeBytes, Geometry.PMD_ORDER, policy);
        reader = engine.newReader();
        access = guest.newAccess(reader);
        // The first huge page is populated in pieces, the second as a whole.
        assertEquals(ConversionResult.OK, toShared(3, 1));
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<Throwable> died = new AtomicReference<>();
        Thread scan = new Thread(() -> scanUntil(stop));
        scan.setUncaughtExceptionHandler((thread, exception) -> died.set(exception));
        scan.start();
        for (int nrFaults = 0; nrFaults < ENOUGH || nrPinned.get() < ENOUGH; nrFaults++) {
            unpin(pinShared(3));
            unpin(pinPrivate(HUGE + 3));
            ConversionResult result;
            do {
                result = guest.punchHole(0, 2 * HUGE * PAGE);
                assertTrue(result.isOk() || result.error() == Errno.EAGAIN, result::toString);
            } while (!result.isOk());
            assertEquals(0, guest.nrPages());
        }
        stop.set(true);
        scan.join();
        assertNull(died.get());
        check();
        guest.close();
        engine.awaitReclaim();
        assertTrue(engine.leaks().isEmpty(), () -> engine.leaks().toString());
    }

    private void scanUntil(AtomicBoolean stop) {
        long nrFrames = engine.arena().nrPages();
        for (long pfn = 0; !stop.get(); pfn = (pfn + HUGE) % nrFrames) {
            long folio = engine.folios().tryPinFolioOf(engine.arena().pageAt(pfn));
            if (folio != 0) {
                nrPinned.incrementAndGet();
                unpin(folio);
            }
        }
    }

    private void useUntil(AtomicBoolean stop) {
        try (RcuReader own = engine.newReader()) {
            GuestAccess ownAccess = guest.newAccess(own);
            for (long index = 500; !stop.get(); index = index == 519 ? 500 : index + 1) {
                long nrFinished = nrHolesFinished.get();
                long folio = ownAccess.hostFault(index);
                if (folio < 0) {
                    wrong.add("fault at " + index + ": " + folio);
                    return;
                }
                use(engine.arena().frameOf(folio), index, nrFinished);
                unpin(folio);
            }
        }
    }

    /** Every word of a page that the host holds must be the same; afterwards it is the number of holes begun. */
    private void use(long frame, long index, long nrFinished) {
        long found = NativeMemory.getLong(frame);
        if (found != 0 && found < nrFinished) {
            wrong.add("page " + index + " has bytes from before hole " + found + ", now there were " + nrFinished);
        }
        (found == 0 ? nrZeroPages : nrUsedPages).incrementAndGet();
        long left = nrHolesBegun.get();
        for (long at = 0; at < PAGE; at += Long.BYTES) {
            long word = NativeMemory.getLong(frame + at);
            if (word != found) {
                wrong.add("page " + index + " has " + word + " at " + at + ", not " + found);
            }
            NativeMemory.setLong(frame + at, left);
        }
    }
}
