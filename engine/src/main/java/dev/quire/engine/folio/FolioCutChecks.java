/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
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
    static void plan(FolioCut cut, SplitPlan plan, long startIndex, int order) {
        cut.plan(plan, startIndex, order);
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
     * Whether an owner may have the pieces of a folio: none smaller than its minimum, and none beyond its end, where a
     * split would have to drop them.
     */
    static boolean isSplittable(FolioOwner owner, SplitPlan plan, long startIndex) {
        return plan.nrPieces() == 1
                || ((plan.pieceOrders() & (Geometry.pagesIn(owner.minimumOrder()) - 1)) == 0
                        && startIndex + Geometry.pagesIn(plan.order()) <= owner.endIndex());
    }
}
