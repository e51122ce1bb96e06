/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLayout;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@SuppressWarnings("NullAway.Init")
class FolioMergerTest extends WholeEngineTest {
    private static final long FIRST_INDEX = 5L << 18;

    private Quire engine;
    private Folios folios;
    private AddressSpace space;

    /** One folio of the page cache, locked, to which the caller holds a reference. */
    private long lockedFolio(HeadMapKind headMap, int order, long index) {
        engine = open(headMap);
        folios = engine.folios();
        space = engine.newAddressSpace();
        space.extend((index + (1L << 18)) << 12);
        long folio = folios.allocate(order);
        assertEquals(0, space.add(folio, index));
        folios.lock(folio);
        return folio;
    }

    private void release(long folio) {
        folios.unlock(folio);
        folios.unpin(folio);
    }

    private static long page(long folio, long offset) {
        return folio + offset * PageStruct.BYTES;
    }

    private String layout(int order) {
        return FolioLayout.text(space, FIRST_INDEX, FIRST_INDEX + (1L << order));
    }

    @ParameterizedTest
    @CsvSource({
        "HEAD_BITS, 1, 0", "HEAD_BITS, 9, 0", "HEAD_BITS, 9, 6", "HEAD_BITS, 13, 7", "HEAD_BITS, 18, 9",
        "TAIL_WORDS, 1, 0", "TAIL_WORDS, 9, 0", "TAIL_WORDS, 9, 6", "TAIL_WORDS, 13, 7", "TAIL_WORDS, 18, 9"
    })
    void uniformPiecesBecomeTheFolioTheyWere(HeadMapKind headMap, int order, int pieceOrder) {
        long folio = lockedFolio(headMap, order, FIRST_INDEX);
        PageStruct.getAndSetFlags(folio, PageFlag.UPTODATE.mask());
        long nodesBefore = engine.leaks().nrNodes();
        assertEquals(0, engine.splitter().splitUniform(folio, pieceOrder));

        assertEquals(0, engine.merger().merge(folio, order));
        assertEquals(order, folios.order(folio));
        assertEquals((1 << order) + 1, folios.references(folio));
        assertTrue(folios.isLocked(folio));
        assertEquals(PageFlag.UPTODATE.mask() | PageFlag.HEAD.mask() | PageFlag.LOCKED.mask(), PageStruct.flags(folio));
        release(folio);
        assertEquals(Integer.toString(order), layout(order));
        checkFolios(engine, space);
        assertEquals(nodesBefore, engine.leaks().nrNodes());
        space.close();
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void oneGibibyteOfSinglePagesIsMergedInOneGoOrInStages(HeadMapKind headMap) {
        long folio = lockedFolio(headMap, 18, FIRST_INDEX);
        assertEquals(0, engine.splitter().splitUniform(folio, 0));
        assertEquals(0, engine.merger().merge(folio, 18));
        assertEquals(0, engine.splitter().splitUniform(folio, 0));
        release(folio);
        for (long offset = 0; offset < 1 << 18; offset += 512) {
            mergeAt(page(folio, offset), 9);
        }
        assertEquals(512, FolioLayout.count(space));
        mergeAt(folio, 18);
        assertEquals("18", layout(18));
        checkFolios(engine, space);
        space.close();
    }

    private void mergeAt(long first, int order) {
        assertTrue(folios.tryPin(first));
        folios.lock(first);
        assertEquals(0, engine.merger().merge(first, order));
        release(first);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void piecesOfAnySizeAreMerged(HeadMapKind headMap) {
        long folio = lockedFolio(headMap, 9, FIRST_INDEX);
        assertEquals(0, engine.splitter().splitNonUniform(folio, page(folio, 300), 0));
        assertEquals("8,5,3,2,0,0,1,4,6,7", layout(9));
        PageStruct.getAndSetFlags(page(folio, 304), PageFlag.DIRTY.mask());
        assertEquals(0, engine.merger().merge(folio, 9));
        assertTrue(PageFlag.DIRTY.isSet(PageStruct.flags(folio)), "one dirty piece makes the whole dirty");
        release(folio);
        assertEquals("9", layout(9));
        checkFolios(engine, space);
        space.close();
    }

    /** What is marked for writing, say, is not forgotten, at whatever level of the index its entry was. */
    @ParameterizedTest
    @CsvSource({"6, 0, 0", "6, 0, 63", "9, 0, 0", "9, 0, 300", "9, 0, 511", "9, 7, 300", "13, 0, 5000", "18, 9, 262143"
    })
    void theEntryHasTheMarksOfAllPieces(int order, int pieceOrder, long marked) {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, order, FIRST_INDEX);
        assertEquals(0, engine.splitter().splitUniform(folio, pieceOrder));
        space.index().setMark(FIRST_INDEX + marked, 0);
        space.index().setMark(FIRST_INDEX, 2);
        assertEquals(0, engine.merger().merge(folio, order));
        try (RcuReader reader = engine.newReader()) {
            reader.enter();
            for (long index : new long[] {FIRST_INDEX, FIRST_INDEX + marked}) {
                assertTrue(space.index().getMark(reader, index, 0));
                assertFalse(space.index().getMark(reader, index, 1));
                assertTrue(space.index().getMark(reader, index, 2));
            }
            space.index().clearMark(FIRST_INDEX, 0);
            assertFalse(space.index().isMarked(reader, 0), "nothing is left of the pieces' marks");
            reader.exit();
        }
        release(folio);
        checkFolios(engine, space);
        space.close();
    }

    /** The piece held is the first, one in the middle, and the last. */
    @ParameterizedTest
    @CsvSource({"HEAD_BITS, 0", "HEAD_BITS, 300", "HEAD_BITS, 511", "TAIL_WORDS, 0", "TAIL_WORDS, 300"})
    void aPieceThatSomebodyHoldsKeepsAllAsTheyAre(HeadMapKind headMap, long held) {
        long folio = lockedFolio(headMap, 9, FIRST_INDEX);
        assertEquals(0, engine.splitter().splitUniform(folio, 0));
        assertTrue(folios.tryPin(page(folio, held)));
        assertEquals(Errno.EAGAIN, engine.merger().merge(folio, 9));
        for (long offset = 0; offset < 512; offset++) {
            int expected = 1 + (offset == 0 ? 1 : 0) + (offset == held ? 1 : 0);
            assertEquals(expected, folios.references(page(folio, offset)), "offset " + offset);
        }
        folios.unpin(page(folio, held));
        assertEquals(512, FolioLayout.count(space));
        assertEquals(0, engine.merger().merge(folio, 9));
        release(folio);
        checkFolios(engine, space);
        space.close();
    }

    @Test
    void whatIsNotOneBlockOfOneFileIsRefused() {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 9, FIRST_INDEX);
        FolioMerger merger = engine.merger();
        assertEquals(Errno.EINVAL, merger.merge(folio, 9), "as large already");
        assertEquals(Errno.EINVAL, merger.merge(folio, 8), "larger already");
        assertEquals(Errno.EINVAL, merger.merge(folio, 10), "half of the block is missing");
        assertEquals(0, engine.splitter().splitUniform(folio, 0));
        release(folio);

        long odd = page(folio, 4);
        assertTrue(folios.tryPin(odd));
        folios.lock(odd);
        assertEquals(Errno.EINVAL, merger.merge(odd, 3), "not aligned");
        assertEquals(0, merger.merge(odd, 2));
        release(odd);

        space.punchHole((FIRST_INDEX + 9) << 12, 1 << 12, SplitPolicies.RANGE);
        long eighth = page(folio, 8);
        assertTrue(folios.tryPin(eighth));
        folios.lock(eighth);
        assertEquals(Errno.EINVAL, merger.merge(eighth, 1), "a hole");
        release(eighth);
        checkFolios(engine, space);
        space.close();
    }

    @Test
    void pagesThatOnlyTheIndexPutsSideBySideAreRefused() {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 1, FIRST_INDEX);
        assertEquals(0, engine.splitter().splitUniform(folio, 0));
        folios.unlock(folio);
        space.punchHole((FIRST_INDEX + 1) << 12, 1 << 12, SplitPolicies.RANGE);
        folios.lock(folio);
        long elsewhere = folios.allocate(4);
        assertEquals(0, space.add(elsewhere, FIRST_INDEX + 16));
        assertEquals(0, space.populate(FIRST_INDEX + 1, 1, 0));
        assertEquals(Errno.EINVAL, engine.merger().merge(folio, 1));
        release(folio);
        folios.unpin(elsewhere);
        space.close();
    }

    @Test
    void piecesInUseThatReferencesDoNotTellAreRefused() {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 2, FIRST_INDEX);
        assertEquals(0, engine.splitter().splitUniform(folio, 0));
        for (PageFlag flag :
                new PageFlag[] {PageFlag.WRITEBACK, PageFlag.PRIVATE, PageFlag.HWPOISON, PageFlag.UPTODATE}) {
            PageStruct.getAndSetFlags(page(folio, 2), flag.mask());
            assertEquals(Errno.EBUSY, engine.merger().merge(folio, 2), flag::name);
            PageStruct.getAndClearFlags(page(folio, 2), flag.mask());
        }
        assertEquals(0, engine.merger().merge(folio, 2));
        release(folio);
        space.close();
    }

    @Test
    void misuseThrowsAndChangesNothing() {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 2, FIRST_INDEX);
        assertThrows(IllegalArgumentException.class, () -> engine.merger().merge(folio, 19));
        assertThrows(IllegalArgumentException.class, () -> engine.merger().merge(folio + 8, 3));
        release(folio);
        assertThrows(IllegalStateException.class, () -> engine.merger().merge(folio, 3));
        long nobodys = folios.allocate(0);
        folios.lock(nobodys);
        assertEquals(Errno.EBUSY, engine.merger().merge(nobodys, 1));
        release(nobodys);
        assertEquals("2", layout(2));
        space.close();
    }

    /** An entry at index 0 as large as its array needs a level above; without a node for that everything stays. */
    @Test
    void withoutMemoryForAnotherLevelNothingChanges() {
        long folio = lockedFolio(HeadMapKind.HEAD_BITS, 6, 0);
        assertEquals(0, engine.splitter().splitUniform(folio, 0));
        folios.unlock(folio);
        assertEquals(0, space.populate(100, 1, 0));
        space.punchHole(100 << 12, 1 << 12, SplitPolicies.RANGE);
        folios.lock(folio);
        assertEquals(1, engine.leaks().nrNodes(), "what is removed last takes the level with it");
        failures.failAfter(0);
        int result = engine.merger().merge(folio, 6);
        failures.stop();
        assertEquals(Errno.ENOMEM, result);
        assertEquals(2, folios.references(folio));
        assertEquals(64, FolioLayout.count(space));
        assertEquals(0, engine.merger().merge(folio, 6));
        release(folio);
        checkFolios(engine, space);
        space.close();
    }

    /** Random splits and merges of one folio, against the orders of a trivial model. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void randomSplitsAndMergesFollowTheModel(HeadMapKind headMap) {
        SplittableRandom random = TestSeed.random("randomSplitsAndMergesFollowTheModel");
        int order = 11;
        long folio = lockedFolio(headMap, order, FIRST_INDEX);
        release(folio);
        byte[] orderAt = new byte[1 << order];
        fill(orderAt, 0, 1 << order, order);
        for (int i = 0; i < 3000; i++) {
            long at = random.nextInt(1 << order);
            int headAt = headOf(orderAt, (int) at);
            int pieceOrder = orderAt[headAt];
            if (random.nextBoolean() && pieceOrder > 0) {
                splitAt(folio, orderAt, headAt, random.nextInt(pieceOrder));
            } else if (pieceOrder < order) {
                mergeAt(folio, orderAt, headAt, random.nextInt(pieceOrder + 1, order + 1));
            }
        }
        checkFolios(engine, space);
        space.close();
    }

    private static int headOf(byte[] orderAt, int at) {
        int head = at;
        while (orderAt[head] < 0 || head + (1 << orderAt[head]) <= at) {
            head--;
        }
        return head;
    }

    private void splitAt(long folio, byte[] orderAt, int headAt, int newOrder) {
        long head = page(folio, headAt);
        assertTrue(folios.tryPin(head));
        folios.lock(head);
        assertEquals(0, engine.splitter().splitUniform(head, newOrder), TestSeed.asOption());
        release(head);
        fill(orderAt, headAt, 1 << orderAt[headAt], newOrder);
    }

    private void mergeAt(long folio, byte[] orderAt, int headAt, int newOrder) {
        int first = (int) Geometry.alignDown(headAt, newOrder);
        long head = page(folio, first);
        assertTrue(folios.tryPin(head));
        folios.lock(head);
        assertEquals(0, engine.merger().merge(head, newOrder), TestSeed.asOption());
        assertEquals(newOrder, folios.order(head));
        release(head);
        fill(orderAt, first, 1 << newOrder, newOrder);
        assertEquals(head, folios.headOf(page(folio, headAt)), TestSeed.asOption());
    }

    /** The order of each piece at its first page, -1 at all others. */
    private static void fill(byte[] orderAt, int first, int nrPages, int order) {
        for (int i = 0; i < nrPages; i++) {
            orderAt[first + i] = (byte) (i % (1 << order) == 0 ? order : -1);
        }
    }
}
