/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLayout;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway.Init")
class StagedSplitterTest extends WholeEngineTest {
    private static final long INDEX = 1 << 18;

    private final List<Long> piecesBySplit = new ArrayList<>();
    private Quire engine;
    private Folios folios;
    private AddressSpace space;

    /** What happens between the first stage and the second. */
    private Runnable afterFirstStage = () -> {};

    /** Which split throws when it has ended, from 1 on; none if 0. */
    private int throwAt;

    private long lockedFolio(HeadMapKind headMap, int order) {
        openEngine(headMap);
        space = engine.newAddressSpace();
        return lockedFolio(order);
    }

    private void openEngine(HeadMapKind headMap) {
        engine = open(Quire.builder().capacityBytes(4L << 30).headMap(headMap).splitObserver(this::afterSplit));
        folios = engine.folios();
    }

    private long lockedFolio(int order) {
        space.extend(1L << 32);
        long folio = folios.allocate(order);
        assertEquals(0, space.add(folio, INDEX));
        folios.lock(folio);
        return folio;
    }

    private void afterSplit(int order, long nrPieces, int result, long nanos, long frozenNanos) {
        piecesBySplit.add(nrPieces);
        if (piecesBySplit.size() == 1) {
            afterFirstStage.run();
        }
        if (piecesBySplit.size() == throwAt) {
            throw new IllegalStateException("observer");
        }
    }

    /** Cuts the second half of a folio off, as another thread: who has a folio locked may not. */
    private void cutSecondHalf() {
        CompletableFuture.runAsync(() -> space.punchHole((INDEX + 1024) << 12, 1024 << 12, SplitPolicies.RANGE))
                .join();
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

    @Test
    void aPieceThatSomebodyHoldsStaysLarge() {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 11);
        afterFirstStage = () -> assertTrue(folios.tryPin(page(folio, 1024)));
        assertEquals(Errno.EAGAIN, engine.stagedSplitter().splitUniform(folio, 1));
        folios.unpin(page(folio, 1024));
        folios.unlock(folio);
        folios.unpin(folio);
        checkFolios(engine, space);
        assertEquals(10, folios.order(page(folio, 1024)));
        assertEquals(512 + 1, FolioLayout.count(space));
        space.close();
    }

    /** The caller has the lock of another folio: it does not wait for this one, whichever comes first in the file. */
    @Test
    @Timeout(60)
    void aPieceThatSomebodyHasLockedStaysLarge() {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 11);
        afterFirstStage = () -> {
            assertTrue(folios.tryPin(folio));
            assertTrue(folios.tryLock(folio));
        };
        long named = page(folio, 1030);
        assertEquals(Errno.EAGAIN, engine.stagedSplitter().splitUniform(named, 1));
        folios.unlock(folio);
        folios.unpin(folio);
        release(named);
        checkFolios(engine, space);
        assertEquals(10, folios.order(folio));
        assertEquals(1 + 512, FolioLayout.count(space));
        space.close();
    }

    /**
     * Of four pieces the last two become one: at the fourth there is no head any more, and nobody keeps a reference.
     */
    @Test
    void piecesThatSomebodyHasMergedStayAsTheyAre() {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 12);
        long third = page(folio, 2048);
        afterFirstStage = () -> {
            assertTrue(folios.tryPin(third));
            folios.lock(third);
            assertEquals(Errno.OK, engine.merger().merge(third, 11));
            release(third);
        };
        assertEquals(Errno.EAGAIN, engine.stagedSplitter().splitUniform(folio, 1));
        release(folio);
        assertEquals(2048, folios.references(third));
        assertEquals(11, folios.order(third));
        checkFolios(engine, space);
        assertEquals(512 + 512 + 1, FolioLayout.count(space));
        space.close();
    }

    /** A folio of the same order and the same owner, in the same frames, but of other pages of the file. */
    @Test
    void aPieceThatHasMovedIsNotSplit() {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 11);
        long second = page(folio, 1024);
        afterFirstStage = () -> {
            assertTrue(folios.tryPin(second));
            cutSecondHalf();
            assertEquals(Errno.OK, space.add(second, 0));
            folios.unpin(second);
        };
        assertEquals(Errno.OK, engine.stagedSplitter().splitUniform(folio, 1));
        release(folio);
        checkFolios(engine, space);
        assertEquals("10", FolioLayout.text(space, 0, 1024));
        assertEquals(1 + 512, FolioLayout.count(space));
        space.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPieceThatSomebodyHasDroppedIsNotMissed(boolean held) {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 11);
        long second = page(folio, 1024);
        afterFirstStage = () -> {
            assertEquals(held, held && folios.tryPin(second));
            cutSecondHalf();
        };
        assertEquals(Errno.OK, engine.stagedSplitter().splitUniform(folio, 1));
        release(folio);
        checkFolios(engine, space);
        assertEquals(512, FolioLayout.count(space));
        if (held) {
            assertEquals(1, folios.references(second));
            folios.unpin(second);
        }
        space.close();
    }

    /**
     * The end of the file is at page 1000: the first stage keeps two pieces of 512, the second splits the last of them
     * there.
     */
    @ParameterizedTest
    @CsvSource({
        "HEAD_BITS, false, 3",
        "HEAD_BITS, false, 700",
        "HEAD_BITS, false, 1000",
        "HEAD_BITS, false, 1024",
        "HEAD_BITS, false, 262143",
        "HEAD_BITS, true, 3",
        "HEAD_BITS, true, 1000",
        "HEAD_BITS, true, 5000",
        "TAIL_WORDS, false, 5000"
    })
    void whatLiesBeyondTheEndIsDroppedByBothStages(HeadMapKind headMap, boolean sharedMemory, long namedPage) {
        openEngine(headMap);
        space = sharedMemory ? engine.newSharedMemory() : engine.newAddressSpace();
        long folio = lockedFolio(18);
        engine.accounting().lru().add(folio);
        AddressSpaceStruct.sizeBytesRelease(space.address(), (INDEX + 1000) << 12);
        long named = page(folio, namedPage);
        assertEquals(Errno.OK, engine.stagedSplitter().splitUniform(named, 0));

        boolean inFile = namedPage < 1000;
        assertEquals(named, folios.headOf(named));
        assertEquals(0, folios.order(named));
        assertTrue(folios.isLocked(named));
        assertEquals(inFile ? 2 : 1, folios.references(named));
        assertEquals(inFile ? space.address() : 0, PageStruct.mapping(named));
        assertEquals(INDEX + namedPage, folios.index(named));
        assertEquals(inFile ? 1000 : 1001, nrPagesOnLru());
        release(named);

        assertEquals(1000, FolioLayout.count(space));
        assertEquals(1000, space.nrPages());
        assertEquals(sharedMemory ? 1000 : 0, space.nrChargedPages());
        assertEquals(0, engine.accounting().counters().fileThpPages());
        assertEquals(0, engine.accounting().counters().sharedMemoryThpPages());
        assertEquals(1000, nrPagesOnLru());
        checkFolios(engine, space);
        engine.awaitReclaim();
        assertEquals(1000, engine.leaks().nrPages());
        space.close();
    }

    private long nrPagesOnLru() {
        long nrPages = 0;
        for (LruList list : LruList.values()) {
            nrPages += engine.accounting().lru().nrPages(list);
        }
        return nrPages;
    }

    private void release(long lockedFolio) {
        folios.unlock(lockedFolio);
        folios.unpin(lockedFolio);
    }

    /** Before the first stage, which the mapping would allow. */
    @Test
    void anOrderBelowTheMinimumOfTheMappingIsRefusedAtOnce() {
        openEngine(HeadMapKind.HEAD_BITS);
        space = engine.newAddressSpace(2);
        long folio = lockedFolio(18);
        assertEquals(Errno.EINVAL, engine.stagedSplitter().splitUniform(folio, 1));
        assertEquals(18, folios.order(folio));
        assertEquals(Errno.OK, engine.stagedSplitter().splitUniform(folio, 2));
        release(folio);
        assertEquals(1 << 16, FolioLayout.count(space));
        space.close();
    }

    /** Its pieces that nobody maps are freed, of the first stage already; the caller's is split on. */
    @Test
    void anAnonymousFolioIsSplitAsLongAsSomebodyHasItsPieces() {
        openEngine(HeadMapKind.HEAD_BITS);
        long folio = folios.allocate(18);
        folios.makeAnonymous(folio, 0x1000, 0);
        assertThrows(IllegalStateException.class, () -> engine.stagedSplitter().splitUniform(folio, 0));
        folios.lock(folio);
        assertEquals(Errno.OK, engine.stagedSplitter().splitUniform(folio, 0));
        assertEquals(0, folios.order(folio));
        assertEquals(List.of(512L, 512L), piecesBySplit);
        assertEquals(1, engine.leaks().nrPages());
        release(folio);
    }

    /** The first stage frees the first half, which waits for its grace period while the other is split. */
    @Test
    void piecesOfAnAnonymousFolioThatTheFirstStageHasFreedAreNotMissed() {
        openEngine(HeadMapKind.HEAD_BITS);
        long folio = folios.allocate(12);
        folios.makeAnonymous(folio, 0x1000, 0);
        folios.lock(folio);
        long named = page(folio, 2048);
        assertEquals(Errno.OK, engine.stagedSplitter().splitUniform(named, 2));
        assertEquals(named, folios.headOf(named));
        assertEquals(2, folios.order(named));
        assertEquals(2048, folios.index(named));
        assertEquals(1, folios.references(named));
        assertEquals(List.of(2L, 512L), piecesBySplit);
        release(named);
    }

    /** Truncated, or in the swap cache only. */
    @Test
    void aFolioThatBelongsToNobodyIsBusy() {
        openEngine(HeadMapKind.HEAD_BITS);
        long folio = folios.allocate(18);
        folios.lock(folio);
        assertEquals(Errno.EBUSY, engine.stagedSplitter().splitUniform(folio, 0));
        assertEquals(18, folios.order(folio));
        release(folio);
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

    /** The splits are those of the first stage, of the piece that is the caller's or another, and so on. */
    @ParameterizedTest
    @CsvSource({"0, 1", "0, 2", "0, 3", "1030, 2", "1030, 3"})
    void anObserverThatThrowsLeavesTheCallersLockAndReferenceOnly(long namedPage, int throwingSplit) {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 11);
        throwAt = throwingSplit;
        long named = page(folio, namedPage);
        IllegalStateException thrown = assertThrows(
                IllegalStateException.class, () -> engine.stagedSplitter().splitUniform(named, 1));
        assertEquals("observer", thrown.getMessage());
        assertEquals(throwingSplit, piecesBySplit.size());

        long holder = folios.headOf(named);
        assertTrue(folios.isLocked(holder));
        release(holder);
        checkFolios(engine, space);
        assertEquals(throwingSplit == 1 ? 2 : throwingSplit == 2 ? 513 : 1024, FolioLayout.count(space));
        space.forEachFolio((index, order, head) -> {
            assertEquals((1 << order) + 1, folios.references(head), "with that of this loop");
            assertFalse(folios.isLocked(head));
        });
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
