/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.SplitPlan;

/**
 * The checks of what a {@link FolioRestructurer} is given: anybody can bring a cut, and from the first change on
 * nothing can be taken back.
 */
final class FolioCutChecks {
    /** Page after the last one whose offset in bytes is a {@code long}. */
    private static final long MAX_END_INDEX = 1L << (Long.SIZE - 1 - Geometry.PAGE_SHIFT);

    private FolioCutChecks() {}

    static void requireRange(long startIndex, long endIndex) {
        if (startIndex < 0 || startIndex >= endIndex || endIndex > MAX_END_INDEX) {
            throw new IllegalArgumentException("range out of range: startIndex=" + startIndex + ", endIndex=" + endIndex
                    + ", max=" + MAX_END_INDEX);
        }
    }

    /**
     * Checks the flags of a folio that is new in an index: what its pieces would not inherit says of the folio, as it
     * is, that it is large, locked or on a list; and in the swap cache it is not.
     */
    static void requireFlags(long flags) {
        long refused = flags & ~(FolioPieces.INHERITED_FLAGS & ~PageFlag.SWAPCACHE.mask());
        if (refused != 0) {
            throw new IllegalArgumentException("flags that no piece inherits: flags=0x" + Long.toHexString(flags)
                    + ", refused=0x" + Long.toHexString(refused));
        }
    }

    /** Checks what is to be put into an index: the flags, the place, that the folio is nobody's, and the owner. */
    static void requireInsertable(FolioOwner owner, long folio, long startIndex, long flags) {
        int order = FolioStruct.order(folio);
        requireFlags(flags);
        requireRange(startIndex, startIndex + Geometry.pagesIn(order));
        if (!Geometry.isAligned(startIndex, order)) {
            throw new IllegalArgumentException("startIndex not aligned: startIndex=" + startIndex + ", order=" + order);
        }
        if (PageStruct.mapping(folio) != 0 || References.count(folio) == 0) {
            throw new IllegalArgumentException(
                    "folio belongs to somebody, or nobody holds it: folio=0x" + Long.toHexString(folio));
        }
        if (AddressSpaceStruct.isSwapBacked(owner.address())) {
            throw new IllegalArgumentException("folio for shared memory: owner=0x" + Long.toHexString(owner.address()));
        }
    }

    static int orderAt(FolioCut cut, long index) {
        int order = cut.orderAt(index);
        Geometry.requireOrder(order);
        return order;
    }

    /**
     * Lets a cut plan the pieces of a folio, and checks what it has planned. Takes time in proportion to the runs of
     * the plan.
     *
     * @throws IllegalArgumentException if it is no plan for this folio, or has other pieces than the cut names
     */
    static void plan(FolioCut cut, FolioSplit split, long startIndex, int order) {
        SplitPlan plan = split.plan;
        split.staged.plan.planPieces(plan, cut, startIndex, order);
        SplitChecks.requirePlan(plan, order, 0, SplitPolicies.ALL_ORDERS);
        long index = startIndex;
        for (int run = 0; run < plan.nrRuns(); run++) {
            int named = cut.orderAt(index);
            if (named != plan.runOrder(run)) {
                throw new IllegalArgumentException("cut plans another order than it names: index=" + index
                        + ", orderAt=" + named + ", pieceOrder=" + plan.runOrder(run) + ", plan=" + plan);
            }
            index += plan.runUnits(run);
        }
    }

    /**
     * Checks that the stages in which a cut splits a folio lead to the pieces that it has planned: those of each stage
     * are smaller than before, and no smaller than any that lies in them, for which alone nodes are reserved. What it
     * has said of an order for a folio before holds for this one too.
     *
     * @param answers where the stages are noted
     * @throws IllegalArgumentException if they are not
     */
    static void requireStages(FolioCut cut, SplitPlan plan, AnsweredCut answers) {
        int order = plan.order();
        for (int largest = StagedPlan.largestBelow(order, plan);
                largest >= 0;
                largest = StagedPlan.largestBelow(order, plan)) {
            int stageOrder = answers.hasStage(order) ? answers.stageOrder(order) : cut.stageOrder(order);
            StagedPlan.requireStageOrder(order, stageOrder, largest);
            answers.addStage(order, stageOrder);
            if (stageOrder == order) {
                return;
            }
            order = stageOrder;
        }
    }

    /**
     * Checks that a folio that others are to become ends inside the blocks, of which the last ends with the folio that
     * the cut has named there: what lies beyond is not frozen.
     *
     * @throws IllegalArgumentException if it does not
     */
    static void requireInBlocks(long startIndex, int order, long blocksEnd) {
        if (startIndex + Geometry.pagesIn(order) > blocksEnd) {
            throw new IllegalArgumentException("cut names folios that overlap: index=" + startIndex + ", orderAt="
                    + order + ", end of the last one=" + blocksEnd);
        }
    }

    /**
     * Whether an owner may have the pieces of a folio: none smaller than its minimum, and none beyond its end, where a
     * split would have to drop them.
     */
    static boolean fits(FolioOwner owner, SplitPlan plan, long startIndex) {
        return (plan.pieceOrders() & (Geometry.pagesIn(owner.minimumOrder()) - 1)) == 0
                && startIndex + Geometry.pagesIn(plan.order()) <= owner.endIndex();
    }

    /** Whether a folio must be split, merged, or unused for a moment because a page changes its meaning. */
    static boolean concerns(FolioCut cut, long startIndex, int order) {
        return cut.orderAt(startIndex) != order || cut.changes(startIndex, order);
    }
}
