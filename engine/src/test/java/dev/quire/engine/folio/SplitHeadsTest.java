/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Who can pin a piece can map pages of it, and the leaves ask the head map once: so it must lead from each page of a
 * piece to its head before anybody can pin the piece.
 */
class SplitHeadsTest extends WholeEngineTest {
    private static final long OWNER = 1L << 20;
    private static final int ORDER = 18;

    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicLong nrPinned = new AtomicLong();
    private final AtomicLong nrWrong = new AtomicLong();

    SplitHeadsTest() {
        watchSplits(SplitWatch.Scope.NOTHING);
    }

    @ParameterizedTest
    @CsvSource({"TAIL_WORDS, 17, 20", "HEAD_BITS, 9, 300"})
    void aPinnedPieceIsFoundByEachOfItsPages(HeadMapKind kind, int newOrder, int enough) throws InterruptedException {
        Quire engine = open(kind);
        Folios folios = engine.folios();
        long folio = folios.allocate(ORDER);
        folios.makeAnonymous(folio, OWNER, 0);
        Thread pinning = new Thread(() -> pinUntilStopped(folios, folio, newOrder));
        pinning.start();
        while (nrPinned.get() < enough && nrWrong.get() == 0) {
            folios.lock(folio);
            assertEquals(
                    Errno.OK,
                    engine.splitter()
                            .split(folio, SplitPolicies.UNIFORM, 0, 1, newOrder, SplitPolicies.ALL_ORDERS, true));
            int result;
            do {
                // Refused while the other thread has pinned its piece.
                result = engine.merger().merge(folio, ORDER);
            } while (result == Errno.EAGAIN);
            assertEquals(Errno.OK, result);
            folios.unlock(folio);
        }
        stop.set(true);
        pinning.join();
        folios.unpin(folio);
        assertTrue(nrPinned.get() > 0);
        assertEquals(0, nrWrong.get(), "pieces of which a page led to another head");
    }

    /** Pins the piece in the middle as soon as it is there, and looks where its last page leads. */
    private void pinUntilStopped(Folios folios, long folio, int newOrder) {
        long piece = folio + Geometry.pagesIn(ORDER - 1) * PageStruct.BYTES;
        long lastPage = piece + (Geometry.pagesIn(newOrder) - 1) * PageStruct.BYTES;
        while (!stop.get()) {
            if (folios.headOf(piece) == piece && folios.tryPin(piece)) {
                // The head may have been one of before a merge, but is stable while it is held.
                boolean isPiece = folios.headOf(piece) == piece;
                boolean isFound = folios.headOf(lastPage) == piece;
                folios.unpin(piece);
                nrWrong.addAndGet(isPiece && !isFound ? 1 : 0);
                nrPinned.incrementAndGet();
                while (folios.headOf(piece) == piece && !stop.get()) {
                    Thread.onSpinWait();
                }
            }
        }
    }
}
