/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.GuestSplitPolicy;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.Advice;
import dev.quire.engine.pagetable.AnonymousMemory;
import dev.quire.engine.pagetable.LargeFolioOrders;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.pagetable.Protection;
import dev.quire.engine.rcu.RcuReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Who finds memory full asks all others in vain, as the only queued folio is pinned; but while they look somebody frees
 * what he has. There is memory then.
 */
@SuppressWarnings("NullAway.Init")
@Timeout(60)
class MemoryFreedMeanwhileTest extends WholeEngineTest {
    private static final long BASE = 1L << 30;
    private static final long FAR = 1L << 40;
    private static final long PAGE = 4096;
    private static final long HUGE = 512 * PAGE;

    private Quire engine;
    private AnonymousMemory memory;
    private RcuReader reader;
    private PageWalker walker;
    private long pinned;

    /** Page after those that are there. */
    private long end;

    /** Freed when a split fails; 0 for nothing. */
    private long spare;

    private void openFull(int spareOrder) {
        engine = open(Quire.builder().capacityBytes(8 << 20).splitObserver(this::freeSpare));
        reader = engine.newReader();
        long folio = engine.folios().allocate(spareOrder);
        memory = engine.newAnonymousMemory(SplitPolicies.RANGE, LargeFolioOrders.ALWAYS_2_MIB);
        assertEquals(Errno.OK, memory.map(BASE, 8 * HUGE, Protection.READ_WRITE));
        end = BASE;
        while (memory.faultIn(end, true) == Errno.OK) {
            end += PAGE;
        }
        walker = memory.tables().newWalker(reader);
        pinned = walker.pin(BASE + 200 * PAGE, true);
        assertNotEquals(PageWalker.NOT_PINNED, pinned);
        assertEquals(Errno.OK, memory.advise(BASE, 100 * PAGE, Advice.DONT_NEED));
        assertEquals(1, engine.accounting().deferredSplits().nrFolios());
        spare = folio;
    }

    private void freeSpare(int order, long nrPieces, int result, long nanos, long frozenNanos) {
        if (result != Errno.OK && spare != 0) {
            engine.folios().unpin(spare);
            spare = 0;
            // As many folios wait for readers as before: none.
            engine.awaitReclaim();
        }
    }

    @AfterEach
    void close() {
        assertEquals(0, spare, "freed");
        walker.unpin(pinned);
        memory.close();
        reader.close();
    }

    @Test
    void aFaultGetsWhatIsFreedMeanwhile() {
        openFull(0);
        assertEquals(Errno.OK, memory.faultIn(end, true));
        assertEquals(1, memory.nrFaultsRefused(), "the one that found memory full");
    }

    @Test
    void aMoveGetsWhatIsFreedMeanwhile() {
        openFull(2);
        assertEquals(Errno.OK, memory.remap(BASE + 300 * PAGE, PAGE, FAR, PAGE));
    }

    @Test
    void newPageTablesGetWhatIsFreedMeanwhile() {
        openFull(0);
        try (PageTables tables = engine.newPageTables()) {
            assertFalse(tables.isClosed());
        } catch (OutOfMemoryError refused) {
            // As it is it would end the virtual machine of the test.
            throw new AssertionError(refused);
        }
    }

    @Test
    void guestMemoryGetsWhatIsFreedMeanwhile() {
        openFull(Geometry.PMD_ORDER);
        try (GuestMemory guest = engine.newGuestMemory(HUGE, Geometry.PMD_ORDER, GuestSplitPolicy.NON_UNIFORM)) {
            assertEquals(Errno.OK, guest.allocate(0, HUGE));
            assertEquals(512, guest.nrPages());
        }
    }
}
