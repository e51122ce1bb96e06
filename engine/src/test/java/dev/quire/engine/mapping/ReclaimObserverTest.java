/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.folio.LruList;
import dev.quire.engine.folio.ThrowingObserver;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XaChecker;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An observer of splits that throws leaves no folio locked, held or off the lists of who reclaims it. */
class ReclaimObserverTest extends WholeEngineTest {
    private static final int PAGE = 4096;
    private static final int ORDER = 9;
    private static final int NR_PAGES = 1 << ORDER;

    private Quire open(ThrowingObserver observer) {
        return open(Quire.builder().capacityBytes(8 << 20).splitObserver(observer));
    }

    /** All is there, on the lists, unlocked, and nobody else has a reference. */
    private static void checkWhole(Quire engine, OpenFile file, int nrPages) throws IOException {
        checkAtRest(engine, file);
        assertEquals(nrPages, file.nrCachedPages());
    }

    private static void checkAtRest(Quire engine, OpenFile file) throws IOException {
        long nrPagesOnLists = 0;
        for (LruList list : LruList.values()) {
            nrPagesOnLists += engine.accounting().lru().nrPages(list);
        }
        assertEquals(file.nrCachedPages(), nrPagesOnLists);
        file.forEachFolio((index, order, folio) -> {
            assertFalse(engine.folios().isLocked(folio), () -> "locked at " + index);
            assertEquals((1 << order) + 1, engine.folios().references(folio), "with that of this loop");
        });
        XaChecker.check(file.file().space().index());
    }

    /** Two folios, of which the first pages are used, or others, so that the first piece is used, or not. */
    @ParameterizedTest
    @ValueSource(ints = {0, 100})
    void ofWhatWasUsedInPart(int usedPage) throws IOException {
        for (boolean atBegin : new boolean[] {true, false}) {
            ThrowingObserver observer = new ThrowingObserver(atBegin);
            Quire engine = open(observer);
            try (RcuReader reader = engine.newReader();
                    OpenFile file = engine.pageCache().open(new MemoryFile(new byte[2 * NR_PAGES * PAGE]), reader)) {
                assertEquals(0, file.file().space().populate(0, 2 * NR_PAGES, ORDER));
                for (int folio = 0; folio < 2; folio++) {
                    long offset = (long) (folio * NR_PAGES + usedPage) * PAGE;
                    assertEquals(PAGE, file.read(MemorySegment.ofArray(new byte[PAGE]), offset));
                }
                observer.throwAfter(0);
                assertThrows(
                        IllegalStateException.class, () -> engine.pageCache().reclaim(2 * NR_PAGES));
                observer.stop();
                checkWhole(engine, file, 2 * NR_PAGES);
                assertEquals(2 * NR_PAGES, engine.pageCache().reclaim(2 * NR_PAGES));
            }
        }
    }

    /** Of the 2048 slots, no 256 are free in a row: the folio goes in quarters, and the second split throws. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void ofWhatIsSwappedOutInHalves(int nrSplitsBefore) throws IOException {
        ThrowingObserver observer = new ThrowingObserver(false);
        Quire engine = open(observer);
        try (RcuReader reader = engine.newReader();
                SwapArea swap = engine.pageCache().swapOn(new MemoryFile(new byte[0]));
                SharedMemory memory = engine.pageCache().newSharedMemory(0);
                OpenFile file = memory.open(reader)) {
            List<Long> taken = new ArrayList<>();
            for (int run = 0; run < 16; run++) {
                taken.add(engine.swapTable().allocate(7));
            }
            for (int run = 0; run < 16; run += 2) {
                engine.swapTable().free(taken.get(run), 128);
            }
            file.write(ByteBuffer.allocate(NR_PAGES * PAGE), 0);
            observer.throwAfter(nrSplitsBefore);
            assertThrows(IllegalStateException.class, () -> memory.swapOut(0, NR_PAGES * PAGE));
            observer.stop();
            checkAtRest(engine, file);
            assertEquals(nrSplitsBefore == 2 ? NR_PAGES / 2 : NR_PAGES, memory.nrPages());
            memory.swapOut(0, NR_PAGES * PAGE);
            assertEquals(0, memory.nrPages());
            for (int run = 1; run < 16; run += 2) {
                engine.swapTable().free(taken.get(run), 128);
            }
            file.truncate(0);
            assertEquals(0, swap.nrUsedSlots());
        }
    }
}
