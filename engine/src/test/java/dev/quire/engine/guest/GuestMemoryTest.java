/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.LruList;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.folio.MemoryGroup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GuestMemoryTest extends GuestTest {
    @Test
    void aNewMemoryIsPrivateAndNotPopulated() {
        open(GuestSplitPolicy.UNIFORM, 2);
        assertEquals("-", layout());
        assertEquals("0:private", attributes());
        assertEquals(0, guest.nrPages());
        assertEquals(2L << 21, guest.sizeBytes());
        assertEquals(9, guest.hugeOrder());
        assertFalse(guest.isShared(0));
        check();
    }

    @Test
    void aFaultPopulatesTheWholeHugePageWithZeroes() {
        open(GuestSplitPolicy.UNIFORM, 2);
        long folio = pinPrivate(700);
        assertEquals("- 9", layout());
        assertEquals(9, engine.folios().order(folio));
        for (long index = 512; index < 1024; index++) {
            assertEquals(0, stampAt(index));
            stamp(index, 1);
        }
        unpin(folio);
        // The same frames again.
        assertEquals(ConversionResult.OK, guest.punchHole(HUGE * PAGE, HUGE * PAGE));
        engine.awaitReclaim();
        unpin(pinPrivate(700));
        for (long index = 512; index < 1024; index++) {
            assertEquals(0, stampAt(index));
        }
        check();
    }

    /** A merge meets pages before the range and behind it: the caller is told which, as none of the range is held. */
    @ParameterizedTest
    @ValueSource(longs = {0, 3, 6, 511})
    void whoHoldsAPageBesideTheRangeThatBecomesOneFolioWithItIsNamed(long held) {
        openPopulated(GuestSplitPolicy.UNIFORM, 2);
        assertEquals(ConversionResult.OK, toShared(HUGE + 5, 1));
        long folio = pinPrivate(HUGE + held);
        assertEquals(refused(Errno.EAGAIN, HUGE + held), toPrivate(HUGE + 5, 1));
        unpin(folio);
        assertEquals(ConversionResult.OK, toPrivate(HUGE + 5, 1));
        check();
    }

    @Test
    void faultsAreForPagesOfTheirStateOnly() {
        open(GuestSplitPolicy.UNIFORM, 1);
        assertEquals(ConversionResult.OK, toShared(5, 1));
        assertEquals(Errno.EACCES, access.hostFault(4));
        assertEquals(Errno.EACCES, access.guestFault(5, true));
        assertEquals("-", layout(), "a refused fault allocates nothing");
        unpin(pinShared(5));
        unpin(pinPrivate(4));
        long folio = access.guestFault(5, false);
        assertEquals(page(5), folio);
        unpin(folio);
        assertEquals(Errno.EFAULT, access.hostFault(512));
        assertEquals(Errno.EFAULT, access.guestFault(Long.MAX_VALUE, true));
        assertEquals("512x0", layout());
    }

    @Test
    void withoutMemoryAFaultChangesNothing() {
        open(GuestSplitPolicy.STAGED, 2);
        assertEquals(ConversionResult.OK, toShared(5, 1));
        String before = state();
        int nrFailures = 0;
        failures.failAfter(0);
        long folio = access.hostFault(5);
        while (folio < 0) {
            assertEquals(Errno.ENOMEM, folio);
            failures.stop();
            assertEquals(before, state());
            failures.failAfter(++nrFailures);
            folio = access.hostFault(5);
        }
        failures.stop();
        assertTrue(nrFailures >= 1 + 8, "failures: " + nrFailures);
        unpin(folio);
        check();
    }

    @ParameterizedTest
    @CsvSource({"0, 511, -", "0, 512, 9 -", "1, 1023, 2x9 -", "511, 1, 9 -", "513, 511, - 9 -", "0, 1536, 3x9"})
    void allocatingRoundsBothEndsDown(long index, long nrPages, String expected) {
        open(GuestSplitPolicy.UNIFORM, 3);
        assertEquals(Errno.OK, guest.allocate(index * PAGE, nrPages * PAGE));
        assertEquals(expected, layout());
    }

    @Test
    void withoutMemoryAllocatingKeepsWhatItHas() {
        open(GuestSplitPolicy.UNIFORM, 3);
        assertEquals(Errno.OK, guest.allocate(0, HUGE * PAGE));
        failures.failAfter(0);
        assertEquals(Errno.ENOMEM, guest.allocate(0, guest.sizeBytes()));
        failures.stop();
        assertEquals("9 -", layout());
    }

    @Test
    void pagesThatAreSharedAlreadyStayWhoeverHoldsThem() {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        assertEquals(ConversionResult.OK, toShared(10, 1));
        long held = pinShared(10);
        assertEquals(ConversionResult.OK, toShared(0, HUGE));
        assertEquals(2, engine.folios().references(held));
        unpin(held);
        check();
    }

    @Test
    void aHeldSharedPageKeepsItsHugePageFromBeingDropped() {
        openPopulated(GuestSplitPolicy.UNIFORM, 3);
        assertEquals(ConversionResult.OK, toShared(HUGE + 10, 1));
        long held = pinShared(HUGE + 10);
        String before = state();
        assertEquals(refused(Errno.EAGAIN, HUGE + 10), guest.punchHole(0, 3 * HUGE * PAGE));
        assertEquals(before, state());
        assertStamped();
        unpin(held);
        assertEquals(ConversionResult.OK, guest.punchHole(0, 3 * HUGE * PAGE));
        assertEquals("-", layout());
    }

    /** As nobody but the guest has private memory, a hole takes it away; its frame lives on for who holds it. */
    @Test
    void aHeldPrivatePageKeepsNothingFromBeingDropped() {
        openPopulated(GuestSplitPolicy.STAGED, 2);
        long held = pinPrivate(10);
        assertEquals(ConversionResult.OK, guest.punchHole(0, HUGE * PAGE));
        assertEquals("- 9", layout());
        assertEquals(1, engine.folios().references(held));
        unpin(held);
        long again = pinPrivate(10);
        assertEquals(0, stampAt(10));
        unpin(again);
        check();
    }

    @Test
    void nobodyElseSplitsOrMergesItsFolios() {
        openPopulated(GuestSplitPolicy.UNIFORM, 2);
        assertEquals(ConversionResult.OK, toShared(0, 1));
        long huge = pinPrivate(HUGE);
        engine.folios().lock(huge);
        assertEquals(Errno.EBUSY, engine.splitter().splitUniform(huge, 0));
        assertEquals(Errno.EBUSY, engine.splitter().splitNonUniform(huge, huge, 3));
        assertEquals(Errno.EBUSY, engine.stagedSplitter().splitUniform(huge, 0));
        engine.folios().unlock(huge);
        unpin(huge);
        long small = pinShared(0);
        engine.folios().lock(small);
        assertEquals(Errno.EBUSY, engine.merger().merge(small, 9));
        engine.folios().unlock(small);
        unpin(small);
        check();
    }

    @Test
    void foliosOfDifferentGroupsAreNotMerged() {
        openPopulated(GuestSplitPolicy.UNIFORM, 1);
        assertEquals(ConversionResult.OK, toShared(0, 1));
        try (MemoryGroup group = engine.accounting().groups().open(1)) {
            long folio = pinPrivate(77);
            group.charge(folio);
            String before = state();
            unpin(folio);
            assertEquals(refused(Errno.EBUSY, 77), toPrivate(0, 1));
            assertEquals(before, state());
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void worksWithEveryHeadMap(HeadMapKind headMap) {
        engine = open(headMap);
        guest = engine.newGuestMemory(2L << 30, Geometry.PUD_ORDER, GuestSplitPolicy.STAGED);
        reader = engine.newReader();
        access = guest.newAccess(reader);
        assertEquals(Errno.OK, guest.allocate(0, 2L << 30));
        assertEquals(ConversionResult.OK, toShared(300_000, 1));
        assertEquals("18 73x9 512x0 438x9", layout());
        assertEquals(0, FolioStruct.order(pinShared(300_000)));
        unpin(page(300_000));
        check();
        assertEquals(ConversionResult.OK, toPrivate(300_000, 1));
        assertEquals("2x18", layout());
        check();
    }

    @Test
    void misuseThrowsAndChangesNothing() {
        open(GuestSplitPolicy.UNIFORM, 2);
        long size = guest.sizeBytes();
        for (long[] range : new long[][] {
            {0, 0},
            {0, -PAGE},
            {-PAGE, PAGE},
            {1, PAGE},
            {0, PAGE + 1},
            {0, size + PAGE},
            {size, PAGE},
            {PAGE, Long.MAX_VALUE - 4095}
        }) {
            assertThrows(IllegalArgumentException.class, () -> guest.convertToShared(range[0], range[1]));
            assertThrows(IllegalArgumentException.class, () -> guest.convertToPrivate(range[0], range[1]));
            assertThrows(IllegalArgumentException.class, () -> guest.punchHole(range[0], range[1]));
            assertThrows(IllegalArgumentException.class, () -> guest.allocate(range[0], range[1]));
        }
        assertThrows(IllegalArgumentException.class, () -> guest.isShared(1024));
        assertThrows(IllegalArgumentException.class, () -> guest.isShared(-1));
        assertThrows(IllegalArgumentException.class, () -> access.hostFault(-1));
        reader.enter();
        assertThrows(IllegalStateException.class, () -> access.hostFault(0));
        reader.exit();
        for (long badSize : new long[] {0, -1, PAGE, (1L << 21) + PAGE, (1L << 50) + (1L << 21)}) {
            assertThrows(
                    IllegalArgumentException.class, () -> engine.newGuestMemory(badSize, 9, GuestSplitPolicy.UNIFORM));
        }
        assertThrows(
                IllegalArgumentException.class, () -> engine.newGuestMemory(1L << 30, 10, GuestSplitPolicy.UNIFORM));
        assertEquals("0:private", attributes());
        assertEquals("-", layout());
    }

    @Test
    void nothingWorksOnceItIsClosed() {
        open(GuestSplitPolicy.UNIFORM, 1);
        unpin(pinPrivate(0));
        guest.close();
        guest.close();
        assertThrows(IllegalStateException.class, () -> access.hostFault(0));
        assertThrows(IllegalStateException.class, () -> access.guestFault(0, true));
        assertThrows(IllegalStateException.class, () -> guest.convertToShared(0, PAGE));
        assertThrows(IllegalStateException.class, () -> guest.punchHole(0, PAGE));
        assertThrows(IllegalStateException.class, () -> guest.allocate(0, PAGE));
        assertThrows(IllegalStateException.class, () -> guest.forEachFolio((index, order, folio) -> {}));
        assertThrows(IllegalStateException.class, () -> guest.nrPages());
        assertThrows(IllegalStateException.class, () -> guest.isShared(0));
        assertThrows(IllegalStateException.class, () -> guest.nrAttributeRanges());
        assertThrows(IllegalStateException.class, () -> guest.invalidateSequence());
        assertThrows(IllegalStateException.class, () -> guest.isInvalidated(0, 0, 1));
        assertThrows(IllegalStateException.class, () -> guest.lastFreezeNanos());
        assertThrows(IllegalStateException.class, () -> guest.lastFreezeBesideNanos());
        assertEquals(1 << 21, guest.sizeBytes());
        assertEquals(9, guest.hugeOrder());
    }

    /** Whoever puts its folios on the lists of use finds them on those of what can be evicted once they are dropped. */
    @Test
    void whatIsDroppedLeavesItsListOfUse() {
        openPopulated(GuestSplitPolicy.NON_UNIFORM, 2);
        LruLists lru = engine.accounting().lru();
        guest.forEachFolio((index, order, folio) -> lru.add(folio));
        assertEquals(2 * HUGE, lru.nrPages(LruList.UNEVICTABLE));
        guest.close();
        for (LruList list : LruList.values()) {
            assertEquals(0, lru.nrPages(list), list.toString());
        }
    }
}
