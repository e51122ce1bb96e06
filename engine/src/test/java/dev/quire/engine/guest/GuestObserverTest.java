/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.ThrowingObserver;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An observer that throws leaves no page frozen, and frees none that the guest has. */
class GuestObserverTest extends GuestTest {
    private ThrowingObserver observer(GuestSplitPolicy policy, boolean atBegin) {
        ThrowingObserver observer = new ThrowingObserver(atBegin);
        engine = open(Quire.builder().capacityBytes(64L << 20).splitObserver(observer));
        guest = engine.newGuestMemory(2 * HUGE * PAGE, Geometry.PMD_ORDER, policy, mmu);
        reader = engine.newReader();
        access = guest.newAccess(reader);
        return observer;
    }

    private void checkReferences() {
        guest.forEachFolio((index, order, folio) ->
                assertEquals(Geometry.pagesIn(order) + 1, engine.folios().references(folio), "with that of this loop"));
        check();
    }

    @ParameterizedTest
    @CsvSource({"UNIFORM, true", "UNIFORM, false", "STAGED, false", "NON_UNIFORM, true", "NON_UNIFORM, false"})
    void aConversionIsDoneToItsEnd(GuestSplitPolicy policy, boolean atBegin) {
        ThrowingObserver observer = observer(policy, atBegin);
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        observer.throwAfter(0);
        assertThrows(IllegalStateException.class, () -> toShared(0, 2 * HUGE));
        assertEquals(2, observer.nrThrown());
        assertEquals("1024x0", layout());
        checkReferences();
        observer.stop();
        assertEquals(ConversionResult.OK, toPrivate(0, 2 * HUGE));
        assertEquals("2x9", layout());
        checkReferences();
    }

    @ParameterizedTest
    @CsvSource({"UNIFORM, true", "UNIFORM, false", "NON_UNIFORM, true", "NON_UNIFORM, false"})
    void whatIsAllocatedInPiecesStays(GuestSplitPolicy policy, boolean atBegin) {
        ThrowingObserver observer = observer(policy, atBegin);
        assertEquals(ConversionResult.OK, toShared(0, 1));
        observer.throwAfter(0);
        assertThrows(IllegalStateException.class, () -> guest.allocate(0, HUGE * PAGE));
        assertEquals(1, observer.nrThrown());
        assertEquals(HUGE, guest.nrPages());
        checkReferences();
        observer.stop();
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
        unpin(pinShared(0));
        unpin(pinPrivate(1));
        checkReferences();
    }
}
