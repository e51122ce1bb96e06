/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * Populating beside a thread that goes through all frames, pins each folio that is new, and gives it up for the next
 * one only.
 */
class GuestPopulateTest extends GuestTest {
    private static final long CAPACITY_BYTES = 32 << 20;

    private volatile boolean done;

    @Test
    void whoMeetsAHolderOfEveryNewFolioGivesUpAndLeavesAllAsItWas() throws Exception {
        engine = open(Quire.builder().capacityBytes(CAPACITY_BYTES));
        guest = engine.newGuestMemory(HUGE * PAGE, Geometry.PMD_ORDER, GuestSplitPolicy.UNIFORM, mmu);
        reader = engine.newReader();
        access = guest.newAccess(reader);
        FutureTask<Void> holder = new FutureTask<>(this::holdNewFolios, null);
        new Thread(holder).start();
        try {
            assertTimeoutPreemptively(Duration.ofSeconds(60), () -> assertEquals(Errno.EAGAIN, populateUntilRefused()));
            assertEquals(0, guest.nrPages());
        } finally {
            done = true;
            holder.get();
        }
        unpin(pinPrivate(0));
        check();
    }

    /** Once in a while the holder looks elsewhere when the folio comes. */
    private int populateUntilRefused() {
        int result = guest.allocate(0, HUGE * PAGE);
        while (result == Errno.OK) {
            assertEquals(ConversionResult.OK, guest.punchHole(0, HUGE * PAGE));
            result = guest.allocate(0, HUGE * PAGE);
        }
        return result;
    }

    private void holdNewFolios() {
        Folios folios = engine.folios();
        long held = 0;
        while (!done) {
            for (long pfn = 0; pfn < CAPACITY_BYTES / PAGE; pfn += HUGE) {
                long folio = folios.tryPinFolioOf(engine.arena().pageAt(pfn));
                boolean isNew = folio != 0 && PageStruct.mapping(folio) == 0 && folio != held;
                long givenUp = isNew ? held : folio;
                held = isNew ? folio : held;
                if (givenUp != 0) {
                    folios.unpin(givenUp);
                }
                if (isNew) {
                    // Whoever populates tries for some milliseconds to get it: leaves the processor to them.
                    LockSupport.parkNanos(500_000);
                }
            }
        }
        if (held != 0) {
            folios.unpin(held);
        }
    }
}
