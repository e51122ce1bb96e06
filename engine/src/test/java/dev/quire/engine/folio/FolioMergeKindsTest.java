/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Merges pieces of folios of every kind, and looks at everything around them: nothing may tell that there was a split.
 */
@SuppressWarnings("NullAway.Init")
class FolioMergeKindsTest extends WholeEngineTest {
    private static final int MAX_ORDER = 9;

    private SplitSubject subject;

    private void openSubject(SplitKind kind, HeadMapKind headMap) {
        subject = new SplitSubject(open(headMap), headMap, kind);
    }

    private boolean isAnonymous() {
        return subject.kind.anonymous;
    }

    private static long page(long folio, long offset) {
        return folio + offset * PageStruct.BYTES;
    }

    /** Splits the folio; the test has the pieces of an anonymous one. */
    private void split(SplitPolicy policy, long at, int newOrder) {
        assertEquals(
                Errno.OK,
                subject.splitter.split(
                        subject.folio, policy, at, at + 1, newOrder, SplitPolicies.ALL_ORDERS, isAnonymous()));
    }

    private int merge(int newOrder) {
        return subject.merger.merge(subject.folio, newOrder);
    }

    // ---- the way there and back

    /** Between two other folios on the same LRU list, so that its place shows. */
    @ParameterizedTest
    @CsvSource({
        "ANONYMOUS, HEAD_BITS", "FILE, HEAD_BITS", "FILE_MINIMUM_ORDER, HEAD_BITS", "SHARED_MEMORY, HEAD_BITS",
        "ANONYMOUS, TAIL_WORDS", "FILE, TAIL_WORDS", "FILE_MINIMUM_ORDER, TAIL_WORDS", "SHARED_MEMORY, TAIL_WORDS",
        "ANONYMOUS_MAPPED, HEAD_BITS", "ANONYMOUS_MAPPED, TAIL_WORDS", "FILE_MAPPED, HEAD_BITS",
                "FILE_MAPPED, TAIL_WORDS"
    })
    void aSplitAndAMergeLeaveNothingBehind(SplitKind kind, HeadMapKind headMap) {
        openSubject(kind, headMap);
        long before = neighbour();
        for (int order = kind.smallestOrder(); order <= MAX_ORDER; order++) {
            for (int newOrder = kind.minimumOrder; newOrder < order; newOrder++) {
                if (kind.expectedResult(true, newOrder) == Errno.OK) {
                    thereAndBack(SplitPolicies.UNIFORM, order, 0, newOrder);
                    for (long at = 0; at < 1L << order; at += Math.max(1, (1L << order) / 7)) {
                        thereAndBack(SplitPolicies.NON_UNIFORM, order, at, newOrder);
                    }
                }
            }
        }
        subject.folios.unpin(before);
        subject.close();
    }

    private void thereAndBack(SplitPolicy policy, int order, long at, int newOrder) {
        subject.make(order);
        long after = neighbour();
        long nrAnonymous = subject.accounting.counters().nrAnonymous(order);
        FolioInvariants invariants = new FolioInvariants(subject);
        split(policy, at, newOrder);
        if (subject.kind == SplitKind.FILE_MAPPED) {
            // Its pieces are not mapped by themselves: somebody faults them in.
            mapPieces(order);
        }
        assertEquals(Errno.OK, merge(order));
        invariants.afterSuccess(new int[] {order}, 0, 0);
        invariants.checkCounts(0);
        assertEquals(nrAnonymous, subject.accounting.counters().nrAnonymous(order), "anonymous folios");
        subject.release(subject.folio);
        subject.folios.unpin(after);
    }

    private void mapPieces(int order) {
        for (long offset = 0; offset < 1L << order; ) {
            long piece = page(subject.folio, offset);
            long nrPages = Geometry.pagesIn(FolioStruct.order(piece));
            subject.mappers.map(piece, 0, nrPages);
            offset += nrPages;
        }
    }

    /** Another folio on the list on which those of the subject's kind are. */
    private long neighbour() {
        long folio = subject.folios.allocate(3);
        if (isAnonymous() || subject.kind.isSharedMemory()) {
            PageStruct.getAndSetFlags(folio, PageFlag.SWAPBACKED.mask());
        }
        subject.accounting.lru().add(folio);
        return folio;
    }

    // ---- LRU lists

    /**
     * Pieces of order 0 that are on no list (-), inactive (i), active (a) or unevictable (u), the last one used last;
     * one folio is on each list before them, one after. The place is that among all on the list, 0 used last.
     */
    @ParameterizedTest
    @CsvSource({
        "----, INACTIVE_FILE, -1",
        "iiii, INACTIVE_FILE, 1",
        "--i-, INACTIVE_FILE, 1",
        "i---, INACTIVE_FILE, 1",
        "aaaa, ACTIVE_FILE, 1",
        "iiia, ACTIVE_FILE, 1",
        "-aia, ACTIVE_FILE, 1",
        "uuuu, UNEVICTABLE, -1",
        "iuai, UNEVICTABLE, -1",
        "---u, UNEVICTABLE, -1"
    })
    void theMergedFolioIsOnOneList(String states, LruList expected, int place) {
        for (HeadMapKind headMap : HeadMapKind.values()) {
            openSubject(SplitKind.FILE, headMap);
            subject.onLru = false;
            subject.make(2);
            split(SplitPolicies.UNIFORM, 0, 0);
            List<Long> others = addOthers();
            for (int piece = 0; piece < 4; piece++) {
                putOnLru(page(subject.folio, piece), states.charAt(piece));
            }
            others.addAll(addOthers());
            assertEquals(Errno.OK, merge(2));
            boolean onLru = !"----".equals(states);
            assertEquals(onLru, PageFlag.LRU.isSet(PageStruct.flags(subject.folio)));
            for (LruList list : LruList.values()) {
                boolean isThere = onLru && list == expected;
                int nrOthers = list == LruList.ACTIVE_FILE || list == LruList.INACTIVE_FILE ? 2 : 0;
                assertEquals(
                        nrOthers + (isThere ? 4 : 0), subject.accounting.lru().nrPages(list), list::name);
                assertEquals(
                        isThere ? place : -1,
                        LruContents.of(subject.engine, list).indexOf(subject.folio),
                        list::name);
            }
            others.forEach(subject.folios::unpin);
            subject.release(subject.folio);
            subject.close();
        }
    }

    private List<Long> addOthers() {
        List<Long> others = new ArrayList<>();
        for (char state : new char[] {'i', 'a'}) {
            others.add(subject.folios.allocate(0));
            putOnLru(others.getLast(), state);
        }
        return others;
    }

    private void putOnLru(long folio, char state) {
        LruLists lru = subject.accounting.lru();
        if (state != '-') {
            lru.add(folio);
            lru.setActive(folio, state == 'a');
            lru.setUnevictable(folio, state == 'u');
        }
    }

    @ParameterizedTest
    @CsvSource({"DIRTY, true", "REFERENCED, true", "WORKINGSET, true", "YOUNG, true", "IDLE, false", "DROPBEHIND, false"
    })
    void someFlagsAreTheWholesIfAnyPieceHasThemOthersIfAllHave(PageFlag flag, boolean any) {
        openSubject(SplitKind.FILE, HeadMapKind.HEAD_BITS);
        subject.make(2);
        PageStruct.getAndClearFlags(subject.folio, PageFlag.DIRTY.mask() | PageFlag.YOUNG.mask());
        for (int nrWith = 0; nrWith <= 4; nrWith++) {
            PageStruct.getAndClearFlags(subject.folio, flag.mask());
            split(SplitPolicies.UNIFORM, 0, 0);
            for (int piece = 0; piece < nrWith; piece++) {
                PageStruct.getAndSetFlags(page(subject.folio, 3 - piece), flag.mask());
            }
            assertEquals(Errno.OK, merge(2));
            assertEquals(
                    any ? nrWith > 0 : nrWith == 4, flag.isSet(PageStruct.flags(subject.folio)), "pieces " + nrWith);
        }
        subject.release(subject.folio);
        subject.close();
    }

    /** Reclaim takes the pieces from the list, or the whole, while they are merged and split: no page is lost. */
    @ParameterizedTest
    @EnumSource(
            value = SplitKind.class,
            names = {"FILE", "SHARED_MEMORY"})
    void mergingBesideReclaimLosesNoPage(SplitKind kind) throws InterruptedException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        openSubject(kind, HeadMapKind.TAIL_WORDS);
        subject.make(4);
        LruLists lru = subject.accounting.lru();
        LruList list = LruList.of(PageStruct.flags(subject.folio));
        boolean[] done = new boolean[1];
        Thread reclaim = new Thread(() -> {
            FolioList taken = new FolioList(subject.folios);
            while (!isSet(done)) {
                lru.isolateOldest(list, 3, taken);
                for (long folio = taken.poll(); folio != 0; folio = taken.poll()) {
                    lru.add(folio);
                    subject.folios.unpin(folio);
                }
            }
        });
        reclaim.start();
        for (int round = 0; round < 2000; round++) {
            while (subject.splitter.splitNonUniform(subject.folio, page(subject.folio, round & 15), 0) != Errno.OK) {
                Thread.onSpinWait();
            }
            while (merge(4) != Errno.OK) {
                Thread.onSpinWait();
            }
        }
        set(done);
        reclaim.join();
        assertEquals(16, lru.nrPages(list));
        assertEquals(List.of(subject.folio), LruContents.of(subject.engine, list));
        subject.release(subject.folio);
        subject.close();
    }

    private static synchronized boolean isSet(boolean[] flag) {
        return flag[0];
    }

    private static synchronized void set(boolean[] flag) {
        flag[0] = true;
    }

    // ---- anonymous memory

    @Test
    void anonymousPiecesAreOneFolioWithOneReference() {
        openSubject(SplitKind.ANONYMOUS, HeadMapKind.HEAD_BITS);
        subject.make(9);
        split(SplitPolicies.UNIFORM, 0, 0);
        FolioCounters counters = subject.accounting.counters();
        assertEquals(512, counters.nrAnonymous(0));
        assertEquals(Errno.OK, merge(4), "the front of the block first");
        assertEquals(496, counters.nrAnonymous(0));
        assertEquals(1, counters.nrAnonymous(4));
        assertEquals(1, subject.folios.references(subject.folio));
        assertEquals(498, subject.group.nrReferences());
        assertEquals(Errno.OK, merge(9), "then all of it, of unequal pieces");
        assertEquals(0, counters.nrAnonymous(0) + counters.nrAnonymous(4));
        assertEquals(1, counters.nrAnonymous(9));
        assertEquals(2, subject.group.nrReferences());
        assertEquals(512, subject.group.nrChargedPages());
        subject.release(subject.folio);
        assertEquals(0, counters.nrAnonymous(9));
        subject.close();
    }

    /** Each row makes one of four pieces unfit, in a way that nothing but a look at it tells. */
    @ParameterizedTest
    @CsvSource({
        "PINNED, -11",
        "INDEX, -22",
        "OWNER, -22",
        "LOCKED, -16",
        "WRITEBACK, -16",
        "PRIVATE, -16",
        "HWPOISON, -16",
        "UPTODATE, -16",
        "SWAPCACHE, -16",
        "GROUP, -16"
    })
    void anUnfitPieceLeavesAllAsTheyAre(String unfit, int expected) {
        for (SplitKind kind : new SplitKind[] {SplitKind.ANONYMOUS, SplitKind.SHARED_MEMORY}) {
            for (int piece = 0; piece < 4; piece++) {
                openSubject(kind, piece == 1 ? HeadMapKind.TAIL_WORDS : HeadMapKind.HEAD_BITS);
                subject.make(4);
                split(SplitPolicies.UNIFORM, 0, 2);
                assertUnfit(unfit, page(subject.folio, 4L * piece), piece == 0, expected);
                assertEquals(Errno.OK, merge(4));
                subject.release(subject.folio);
                subject.close();
            }
        }
    }

    private void assertUnfit(String unfit, long piece, boolean first, int expected) {
        long mapping = PageStruct.mapping(piece);
        long group = PageStruct.memcgData(piece);
        long flags = PageStruct.flags(piece);
        if (first && (unfit.equals("LOCKED") || unfit.equals("OWNER") || unfit.equals("INDEX"))) {
            // The first piece is locked, and says whose they are and where.
            return;
        }
        LongConsumer restore = whole -> {};
        switch (unfit) {
            case "PINNED" -> {
                assertTrue(subject.folios.tryPin(piece));
                restore = subject.folios::unpin;
            }
            case "INDEX" -> PageStruct.index(piece, PageStruct.index(piece) + 16);
            case "OWNER" -> PageStruct.mapping(piece, mapping + 256);
            case "GROUP" -> PageStruct.memcgData(piece, 0);
            default ->
                PageStruct.getAndSetFlags(piece, PageFlag.valueOf(nameOf(unfit)).mask());
        }
        if (unfit.equals("UPTODATE")) {
            PageStruct.getAndClearFlags(piece, PageFlag.UPTODATE.mask());
        }
        boolean byIndex = !isAnonymous() && (unfit.equals("INDEX") || unfit.equals("OWNER"));
        FolioInvariants invariants = new FolioInvariants(subject);
        if (!byIndex) {
            assertEquals(Errno.name(expected), Errno.name(merge(4)), unfit);
            invariants.afterFailure();
        }
        restore.accept(piece);
        PageStruct.mapping(piece, mapping);
        PageStruct.memcgData(piece, group);
        PageStruct.index(piece, SplitSubject.FIRST_INDEX + (piece - subject.folio) / PageStruct.BYTES);
        PageStruct.flags(piece, flags);
    }

    private static String nameOf(String flag) {
        return flag.equals("SWAPCACHE") ? "OWNER_PRIV_1" : flag;
    }

    @Test
    void anonymousBlocksThatAreNotWholeAreRefused() {
        openSubject(SplitKind.ANONYMOUS, HeadMapKind.HEAD_BITS);
        subject.make(4);
        split(SplitPolicies.UNIFORM, 0, 0);
        FolioInvariants invariants = new FolioInvariants(subject);
        assertEquals(Errno.EINVAL, merge(1), "no anonymous folios of order 1");
        assertEquals(Errno.EINVAL, merge(0), "as large already");
        assertEquals(Errno.EINVAL, merge(5), "what follows is of nobody");
        assertEquals(Errno.EINVAL, merge(18), "not aligned, or beyond the arena");
        invariants.afterFailure();
        subject.folios.unpin(page(subject.folio, 7));
        assertEquals(Errno.EINVAL, merge(4), "a page is being freed, and nobody's from then on");
        subject.engine.awaitReclaim();
        assertEquals(Errno.EINVAL, merge(4), "a page is free");
        assertEquals(Errno.OK, merge(2), "before that all is well");
        for (long offset = 4; offset < 16; offset++) {
            if (offset != 7) {
                subject.folios.unpin(page(subject.folio, offset));
            }
        }
        subject.release(subject.folio);
        subject.close();
    }

    @Test
    void aBlockThatTheArenaDoesNotHoldIsRefused() {
        Quire engine = open(Quire.builder().capacityBytes(24L << Geometry.PAGE_SHIFT));
        Folios folios = engine.folios();
        long upper = folios.allocate(3);
        while (engine.arena().pfnOf(upper) < 16) {
            long next = folios.allocate(3);
            folios.unpin(upper);
            upper = next;
        }
        folios.makeAnonymous(upper, 0x1000, 16);
        folios.lock(upper);
        assertEquals(Errno.EINVAL, engine.merger().merge(upper, 4));
        assertEquals(1, folios.references(upper));
        folios.unlock(upper);
        folios.unpin(upper);
    }

    /** What the swap cache holds keeps its slots. */
    @Test
    void piecesInTheSwapCacheAreRefused() {
        openSubject(SplitKind.ANONYMOUS_SWAP_CACHED, HeadMapKind.HEAD_BITS);
        subject.make(3);
        assertEquals(Errno.OK, subject.splitter.splitUniform(subject.folio, 0));
        FolioInvariants invariants = new FolioInvariants(subject);
        assertEquals(Errno.EBUSY, merge(3));
        invariants.afterFailure();
        subject.releaseSwapCached(0);
        subject.close();
    }

    /** Whoever finds a piece by its page meanwhile gets a folio that holds the page, or nothing. */
    @ParameterizedTest
    @EnumSource(HeadMapKind.class)
    void pagesAreFoundBesideMergesOfAnonymousMemory(HeadMapKind headMap) throws InterruptedException {
        watchSplits(SplitWatch.Scope.WHAT_THE_CALLER_HOLDS);
        openSubject(SplitKind.ANONYMOUS, headMap);
        subject.make(4);
        Folios folios = subject.folios;
        boolean[] done = new boolean[1];
        List<String> wrong = new ArrayList<>();
        Thread finder = new Thread(() -> {
            for (int at = 0; !isSet(done) && wrong.isEmpty(); at = (at + 1) & 15) {
                long found = folios.tryPinFolioOf(page(subject.folio, at));
                if (found != 0) {
                    long first = (found - subject.folio) / PageStruct.BYTES;
                    int order = FolioStruct.order(found);
                    if (at < first
                            || at >= first + Geometry.pagesIn(order)
                            || PageStruct.index(found) != SplitSubject.FIRST_INDEX + first) {
                        wrong.add("page " + at + " in folio at " + first + " of order " + order);
                    }
                    folios.unpin(found);
                }
            }
        });
        finder.start();
        int nrMerges = 0;
        while (nrMerges < 3000) {
            while (subject.splitter.split(
                            subject.folio, SplitPolicies.NON_UNIFORM, 5, 6, 0, SplitPolicies.ALL_ORDERS, true)
                    != Errno.OK) {
                Thread.onSpinWait();
            }
            while (merge(4) != Errno.OK) {
                Thread.onSpinWait();
            }
            nrMerges++;
        }
        set(done);
        finder.join();
        assertEquals(List.of(), wrong);
        subject.release(subject.folio);
        subject.close();
    }
}
