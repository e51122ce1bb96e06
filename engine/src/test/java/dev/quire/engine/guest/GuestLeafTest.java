/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The guest's large leaf entries beside conversions: none loses a page that was not converted. */
class GuestLeafTest extends GuestTest {
    private static final long CONVERTED = 5;
    private static final long BESIDE = 7;

    private final LeafMmu leaves = new LeafMmu();
    private boolean mapped;

    @BeforeEach
    void openHugePage() {
        engine = open(HeadMapKind.HEAD_BITS);
        guest = engine.newGuestMemory(
                Geometry.bytesIn(Geometry.PMD_ORDER), Geometry.PMD_ORDER, GuestSplitPolicy.UNIFORM, leaves);
        reader = engine.newReader();
        access = guest.newAccess(reader);
        assertEquals(Errno.OK, guest.allocate(0, guest.sizeBytes()));
    }

    /** A guest fault in a thread of its own, as a virtual processor's. */
    private void faultBeside() {
        Thread processor = new Thread(() -> {
            try (RcuReader own = engine.newReader()) {
                long sequence = guest.invalidateSequence();
                long folio = guest.newAccess(own).guestFault(BESIDE, true);
                mapped = leaves.map(
                        guest,
                        sequence,
                        engine.folios().index(folio),
                        engine.folios().order(folio));
                unpin(folio);
            }
        });
        processor.start();
        try {
            processor.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void m19ALeafAcrossAnEndIsSplitAndLosesOnlyTheRange() {
        faultBeside();
        assertTrue(mapped);
        assertEquals(9, leaves.orderAt(CONVERTED));
        assertEquals(ConversionResult.OK, toShared(CONVERTED, 1));
        assertEquals(List.of(), leaves.wrong);
        assertEquals(-1, leaves.orderAt(CONVERTED));
        assertEquals(0, leaves.orderAt(BESIDE));
        assertEquals(0, leaves.orderAt(511));
    }

    @Test
    void m19NoLeafIsMappedAcrossAnEndOnceTheyHaveBeenSplit() {
        leaves.afterSplitting = this::faultBeside;
        assertEquals(ConversionResult.OK, toShared(CONVERTED, 1));
        assertEquals(List.of(), leaves.wrong);
        assertFalse(mapped);
    }

    @Test
    void m19NorFromThenOnThatFaultsOnTheRangeAreTurnedAway() {
        leaves.beforeSplitting = this::faultBeside;
        assertEquals(ConversionResult.OK, toShared(CONVERTED, 1));
        assertEquals(List.of(), leaves.wrong);
        assertFalse(mapped, "the leaf would have to be split again");
        faultBeside();
        assertTrue(mapped, "once the conversion is over");
        assertEquals(0, leaves.orderAt(BESIDE));
    }

    @Test
    void aLeafIsInvalidatedByAnyPageOfIt() {
        leaves.afterSplitting = () -> {
            long sequence = guest.invalidateSequence();
            assertFalse(guest.isInvalidated(sequence, 0, CONVERTED));
            assertTrue(guest.isInvalidated(sequence, 0, CONVERTED + 1));
            assertTrue(guest.isInvalidated(sequence, CONVERTED, CONVERTED + 1));
            assertTrue(guest.isInvalidated(sequence, 0, 512));
            assertFalse(guest.isInvalidated(sequence, CONVERTED + 1, 512));
            assertTrue(guest.isInvalidated(sequence - 1, CONVERTED + 1, 512));
        };
        assertEquals(ConversionResult.OK, toShared(CONVERTED, 1));
        for (long[] range : new long[][] {{-1, 1}, {0, 0}, {5, 4}, {0, 513}}) {
            assertThrows(IllegalArgumentException.class, () -> guest.isInvalidated(0, range[0], range[1]));
        }
    }
}
