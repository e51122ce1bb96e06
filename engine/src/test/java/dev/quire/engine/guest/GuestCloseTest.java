/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.Region;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The end of guest memory: refused, or complete. */
class GuestCloseTest extends GuestTest {
    @Test
    void itIsRefusedWhileARegionShowsItsPages() {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        try (PageTables tables = engine.newPageTables()) {
            Region region = tables.addRegion(1L << 30, HUGE, guest, 0);
            String before = state();
            mmu.calls.clear();
            IllegalStateException refusal = assertThrows(IllegalStateException.class, () -> guest.close());
            assertEquals("the guest memory still has regions: regions=1", refusal.getMessage());
            assertEquals(List.of(), mmu.calls);
            assertFalse(guest.isClosed());
            assertEquals(before, state());
            unpin(pinPrivate(3));
            region.close();
            guest.close();
            assertTrue(guest.isClosed());
            assertThrows(IllegalStateException.class, () -> tables.addRegion(1L << 30, HUGE, guest, 0));
        }
    }

    /** Whoever gets its struct next, gets no region with it. */
    @Test
    void theNextOwnerOfItsStructHasNoRegions() {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        guest.close();
        try (AddressSpace next = engine.newAddressSpace();
                PageTables tables = engine.newPageTables()) {
            assertEquals(guest.address(), next.address(), "structs are reused last in, first out");
            Region region = tables.addRegion(1L << 30, HUGE, next, 0);
            assertThrows(IllegalStateException.class, next::close);
            region.close();
        }
    }

    @Test
    void aZapThatThrowsLeavesNothingBehind() {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        mmu.whileZapping = () -> {
            throw new ArithmeticException("zap");
        };
        assertThrows(ArithmeticException.class, () -> guest.close());
        assertTrue(guest.isClosed());
        engine.awaitReclaim();
        assertTrue(engine.leaks().isEmpty(), () -> engine.leaks().toString());
    }

    @Test
    void aZapThatThrowsLeavesAHoleUnpunchedAndFaultsGoOn() {
        openPopulated(GuestSplitPolicy.UNIFORM, 2);
        mmu.whileZapping = () -> {
            throw new ArithmeticException("zap");
        };
        assertThrows(ArithmeticException.class, () -> guest.punchHole(0, HUGE * PAGE));
        assertStamped();
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        unpin(pinPrivate(3));
        check();
    }
}
