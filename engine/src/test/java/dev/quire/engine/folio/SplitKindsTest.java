/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntSupplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Splits folios of every kind in every way, and looks at everything around them afterwards: up to order 9 to every
 * smaller order at every page, with either policy and either head map; from there on at random pages. Each split is
 * tried without memory first: of the nodes that it takes the first, the second, and so on is refused, and nothing has
 * changed. Up to order 9 each of them is; of larger splits {@link #NR_ALL_REFUSED} of them, then some, and the last.
 */
@SuppressWarnings("NullAway.Init")
class SplitKindsTest extends WholeEngineTest {
    private static final int EXHAUSTIVE_ORDER = 9;
    private static final int SAMPLES_PER_ORDER = 6;
    private static final int MAX_MASKED_ORDER = 13;
    private static final int NR_MASKS = 200;

    /** Of the nodes that a split takes, each of so many first ones is refused once, then some, and the last. */
    private static final int NR_ALL_REFUSED = 64;

    /** A split of a new folio of some order at some page to some order, with all that is checked around it. */
    private interface SplitAttempt {
        void run(int order, long at, int newOrder);
    }

    private SplitSubject subject;

    /** Each attempt is looked at here, with expectations that do not come from the engine. */
    SplitKindsTest() {
        watchSplits(SplitWatch.Scope.NOTHING);
    }

    @ParameterizedTest
    @EnumSource(SplitKind.class)
    void everyNonUniformSplitOfEveryKind(SplitKind kind) {
        everySplit(kind, HeadMapKind.HEAD_BITS, this::splitNonUniform);
    }

    @ParameterizedTest
    @EnumSource(SplitKind.class)
    void everyUniformSplitOfEveryKind(SplitKind kind) {
        everySplit(kind, HeadMapKind.HEAD_BITS, this::splitUniform);
    }

    @ParameterizedTest
    @EnumSource(SplitKind.class)
    void everyNonUniformSplitWithTailsThatNameTheirHead(SplitKind kind) {
        everySplit(kind, HeadMapKind.TAIL_WORDS, this::splitNonUniform);
    }

    @ParameterizedTest
    @EnumSource(SplitKind.class)
    void everyUniformSplitWithTailsThatNameTheirHead(SplitKind kind) {
        everySplit(kind, HeadMapKind.TAIL_WORDS, this::splitUniform);
    }

    private void everySplit(SplitKind kind, HeadMapKind headMap, SplitAttempt attempt) {
        open(kind, headMap);
        for (int order = kind.smallestOrder(); order <= EXHAUSTIVE_ORDER; order++) {
            for (int newOrder = 0; newOrder < order; newOrder++) {
                for (long at = 0; at < Geometry.pagesIn(order); at++) {
                    attempt.run(order, at, newOrder);
                }
            }
        }
        subject.close();
    }

    @ParameterizedTest
    @EnumSource(SplitKind.class)
    void sampledSplitsOfLargerFolios(SplitKind kind) {
        SplittableRandom random = TestSeed.random("sampledSplitsOfLargerFolios" + kind);
        sampleLargerFolios(kind, HeadMapKind.HEAD_BITS, random);
        sampleLargerFolios(kind, HeadMapKind.TAIL_WORDS, random);
    }

    private void sampleLargerFolios(SplitKind kind, HeadMapKind headMap, SplittableRandom random) {
        open(kind, headMap);
        for (int order = EXHAUSTIVE_ORDER + 1; order <= Geometry.MAX_ORDER; order++) {
            for (int sample = 0; sample < SAMPLES_PER_ORDER; sample++) {
                splitNonUniform(order, random.nextLong(1L << order), random.nextInt(order));
            }
            splitUniform(order, random.nextLong(1L << order), random.nextInt(Math.max(order - 9, 0), order));
            splitUniform(order, random.nextLong(1L << order), random.nextInt(order));
        }
        subject.close();
    }

    /** Chance says of each order whether it is allowed; order 1 never is for anonymous folios. */
    @ParameterizedTest
    @EnumSource(SplitKind.class)
    void ordersThatAreNotAllowedAreLeftOut(SplitKind kind) {
        SplittableRandom random = TestSeed.random("ordersThatAreNotAllowedAreLeftOut" + kind);
        open(kind, HeadMapKind.HEAD_BITS);
        for (int round = 0; round < NR_MASKS; round++) {
            int order = random.nextInt(kind.smallestOrder(), MAX_MASKED_ORDER + 1);
            int newOrder = random.nextInt(order);
            long allowedOrders = random.nextLong() & SplitPolicies.ALL_ORDERS;
            splitNonUniform(order, random.nextLong(1L << order), newOrder, allowedOrders);
        }
        subject.close();
    }

    @ParameterizedTest
    @EnumSource(SplitKind.class)
    void offTheListsNothingIsLinked(SplitKind kind) {
        open(kind, HeadMapKind.HEAD_BITS);
        subject.onLru = false;
        splitUniform(5, 3, 0);
        splitNonUniform(5, 9, 0);
        for (LruList list : LruList.values()) {
            assertEquals(0, subject.accounting.lru().nrPages(list));
        }
        subject.close();
    }

    /** Larger folios take more nodes, over several levels; the last page is as good as any. */
    @ParameterizedTest
    @EnumSource(
            value = SplitKind.class,
            names = {"FILE", "FILE_MAPPED", "FILE_IN_PAGE_TABLES", "SHARED_MEMORY", "SHARED_MEMORY_IN_PAGE_TABLES"})
    void everyFailingAllocationOfALargeSplitLeavesEverythingAsItWas(SplitKind kind) {
        open(kind, HeadMapKind.HEAD_BITS);
        assertEquals(65, nrNodes(12, SplitLayouts.uniform(12, 0)));
        assertEquals(2, nrNodes(12, SplitLayouts.nonUniform(12, 0, 0, false)));
        assertEquals(8, nrNodes(9, SplitLayouts.nonUniform(9, 0, 0, 1L << 4)));
        splitUniform(12, 4095, 0);
        splitNonUniform(12, 4095, 0);
        splitNonUniform(18, (1 << 18) - 1, 0);
        subject.close();
    }

    /** Somebody else's reference makes any split fail; a mapped folio stays, or is again, mapped as it was. */
    @ParameterizedTest
    @EnumSource(SplitKind.class)
    void aPinnedFolioOfEveryKindStaysAsItIs(SplitKind kind) {
        open(kind, HeadMapKind.TAIL_WORDS);
        subject.make(5);
        assertTrue(subject.folios.tryPin(subject.folio));
        FolioInvariants invariants = new FolioInvariants(subject);
        assertEquals(Errno.EAGAIN, subject.splitter.splitUniform(subject.folio, kind.minimumOrder));
        invariants.afterFailedSplit();
        assertEquals(0, subject.mappers.nrUnmaps, "page tables are spared");
        subject.folios.unpin(subject.folio);
        subject.release(subject.folio);
        subject.close();
    }

    private void open(SplitKind kind, HeadMapKind headMap) {
        subject = new SplitSubject(open(headMap), headMap, kind);
    }

    private void splitNonUniform(int order, long at, int newOrder) {
        splitNonUniform(order, at, newOrder, SplitPolicies.ALL_ORDERS);
    }

    private void splitNonUniform(int order, long at, int newOrder, long allowedOrders) {
        subject.make(order);
        subject.poison(at * 7 % (1L << order));
        FolioInvariants invariants = new FolioInvariants(subject);
        boolean keep = subject.kind == SplitKind.ANONYMOUS;
        long possibleOrders = subject.kind.anonymous ? ~(1L << 1) : -1;
        int[] orders = SplitLayouts.nonUniform(order, at, newOrder, allowedOrders & possibleOrders);
        // What comes out in equal pieces is uniform.
        boolean uniform = Arrays.stream(orders).allMatch(piece -> piece == newOrder);
        int result = splitWithEveryFailure(
                invariants,
                nrNodes(order, orders),
                () -> subject.splitter.split(
                        subject.folio, SplitPolicies.NON_UNIFORM, at, at + 1, newOrder, allowedOrders, keep));
        String what = " allowed 0x" + Long.toHexString(allowedOrders);
        assertEquals(expected(uniform, newOrder), Errno.name(result), () -> describe(order, at, newOrder) + what);
        if (result != Errno.OK) {
            invariants.afterFailedSplit();
            subject.release(subject.folio);
            return;
        }
        finish(invariants, orders, 0, keep);
    }

    private void splitUniform(int order, long at, int newOrder) {
        subject.make(order);
        subject.poison(at * 5 % (1L << order));
        FolioInvariants invariants = new FolioInvariants(subject);
        int result = splitWithEveryFailure(
                invariants,
                nrNodes(order, SplitLayouts.uniform(order, newOrder)),
                () -> subject.splitter.splitUniform(subject.folio + at * PageStruct.BYTES, newOrder));
        assertEquals(expected(true, newOrder), Errno.name(result), () -> describe(order, at, newOrder));
        if (result != Errno.OK) {
            invariants.afterFailedSplit();
            subject.release(subject.folio);
            return;
        }
        finish(invariants, SplitLayouts.uniform(order, newOrder), at, false);
    }

    /** Nodes below the entry of a folio: at each level, those whose slots some piece is smaller than. */
    private static int nrNodes(int order, int[] orders) {
        int nrNodes = 0;
        for (int shift = 6; shift <= order; shift += 6) {
            long lastCounted = -1;
            long offset = 0;
            for (int pieceOrder : orders) {
                if (pieceOrder < shift && offset >>> shift != lastCounted) {
                    lastCounted = offset >>> shift;
                    nrNodes++;
                }
                offset += 1L << pieceOrder;
            }
        }
        return nrNodes;
    }

    /** A split as a whole or not at all: what it takes from the pool of index nodes is reserved first. */
    private int splitWithEveryFailure(FolioInvariants invariants, int nrNodes, IntSupplier split) {
        int nrAllocations = subject.kind.anonymous ? 0 : nrNodes;
        for (int nrSuccesses = 0; nrSuccesses < nrAllocations; nrSuccesses = next(nrSuccesses, nrAllocations)) {
            int result = failAfter(nrSuccesses, split);
            if (result != Errno.ENOMEM) {
                assertEquals(0, nrSuccesses, "allocations before a split that memory did not stop");
                assertTrue(result != Errno.OK, "a split without the memory for it");
                return result;
            }
            invariants.afterFailedSplit();
            subject.requireMapped();
        }
        return failAfter(nrAllocations, split);
    }

    private static int next(int nrSuccesses, int nrAllocations) {
        if (nrSuccesses < NR_ALL_REFUSED || nrSuccesses == nrAllocations - 1) {
            return nrSuccesses + 1;
        }
        return Math.min(2 * nrSuccesses, nrAllocations - 1);
    }

    private int failAfter(int nrSuccesses, IntSupplier split) {
        failures.failAfter(nrSuccesses);
        int result = split.getAsInt();
        failures.stop();
        return result;
    }

    private void finish(FolioInvariants invariants, int[] orders, long lockAt, boolean keep) {
        invariants.afterSplit(orders, lockAt, keep ? 1 : 0);
        long nrPages = Geometry.pagesIn(subject.order);
        long dropped = 0;
        long offset = 0;
        long locked = 0;
        for (int order : orders) {
            dropped += offset > 0 && offset >= subject.kind.firstDropped(nrPages) ? 1L << order : 0;
            locked = offset <= lockAt ? offset : locked;
            offset += 1L << order;
        }
        invariants.checkCounts(dropped);
        if (keep) {
            subject.releaseKept(orders);
        } else if (subject.kind == SplitKind.ANONYMOUS_SWAP_CACHED) {
            subject.releaseSwapCached(locked);
        } else {
            subject.release(subject.folio + locked * PageStruct.BYTES);
        }
    }

    private String expected(boolean uniform, int newOrder) {
        return Errno.name(subject.kind.expectedResult(uniform, newOrder));
    }

    private String describe(int order, long at, int newOrder) {
        return subject.kind + " " + order + "->" + newOrder + " at " + at + " " + TestSeed.asOption();
    }
}
