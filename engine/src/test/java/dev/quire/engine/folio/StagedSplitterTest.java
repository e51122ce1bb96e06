/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLayout;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("NullAway.Init")
class StagedSplitterTest extends WholeEngineTest {
    private final List<Long> piecesBySplit = new ArrayList<>();
    private Quire engine;
    private Folios folios;
    private AddressSpace space;
    private long pinAfterFirstSplit;

    private long lockedFolio(HeadMapKind headMap, int order) {
        engine = open(Quire.builder().capacityBytes(4L << 30).headMap(headMap).splitObserver(this::afterSplit));
        folios = engine.folios();
        space = engine.newAddressSpace();
        space.extend(1L << 32);
        long folio = folios.allocate(order);
        assertEquals(0, space.add(folio, 1 << 18));
        folios.lock(folio);
        return folio;
    }

    private void afterSplit(int order, long nrPieces, int result, long nanos, long frozenNanos) {
        piecesBySplit.add(nrPieces);
        if (pinAfterFirstSplit != 0 && piecesBySplit.size() == 1) {
            assertTrue(folios.tryPin(pinAfterFirstSplit));
        }
    }

    private static long page(long folio, long offset) {
        return folio + offset * PageStruct.BYTES;
    }

    @ParameterizedTest
    @CsvSource({
        "HEAD_BITS, 18, 0, 513, 512",
        "HEAD_BITS, 18, 4, 33, 512",
        "HEAD_BITS, 18, 9, 1, 512",
        "HEAD_BITS, 11, 1, 3, 512",
        "HEAD_BITS, 9, 0, 1, 512",
        "TAIL_WORDS, 18, 0, 513, 512",
    })
    void eachFreezeMakesAFewPiecesOnly(HeadMapKind headMap, int order, int newOrder, int nrSplits, long mostPieces) {
        long folio = lockedFolio(headMap, order);
        long named = page(folio, (1 << order) - 3);
        assertEquals(0, engine.stagedSplitter().splitUniform(named, newOrder));

        long holder = folios.headOf(named);
        assertTrue(folios.isLocked(holder));
        assertEquals((1 << newOrder) + 1, folios.references(holder));
        folios.unlock(holder);
        folios.unpin(holder);
        assertEquals(1L << (order - newOrder), FolioLayout.count(space));
        checkFolios(engine, space);
        assertEquals(nrSplits, piecesBySplit.size());
        assertEquals(
                mostPieces,
                piecesBySplit.stream().mapToLong(Long::longValue).max().orElseThrow());
        space.close();
    }

    /** The observer, called between the first stage and the second, pins the third piece of 1024. */
    @Test
    void aPieceThatSomebodyHoldsStaysLarge() {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 11);
        pinAfterFirstSplit = page(folio, 1024);
        assertEquals(Errno.EAGAIN, engine.stagedSplitter().splitUniform(folio, 1));
        folios.unpin(page(folio, 1024));
        folios.unlock(folio);
        folios.unpin(folio);
        checkFolios(engine, space);
        assertEquals(10, folios.order(page(folio, 1024)));
        assertEquals(512 + 1, FolioLayout.count(space));
        space.close();
    }

    @Test
    void withoutMemoryForALaterStageTheRestIsSplitAllTheSame() {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 18);
        // One node for the first stage is 18 -> 9: 1 + 64; then 8 for each piece: the second piece gets none.
        failures.failAfter(1 + 64 + 8);
        assertEquals(Errno.ENOMEM, engine.stagedSplitter().splitUniform(folio, 0));
        failures.stop();
        folios.unlock(folio);
        folios.unpin(folio);
        checkFolios(engine, space);
        assertEquals(512 + 511, FolioLayout.count(space), "the first piece and the 511 others");
        space.close();
    }

    @Test
    void misuseThrowsAndChangesNothing() {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 3);
        assertThrows(
                IllegalArgumentException.class, () -> engine.stagedSplitter().splitUniform(folio, 19));
        assertThrows(
                IllegalArgumentException.class, () -> engine.stagedSplitter().splitUniform(folio + 1, 0));
        assertEquals(Errno.EINVAL, engine.stagedSplitter().splitUniform(folio, 3));
        folios.unlock(folio);
        assertThrows(IllegalStateException.class, () -> engine.stagedSplitter().splitUniform(folio, 0));
        folios.unpin(folio);
        assertEquals(1, FolioLayout.count(space));
        space.close();
    }
}
