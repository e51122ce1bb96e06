/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;

/**
 * The pieces that a folio becomes in the end, and the freezes that lead there, as a policy has said once: it is not
 * asked again. Not thread-safe; after its first use it allocates nothing.
 */
final class StagedPlan {
    /** All pieces, once {@link #plan} has returned. */
    final SplitPlan pieces = new SplitPlan();

    /** What is given to a policy or a cut to write to: it may keep it, and change it once the plan is checked. */
    private final SplitPlan offered = new SplitPlan();

    /** Bit k set if a larger block is split into pieces of order k before those are split further. */
    private long stageOrders;

    /** Plans both; what it throws, and what is refused, leaves neither usable. */
    void plan(SplitPolicy policy, int order, long start, long end, int minimumOrder, long allowedOrders) {
        if (policy instanceof SplitPolicies) {
            // The engine's own keep no plan.
            policy.plan(pieces, order, start, end, minimumOrder, allowedOrders);
        } else {
            policy.plan(offered, order, start, end, minimumOrder, allowedOrders);
            pieces.resetTo(offered);
        }
        SplitChecks.requirePlan(pieces, order, minimumOrder, allowedOrders);
        stageOrders = 0;
        int from = order;
        for (int largest = largestBelow(from, pieces); largest >= 0; largest = largestBelow(from, pieces)) {
            int stageOrder = policy.stageOrder(from, minimumOrder, allowedOrders);
            requireStageOrder(from, stageOrder, largest);
            if (stageOrder == from) {
                return;
            }
            if ((allowedOrders & Geometry.pagesIn(stageOrder)) == 0) {
                throw new IllegalArgumentException("order not allowed: stageOrder=" + stageOrder + ", allowedOrders=0x"
                        + Long.toHexString(allowedOrders) + ", plan=" + pieces);
            }
            stageOrders |= Geometry.pagesIn(stageOrder);
            from = stageOrder;
        }
    }

    /** Plans what a cut makes of a block, in its stages. */
    void plan(FolioCut cut, long startIndex, int order) {
        planPieces(pieces, cut, startIndex, order);
        SplitChecks.requirePlan(pieces, order, 0, SplitPolicies.ALL_ORDERS);
        stageOrders = 0;
        int from = order;
        for (int largest = largestBelow(from, pieces); largest >= 0; largest = largestBelow(from, pieces)) {
            int stageOrder = cut.stageOrder(from);
            requireStageOrder(from, stageOrder, largest);
            if (stageOrder == from) {
                return;
            }
            stageOrders |= Geometry.pagesIn(stageOrder);
            from = stageOrder;
        }
    }

    /** Lets a cut plan the pieces of a block, without stages, into a plan that it cannot change afterwards. */
    void planPieces(SplitPlan plan, FolioCut cut, long startIndex, int order) {
        cut.plan(offered, startIndex, order);
        plan.resetTo(offered);
    }

    /** Plans equal pieces, in the steps of {@link SplitPolicies#STAGED}. */
    void planUniform(int order, int newOrder, long allowedOrders) {
        pieces.resetUniform(order, newOrder);
        stageOrders = 0;
        int stage = SplitPolicies.step(order, newOrder, allowedOrders);
        while (stage > newOrder) {
            stageOrders |= Geometry.pagesIn(stage);
            stage = SplitPolicies.step(stage, newOrder, allowedOrders);
        }
    }

    /**
     * Checks that the pieces of a stage are smaller than before, and no smaller than any that lies in them.
     *
     * @param largest the order of the largest smaller piece
     */
    static void requireStageOrder(int order, int stageOrder, int largest) {
        if (stageOrder < largest || stageOrder > order) {
            throw new IllegalArgumentException("stage order out of range: order=" + order + ", stageOrder=" + stageOrder
                    + ", min=" + largest + ", max=" + order);
        }
    }

    /** Order of the largest pieces of a plan that are smaller than an order; -1 if there are none. */
    static int largestBelow(int order, SplitPlan plan) {
        return Geometry.largestOrderIn(plan.pieceOrders() & (Geometry.pagesIn(order) - 1));
    }

    /** Order of the blocks that a freeze of a block leaves, if they are split further; -1 if none is. */
    int stageBelow(int order) {
        return Geometry.largestOrderIn(stageOrders & (Geometry.pagesIn(order) - 1));
    }

    /** Whether a block, of the order of a stage, is to be split further. */
    boolean isSplit(long offset, int order) {
        return pieces.orderAt(offset) < order;
    }

    /**
     * Writes what the freeze of one block does to it.
     *
     * @param freeze where; one piece if the block is as it should be
     * @param offset first page of the block, relative to the folio
     * @param order its order: that of the folio or of a stage
     */
    void planFreeze(SplitPlan freeze, long offset, int order) {
        freeze.resetToPart(pieces, offset, order);
        int stage = stageBelow(order);
        if (freeze.nrPieces() > 1 && stage >= 0) {
            freeze.resetUniform(order, stage);
        }
    }
}
