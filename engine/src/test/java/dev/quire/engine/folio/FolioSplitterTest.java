/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLayout;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@SuppressWarnings("NullAway.Init")
class FolioSplitterTest extends WholeEngineTest {
    private static final long FIRST_INDEX = 5L << 18;

    /** What the mapping word of anonymous memory names. */
    private static final long ANONYMOUS_OWNER = 0x1000;

    private Quire engine;
    private Folios folios;
    private AddressSpace space;

    private long lockedFileFolio(HeadMapKind headMap, int order) {
        return lockedFileFolio(headMap, order, 0);
    }

    private long lockedFileFolio(HeadMapKind headMap, int order, int minimumOrder) {
        engine = open(headMap);
        folios = engine.folios();
        space = engine.newAddressSpace(minimumOrder);
        space.extend((FIRST_INDEX + (1L << 18)) << 12);
        long folio = folios.allocate(order);
        assertEquals(0, space.add(folio, FIRST_INDEX));
        folios.lock(folio);
        return folio;
    }

    private void release(long folio) {
        folios.unlock(folio);
        folios.unpin(folio);
    }

    private String layout(int order) {
        return FolioLayout.text(space, FIRST_INDEX, FIRST_INDEX + (1L << order));
    }

    private static long page(long folio, long offset) {
        return folio + offset * PageStruct.BYTES;
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aNonUniformSplitKeepsLockAndReferenceOnTheFirstFolio(HeadMapKind headMap) {
        long folio = lockedFileFolio(headMap, 9);
        assertEquals(0, engine.splitter().splitNonUniform(folio, page(folio, 300), 0));
        assertTrue(folios.isLocked(folio));
        assertEquals(256 + 1, folios.references(folio));
        assertFalse(folios.isLocked(page(folio, 300)));
        release(folio);
        assertEquals("8,5,3,2,0,0,1,4,6,7", layout(9));
        checkFolios(engine, space);
        space.close();
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void aUniformSplitMovesLockAndReferenceToTheNamedPage(HeadMapKind headMap) {
        long folio = lockedFileFolio(headMap, 6);
        long named = page(folio, 37);
        assertEquals(0, engine.splitter().splitUniform(named, 2));
        long holder = page(folio, 36);
        assertTrue(folios.isLocked(holder));
        assertEquals(4 + 1, folios.references(holder));
        assertFalse(folios.isLocked(folio));
        assertEquals(4, folios.references(folio));
        release(holder);
        assertEquals(String.join(",", java.util.Collections.nCopies(16, "2")), layout(6));
        checkFolios(engine, space);
        space.close();
    }

    /** The lock moves from folio to folio, and the checker of the order of locks goes with it. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void whatIsHeldAfterASplitAroundAnotherPageIsTheLockThatIsKept(HeadMapKind headMap) {
        long folio = lockedFileFolio(headMap, 4);
        LockOrder lockOrder = new LockOrder(true);
        FolioLock locks = new FolioLock(lockOrder);
        FolioSplitter splitter = splitterWith(locks);
        folios.unlock(folio);
        locks.lock(folio);
        long named = page(folio, 3);
        assertEquals(0, splitter.splitUniform(named, 0));
        assertEquals(1, lockOrder.held(LockRank.FOLIO));
        assertThrows(IllegalStateException.class, () -> lockOrder.beforeLock(LockRank.RESIZE));
        locks.unlock(named);
        assertEquals(0, lockOrder.held(LockRank.FOLIO));
        locks.lock(folio);
        assertThrows(IllegalStateException.class, () -> lockOrder.beforeLock(LockRank.RESIZE));
        locks.unlock(folio);
        folios.unpin(named);
        space.close();
    }

    /** A splitter of the engine that takes other locks. */
    private FolioSplitter splitterWith(FolioLock locks) {
        FolioContext own = engine.splitter().context();
        FolioContext context = new FolioContext(
                own.arena(),
                own.folios(),
                own.headMap(),
                locks,
                own.owners(),
                own.swapTable(),
                own.accounting(),
                own.mappers(),
                own.lifetime());
        return new FolioSplitter(context, engine.splitter().statistics(), null);
    }

    /** Only a uniform split asks for its nodes before it looks at the references. */
    @Test
    void whoHoldsAFolioIsToldBeforeAShortageOfNodes() {
        long folio = lockedFileFolio(HeadMapKind.HEAD_BITS, 9);
        assertTrue(folios.tryPin(folio));
        failures.failAfter(0);
        assertEquals(Errno.EAGAIN, engine.splitter().splitNonUniform(folio, page(folio, 5), 0));
        assertEquals(Errno.ENOMEM, engine.splitter().splitUniform(folio, 0));
        folios.unpin(folio);
        assertEquals(Errno.ENOMEM, engine.splitter().splitNonUniform(folio, page(folio, 5), 0));
        failures.stop();
        release(folio);
        space.close();
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void everyOrderSplitsToEveryLowerOrder(HeadMapKind headMap) {
        for (int order = 1; order <= 12; order++) {
            for (int newOrder = 0; newOrder < order; newOrder++) {
                long folio = lockedFileFolio(headMap, order);
                assertEquals(0, engine.splitter().splitUniform(folio, newOrder));
                release(folio);
                assertEquals(1L << (order - newOrder), FolioLayout.count(space));
                checkFolios(engine, space);
                space.close();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void oneGibibyteSplitsInOneGo(HeadMapKind headMap) {
        long folio = lockedFileFolio(headMap, 18);
        assertEquals(0, engine.splitter().splitNonUniform(folio, page(folio, 0x2abcd), 0));
        release(folio);
        assertEquals("17,15,13,11,9,8,7,6,3,2,0,0,1,4,5,10,12,14,16", layout(18));
        assertEquals(19, engine.splitStatistics().nrPieces());
        assertEquals(3, engine.splitStatistics().nrNodesAdded());
        checkFolios(engine, space);
        space.close();
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void oneGibibyteSplitsUniformlyInOneGo(HeadMapKind headMap) {
        long folio = lockedFileFolio(headMap, 18);
        assertEquals(0, engine.splitter().splitUniform(folio, 0));
        release(folio);
        assertEquals(262_144, FolioLayout.count(space));
        assertEquals(4161, engine.splitStatistics().nrNodesAdded());
        space.close();
    }

    @Test
    void piecesInheritFlagsAndNothingElse() {
        long folio = lockedFileFolio(HeadMapKind.HEAD_BITS, 4);
        long inherited = PageFlag.DIRTY.mask() | PageFlag.UPTODATE.mask() | PageFlag.REFERENCED.mask();
        PageStruct.getAndSetFlags(folio, inherited | PageFlag.RECLAIM.mask());
        assertEquals(0, engine.splitter().splitNonUniform(folio, page(folio, 9), 0));
        assertEquals(inherited, PageStruct.flags(page(folio, 9)));
        assertEquals(inherited | PageFlag.HEAD.mask(), PageStruct.flags(page(folio, 12)));
        release(folio);
        space.close();
    }

    @Test
    void theFrameFlagStaysWithItsPage() {
        long folio = lockedFileFolio(HeadMapKind.HEAD_BITS, 3);
        PageStruct.getAndSetFlags(page(folio, 5), PageFlag.HWPOISON.mask());
        assertEquals(0, engine.splitter().splitUniform(folio, 0));
        assertEquals(PageFlag.HWPOISON.mask(), PageStruct.flags(page(folio, 5)));
        assertEquals(0, PageStruct.flags(page(folio, 4)));
        release(folio);
        space.close();
    }

    @ParameterizedTest
    @CsvSource({"PINNED, EAGAIN", "TRUNCATED, EBUSY", "WRITEBACK, EBUSY", "PRIVATE, EBUSY", "NO_NODES, ENOMEM"})
    void aRefusedSplitLeavesEveryByteAsItWas(String obstacle, String expected) {
        SplitSubject subject = new SplitSubject(open(HeadMapKind.TAIL_WORDS), HeadMapKind.TAIL_WORDS, SplitKind.FILE);
        long folio = subject.make(9);
        long mapping = PageStruct.mapping(folio);
        switch (obstacle) {
            case "PINNED" -> assertTrue(subject.folios.tryPin(folio));
            case "TRUNCATED" -> PageStruct.mapping(folio, 0);
            case "WRITEBACK" -> PageStruct.getAndSetFlags(folio, PageFlag.WRITEBACK.mask());
            case "PRIVATE" -> PageStruct.getAndSetFlags(folio, PageFlag.PRIVATE.mask());
            default -> failures.failAfter(3);
        }
        FolioInvariants invariants = new FolioInvariants(subject);
        assertEquals(expected, Errno.name(subject.splitter.splitUniform(folio, 0)));
        failures.stop();
        invariants.afterFailedSplit();
        assertEquals(1, subject.engine.splitStatistics().nrFailed(9));
        assertEquals(0, subject.engine.splitStatistics().nrSplits());
        PageStruct.mapping(folio, mapping);
        PageStruct.getAndClearFlags(folio, PageFlag.WRITEBACK.mask() | PageFlag.PRIVATE.mask());
        if (obstacle.equals("PINNED")) {
            subject.folios.unpin(folio);
        }
        subject.release(folio);
        subject.close();
    }

    /** The nodes come first: nobody finds a page gone for a split that does not happen. */
    @ParameterizedTest
    @EnumSource(
            value = SplitKind.class,
            names = {"FILE_MAPPED", "FILE_IN_PAGE_TABLES"})
    void aFolioStaysMappedIfThereAreNoNodes(SplitKind kind) {
        SplitSubject subject = new SplitSubject(open(HeadMapKind.HEAD_BITS), HeadMapKind.HEAD_BITS, kind);
        long folio = subject.make(9);
        int nrLeaves = FolioMapcounts.total(folio);
        assertTrue(nrLeaves > 0);
        for (int nrNodes = 0; nrNodes < 8; nrNodes++) {
            failures.failAfter(nrNodes);
            assertEquals(Errno.ENOMEM, subject.splitter.splitUniform(folio, 0));
            failures.stop();
            assertEquals(nrLeaves, FolioMapcounts.total(folio));
        }
        assertEquals(Errno.OK, subject.splitter.splitUniform(folio, 0));
        assertEquals(0, FolioMapcounts.total(folio));
        subject.release(folio);
        subject.close();
    }

    @Test
    void wrongArgumentsAreRefusedInTheOrderOfTheOriginal() {
        long folio = lockedFileFolio(HeadMapKind.HEAD_BITS, 4, 2);
        FolioSplitter splitter = engine.splitter();
        assertEquals(Errno.EINVAL, splitter.splitNonUniform(folio, page(folio, 16), 0), "page of another folio");
        assertEquals(Errno.EINVAL, splitter.splitUniform(folio, 4), "not a lower order");
        assertEquals(Errno.EINVAL, splitter.splitUniform(folio, 1), "below the minimum order");
        PageStruct.getAndSetFlags(folio, PageFlag.WRITEBACK.mask());
        assertEquals(Errno.EBUSY, splitter.splitUniform(folio, 1), "writeback is looked at before the minimum order");
        PageStruct.getAndClearFlags(folio, PageFlag.WRITEBACK.mask());
        assertThrows(IllegalArgumentException.class, () -> splitter.splitUniform(folio, -1));
        assertThrows(IllegalArgumentException.class, () -> splitter.splitUniform(folio + 1, 0));
        release(folio);
        assertThrows(IllegalStateException.class, () -> splitter.splitUniform(folio, 0), "not locked");
        space.close();
    }

    @Test
    void whatLiesBeyondTheEndOfTheFileIsDroppedButNeverTheFirstFolio() {
        long folio = lockedFileFolio(HeadMapKind.HEAD_BITS, 9);
        release(folio);
        space.truncate((FIRST_INDEX + 512) << 12, SplitPolicies.NON_UNIFORM);
        space.truncate((FIRST_INDEX + 300) << 12, SplitPolicies.NON_UNIFORM);
        assertEquals("8,5,3,2,-", layout(9));
        checkFolios(engine, space);
        space.close();
    }

    @Test
    void theFirstFolioSurvivesASplitWhollyBeyondTheEnd() {
        engine = open(HeadMapKind.HEAD_BITS);
        folios = engine.folios();
        space = engine.newAddressSpace();
        long folio = folios.allocate(3);
        assertEquals(0, space.add(folio, FIRST_INDEX));
        folios.lock(folio);
        PageStruct.getAndSetFlags(folio, PageFlag.DIRTY.mask());
        assertEquals(0, engine.splitter().splitUniform(page(folio, 5), 0));
        // The file is empty: all pieces but the first are dropped; the named page's keeps lock and reference all the
        // same.
        assertEquals("0,-", layout(3));
        assertEquals(1, space.nrPages());
        long named = page(folio, 5);
        assertTrue(folios.isLocked(named));
        assertEquals(1, folios.references(named));
        assertEquals(0, PageStruct.mapping(named));
        assertFalse(PageFlag.DIRTY.isSet(PageStruct.flags(named)));
        release(named);
        checkFolios(engine, space);
        space.close();
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void anonymousPiecesAreFreedUnlessKept(HeadMapKind headMap) {
        long folio = lockedAnonymousFolio(headMap, 9);
        assertEquals(0, engine.splitter().splitNonUniform(folio, page(folio, 2), 0));
        assertEquals(0, folios.order(folio));
        assertEquals(1, folios.references(folio));
        assertEquals(1, engine.leaks().nrPages());
        release(folio);
    }

    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void keptPiecesBelongToTheCaller(HeadMapKind headMap) {
        SplitSubject subject = new SplitSubject(open(headMap), headMap, SplitKind.ANONYMOUS);
        long folio = subject.make(9);
        FolioInvariants invariants = new FolioInvariants(subject);
        int[] orders = {0, 0, 0, 0, 2, 3, 4, 5, 6, 7, 8};
        assertEquals(
                Errno.OK,
                subject.splitter.split(folio, SplitPolicies.NON_UNIFORM, 2, 3, 0, SplitPolicies.ALL_ORDERS, true));
        invariants.afterSplit(orders, 0, 1);
        subject.releaseKept(orders);
        subject.close();
    }

    @Test
    void anonymousFoliosHaveRulesOfTheirOwn() {
        long folio = lockedAnonymousFolio(HeadMapKind.HEAD_BITS, 4);
        FolioSplitter splitter = engine.splitter();
        assertEquals(Errno.EINVAL, splitter.splitUniform(folio, 1), "order 1");
        PageStruct.getAndSetFlags(folio, PageFlag.SWAPCACHE.mask());
        assertTrue(PageFlag.isSwapCached(PageStruct.flags(folio)));
        assertEquals(Errno.EINVAL, splitter.splitUniform(folio, 2), "swap cache to an order above 0");
        assertEquals(Errno.EINVAL, splitter.splitNonUniform(folio, folio, 0), "swap cache, non-uniform");
        PageStruct.getAndClearFlags(folio, PageFlag.SWAPCACHE.mask());
        PageStruct.mapping(folio, 1);
        assertEquals(Errno.EBUSY, splitter.splitUniform(folio, 0), "no owner");
        release(folio);
    }

    private long lockedAnonymousFolio(HeadMapKind headMap, int order) {
        engine = open(headMap);
        folios = engine.folios();
        long folio = folios.allocate(order);
        folios.makeAnonymous(folio, ANONYMOUS_OWNER, 0);
        folios.lock(folio);
        return folio;
    }
}
