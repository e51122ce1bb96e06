/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.buddy.ZoneChecker;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FoliosTest extends WholeEngineTest {
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void everyPageOfANewFolioLeadsToItsHead(HeadMapKind headMap) {
        Folios folios = open(headMap).folios();
        for (int order = 0; order <= 18; order++) {
            long folio = folios.allocate(order);
            assertEquals(order, folios.order(folio));
            assertEquals(1, folios.references(folio));
            assertFalse(folios.isLocked(folio));
            assertEquals(folio, folios.headOf(folio));
            assertEquals(folio, folios.headOf(folio + ((1L << order) - 1) * PageStruct.BYTES));
            assertEquals(folio, folios.headOf(folio + ((1L << order) / 2) * PageStruct.BYTES));
            assertEquals((1L << order) * 4096, folios.bytes(folio).byteSize());
            folios.unpin(folio);
        }
    }

    @Test
    void theLastReferenceFreesTheFolioAfterAGracePeriod() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        long folio = folios.allocate(9);
        assertTrue(folios.tryPin(folio));
        assertEquals(2, folios.references(folio));
        folios.unpin(folio);
        assertEquals(512, engine.leaks().nrPages());
        try (var reader = engine.newReader()) {
            reader.enter();
            folios.unpin(folio);
            assertFalse(folios.tryPin(folio));
            assertEquals(1, folios.nrPendingReclaim());
            assertNotEquals(folio, allocateAndFree(folios), "reused while a reader could still see it");
            reader.exit();
        }
        engine.awaitReclaim();
        assertEquals(0, folios.nrPendingReclaim());
        assertEquals(engine.arena().nrPages(), engine.zone().nrFreePages());
    }

    private static long allocateAndFree(Folios folios) {
        long folio = folios.allocate(9);
        folios.unpin(folio);
        return folio;
    }

    @Test
    void aReferenceGivenBackTwiceIsRefusedAndChangesNothing() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        long folio = folios.allocate(0);
        folios.unpin(folio);
        IllegalStateException refused = assertThrows(IllegalStateException.class, () -> folios.unpin(folio));
        assertEquals(
                "more references given back than held: folio=0x" + Long.toHexString(folio) + ", held=0, given back=1",
                refused.getMessage());
        assertEquals(0, folios.references(folio));
    }

    @Test
    void foreignHandlesAreRefused() {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        long first = engine.arena().pageStructsBase();
        for (long bad : new long[] {
            0, 1, -1, first - 64, first + 1, first + engine.arena().nrPages() * 64
        }) {
            assertThrows(IllegalArgumentException.class, () -> folios.tryPin(bad));
            assertThrows(IllegalArgumentException.class, () -> folios.unpin(bad));
            assertThrows(IllegalArgumentException.class, () -> folios.lock(bad));
            assertThrows(IllegalArgumentException.class, () -> folios.headOf(bad));
            assertThrows(IllegalArgumentException.class, () -> folios.tryPinFolioOf(bad));
        }
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, () -> folios.allocate(19));
        assertEquals("order out of range: order=19, max=18", refused.getMessage());
        assertThrows(IllegalArgumentException.class, () -> folios.allocate(-1));
    }

    @Test
    void callsAfterCloseThrow() {
        Quire engine = open(Quire.builder().capacityBytes(1L << 30));
        Folios folios = engine.folios();
        long folio = folios.allocate(3);
        folios.unpin(folio);
        var space = engine.newAddressSpace();
        var reader = engine.newReader();
        var lookup = space.newLookup(reader);
        Quire other = Quire.builder().capacityBytes(1L << 30).open();
        long page = other.folios().allocate(0);
        other.folios().unpin(page);
        try (RcuReader foreign = other.newReader()) {
            var another = engine.newAddressSpace();
            assertThrows(IllegalArgumentException.class, () -> another.newLookup(foreign));
            another.close();
        }
        Folios closed = other.folios();
        other.close();
        other.close();
        assertThrows(IllegalStateException.class, () -> closed.allocate(0));
        assertThrows(IllegalStateException.class, () -> closed.tryPin(page));
        assertThrows(IllegalStateException.class, () -> closed.unpin(page));
        assertThrows(IllegalStateException.class, () -> closed.headOf(page));
        assertThrows(IllegalStateException.class, other::newAddressSpace);
        assertThrows(IllegalStateException.class, other::newReader);
        assertThrows(IllegalStateException.class, other::leaks);
        assertThrows(IllegalStateException.class, () -> other.splitStatistics().nrSplits());
        assertThrows(IllegalStateException.class, () -> engine.arena().close());
        assertEquals(0, lookup.pin(0), "an engine does not mind that another is closed");
        space.close();
        reader.close();
    }

    @Test
    void theLockExcludesAndHandsOver() throws InterruptedException {
        Quire engine = open(HeadMapKind.HEAD_BITS);
        Folios folios = engine.folios();
        long folio = folios.allocate(2);
        int[] counter = {0};
        Runnable increments = () -> {
            for (int round = 0; round < 20_000; round++) {
                folios.lock(folio);
                counter[0]++;
                folios.unlock(folio);
            }
        };
        Thread other = new Thread(increments);
        other.start();
        increments.run();
        other.join();
        assertEquals(40_000, counter[0]);
        assertTrue(folios.tryLock(folio));
        assertFalse(folios.tryLock(folio));
        folios.unlock(folio);
        assertThrows(IllegalStateException.class, () -> folios.unlock(folio));
        folios.unpin(folio);
    }

    /**
     * Frames 5, 6 and 15 of 16 are left out; whatever is allocated from then on has none of them, until memory is out.
     */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void poisonedFramesAreNeverHandedOutAgain(HeadMapKind headMap) {
        Quire engine = open(Quire.builder().capacityBytes(1L << 18).headMap(headMap));
        Folios folios = engine.folios();
        long nrPages = engine.arena().nrPages();
        long folio = folios.allocate(4);
        Set<Long> poisoned =
                Set.of(folio + 5 * PageStruct.BYTES, folio + 6 * PageStruct.BYTES, folio + 15 * PageStruct.BYTES);
        poisoned.forEach(folios::markPoisoned);
        folios.unpin(folio);
        engine.awaitReclaim();
        assertEquals(3, folios.nrPagesPoisoned());
        assertEquals(nrPages - 3, engine.zone().nrFreePages());
        assertEquals(0, engine.leaks().nrPages());
        ZoneChecker.check(engine.zone());

        List<Long> allocated = new ArrayList<>();
        for (long next = folios.allocate(0); next != 0; next = folios.allocate(0)) {
            assertFalse(poisoned.contains(next));
            assertFalse(PageFlag.HWPOISON.isSet(PageStruct.flags(next)));
            allocated.add(next);
        }
        assertEquals(nrPages - 3, allocated.size());
        for (long page : poisoned) {
            assertEquals(page, folios.headOf(page));
            assertFalse(folios.tryPin(page));
            assertThrows(IllegalArgumentException.class, () -> folios.markPoisoned(page));
        }
        long last = allocated.removeLast();
        folios.markPoisoned(last);
        folios.unpin(last);
        allocated.forEach(folios::unpin);
        engine.awaitReclaim();
        assertEquals(4, folios.nrPagesPoisoned());
        assertEquals(nrPages - 4, engine.zone().nrFreePages());
        assertTrue(folios.unpoison(last));
        assertFalse(folios.unpoison(last));
        assertFalse(PageFlag.HWPOISON.isSet(PageStruct.flags(last)));
        assertEquals(nrPages - 3, engine.zone().nrFreePages());
        assertEquals(0, engine.leaks().nrPages());
        ZoneChecker.check(engine.zone());
    }

    @Test
    void exhaustionReturnsNothingAndLosesNothing() {
        Quire engine = open(Quire.builder().capacityBytes(1L << 30));
        Folios folios = engine.folios();
        long whole = folios.allocate(18);
        assertEquals(0, folios.allocate(0));
        folios.unpin(whole);
        // The freed pages come back without anybody waiting: the failing allocation drives the grace period.
        long again = folios.allocate(18);
        assertEquals(whole, again);
        folios.unpin(again);
    }
}
