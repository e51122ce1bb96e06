/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.folio.FolioCounters;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.GuestSplitPolicy;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.Readahead;
import dev.quire.engine.pagetable.LargeFolioOrders;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.Region;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaNodeReserve;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What a closed engine leaves to those who still have something of it. */
class ClosedEngineTest {
    private final Quire engine =
            Quire.builder().capacityBytes(1L << 24).lockOrderChecked(true).open();

    @AfterEach
    void close() {
        engine.close();
    }

    private static void assertRefused(Executable call) {
        assertEquals(
                "the engine is closed",
                assertThrows(IllegalStateException.class, call).getMessage());
    }

    @Test
    void addressSpacesRefuseWhatTheyAreAskedFor() {
        AddressSpace space = engine.newAddressSpace();
        space.extend(1 << 20);
        Readahead readahead = new Readahead(space, 9);
        engine.close();
        assertRefused(() -> readahead.read(0, 1));
        assertRefused(() -> new Readahead(space, 0).read(1, 1));
        assertRefused(space::endIndex);
        assertRefused(() -> space.uncharge(1));
        assertThrows(IllegalStateException.class, () -> space.addNrPages(1));
        assertRefused(space::close);
    }

    @Test
    void nodesSetAsideAreNotHandedOver() {
        XaNodeReserve reserve = new XaNodeReserve(engine.nodes());
        XaCursor cursor = new XaCursor(engine.newArray(0));
        assertTrue(reserve.await(3));
        assertTrue(cursor.tryReserve(2));
        engine.close();
        assertRefused(() -> reserve.giveTo(cursor));
        assertRefused(() -> reserve.await(4));
        assertRefused(reserve::free);
    }

    @Test
    void guestMemoryRefusesWhatItIsAskedFor() {
        GuestMemory guest = engine.newGuestMemory(1 << 21, 9, GuestSplitPolicy.UNIFORM);
        RcuReader reader = engine.newReader();
        engine.close();
        assertThrows(IllegalStateException.class, () -> guest.addNrPages(1));
        assertRefused(() -> guest.newAccess(reader));
    }

    @Test
    void whatIsClosedAlreadyClosesAgain() {
        PageTables tables = engine.newPageTables();
        Region region = tables.addRegion(0, 16, engine.newAddressSpace(), 0);
        region.close();
        List<AutoCloseable> closed = List.of(
                engine.newAddressSpace(),
                engine.newGuestMemory(1 << 21, 9, GuestSplitPolicy.UNIFORM),
                engine.pageCache().newSharedMemory(1 << 20),
                region,
                tables,
                engine.newAnonymousMemory(SplitPolicies.UNIFORM, LargeFolioOrders.ALL),
                engine.newAnonVma(),
                engine.newArray(0),
                engine.newReader());
        for (AutoCloseable each : closed) {
            assertDoesNotThrow(each::close);
        }
        engine.close();
        for (AutoCloseable each : closed) {
            assertDoesNotThrow(each::close, each.getClass().getName());
        }
    }

    @Test
    void countersRefuseToCount() {
        FolioCounters counters = engine.accounting().counters();
        counters.addThpPages(false, 0);
        engine.close();
        assertRefused(() -> counters.addThpPages(false, 1));
    }

    @Test
    void framesOfAClosedArenaAreLeftAlone() {
        long page = engine.arena().pageAt(1);
        engine.arena().zeroFrames(page, 1);
        engine.close();
        assertThrows(IllegalStateException.class, () -> engine.arena().zeroFrames(page, 1));
        assertThrows(IllegalStateException.class, () -> engine.arena().adviseHugeMetadata(true));
    }
}
