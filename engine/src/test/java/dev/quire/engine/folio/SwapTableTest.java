/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("NullAway.Init")
class SwapTableTest extends WholeEngineTest {
    private Quire engine;
    private Folios folios;
    private SwapTable swap;

    @BeforeEach
    void openEngine() {
        engine = open(Quire.builder().capacityBytes(64L << 20));
        folios = engine.folios();
        swap = engine.swapTable();
    }

    private long anonymousFolio(int order) {
        long folio = folios.allocate(order);
        folios.makeAnonymous(folio, 0x1000, 0);
        folios.lock(folio);
        return folio;
    }

    @Test
    void slotsAreAlignedAndComeBack() {
        assertEquals(0, swap.allocate(0));
        assertEquals(8, swap.allocate(3));
        assertEquals(16, swap.allocate(0));
        assertEquals(10, swap.nrInUse());
        swap.free(8, 8);
        assertEquals(2, swap.nrInUse());
        assertThrows(IllegalStateException.class, () -> swap.free(8, 1));
        assertThrows(IllegalStateException.class, () -> swap.free(16, 2));
        assertEquals(2, swap.nrInUse());
        for (int block = 0; block < 31; block++) {
            assertEquals((block + 1) * 512L, swap.allocate(9));
        }
        assertEquals(SwapTable.NO_SLOT, swap.allocate(9));
        assertEquals(8, swap.allocate(3));
        assertThrows(IllegalArgumentException.class, () -> swap.free(-1, 1));
        assertThrows(IllegalArgumentException.class, () -> swap.free(16_384, 1));
        assertThrows(IllegalArgumentException.class, () -> swap.pin(16_384));
        assertThrows(IllegalArgumentException.class, () -> swap.allocate(19));
        swap.free(0, 1);
        swap.free(8, 9);
        swap.free(512, 31 * 512);
        assertEquals(0, swap.nrInUse());
    }

    @Test
    void aFullAreaRefusesAndChangesNothing() {
        for (int slot = 0; slot < 16_384; slot++) {
            assertEquals(slot, swap.allocate(0));
        }
        for (int order = 0; order <= 18; order++) {
            assertEquals(SwapTable.NO_SLOT, swap.allocate(order));
        }
        assertEquals(16_384, swap.nrInUse());
        swap.free(513, 6);
        assertEquals(SwapTable.NO_SLOT, swap.allocate(3), "free, but not aligned");
        assertEquals(SwapTable.NO_SLOT, swap.allocate(2));
        assertEquals(514, swap.allocate(1));
        assertEquals(516, swap.allocate(1));
        assertEquals(518, swap.allocate(0), "the search goes on where the last one ended");
        assertEquals(513, swap.allocate(0));
        assertEquals(SwapTable.NO_SLOT, swap.allocate(0));
        assertEquals(16_384, swap.nrInUse());
        swap.free(0, 16_384);
        assertEquals(0, swap.allocate(14));
        assertEquals(SwapTable.NO_SLOT, swap.allocate(0));
        swap.free(0, 16_384);
    }

    /** Slots that a folio still caches are given back by their owner, and found again once the folio has left. */
    @Test
    void slotsGivenBackWhileCachedAreFoundAgainOnlyOnceTheirFolioHasLeft() {
        long folio = anonymousFolio(3);
        assertEquals(0, swap.allocate(13));
        assertEquals(8192, swap.allocate(13));
        assertEquals(Errno.OK, swap.add(folio, 64));
        swap.free(60, 10);
        assertEquals(60, swap.allocate(2));
        assertEquals(SwapTable.NO_SLOT, swap.allocate(0), "64 to 69 are cached still");
        assertEquals(64, swap.remove(folio));
        assertEquals(64, swap.allocate(2));
        assertEquals(68, swap.allocate(1));
        assertEquals(SwapTable.NO_SLOT, swap.allocate(0), "70 and 71 were not given back");
        swap.free(0, 16_384);
        folios.unlock(folio);
        folios.unpin(folio);
    }

    @Test
    void everySlotOfACachedFolioLeadsToIt() {
        long folio = anonymousFolio(3);
        long slot = swap.allocate(3);
        assertEquals(SwapTable.NO_SLOT, swap.slotOf(folio));
        assertEquals(Errno.OK, swap.add(folio, slot));
        assertEquals(slot, swap.slotOf(folio));
        assertEquals(8 + 1, folios.references(folio));
        for (long page = 0; page < 8; page++) {
            assertEquals(folio, swap.pin(slot + page));
            folios.unpin(folio);
        }
        assertEquals(0, swap.pin(slot + 8));
        assertThrows(IllegalStateException.class, () -> swap.add(folio, slot));
        assertEquals(slot, swap.remove(folio));
        assertEquals(0, swap.pin(slot));
        assertEquals(1, folios.references(folio));
        assertThrows(IllegalStateException.class, () -> swap.remove(folio));
        swap.free(slot, 8);
        folios.unlock(folio);
        folios.unpin(folio);
    }

    @Test
    void twoFoliosDoNotCacheTheSameSlot() {
        long first = anonymousFolio(2);
        long second = anonymousFolio(0);
        long slot = swap.allocate(2);
        assertEquals(Errno.OK, swap.add(first, slot));
        assertEquals(Errno.EEXIST, swap.add(second, slot + 3));
        assertEquals(1, folios.references(second));
        assertEquals(Errno.ENOENT, swap.add(second, slot + 4));
        swap.free(slot + 1, 1);
        assertEquals(0, swap.pin(slot + 1), "given back, though its folio is still there");
        assertEquals(4, swap.nrInUse());
        assertEquals(Errno.OK, engine.splitter().splitUniform(first, 0));
        swap.remove(first + 64);
        assertEquals(3, swap.nrInUse(), "free once its folio has left");
        for (long page : new long[] {0, 2, 3}) {
            swap.remove(first + 64 * page);
        }
        swap.free(slot, 1);
        swap.free(slot + 2, 2);
        for (long folio : new long[] {first, second}) {
            folios.unlock(folio);
            folios.unpin(folio);
        }
        assertEquals(0, swap.nrInUse());
    }

    /** Each slot leads to the folio that holds its page, whole or split, at every moment. */
    @Test
    void lookingASlotUpBesideSplitsFindsTheFolioOfItsPage() throws InterruptedException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        AtomicLong firstSlot = new AtomicLong(-1);
        AtomicBoolean done = new AtomicBoolean();
        AtomicReference<String> wrong = new AtomicReference<>("");
        Thread reader = new Thread(() -> {
            for (long offset = 0; !done.get(); offset = (offset + 1) & 7) {
                long slot = firstSlot.get();
                long folio = slot < 0 ? 0 : swap.pin(slot + offset);
                if (folio != 0) {
                    // Pinned: it is not split now, and its slot changes only when it leaves the swap cache.
                    long first = PageStruct.privateWord(folio);
                    int order = folios.order(folio);
                    boolean left = !PageFlag.isSwapCached(PageStruct.flagsAcquire(folio));
                    if (!left && (slot + offset < first || slot + offset >= first + (1L << order))) {
                        wrong.set("slot " + (slot + offset) + " led to the folio of " + first + ", order " + order);
                    }
                    folios.unpin(folio);
                }
            }
        });
        reader.start();
        for (int round = 0; round < 3000; round++) {
            long folio = anonymousFolio(3);
            long slot = swap.allocate(3);
            assertEquals(Errno.OK, swap.add(folio, slot));
            firstSlot.set(slot);
            while (engine.splitter().splitUniform(folio, 0) != Errno.OK) {
                Thread.onSpinWait();
            }
            firstSlot.set(-1);
            for (long page = 0; page < 8; page++) {
                swap.remove(folio + 64 * page);
            }
            swap.free(slot, 8);
            folios.unlock(folio);
            folios.unpin(folio);
        }
        done.set(true);
        reader.join();
        assertEquals("", wrong.get());
    }
}
