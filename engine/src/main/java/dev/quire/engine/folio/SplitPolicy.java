/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.xarray.SplitPlan;

/**
 * Decides how a folio is cut when a range of its pages is wanted apart (to drop it, to convert it). A pure function
 * from the folio's order, the range and the allowed orders to a plan; the plan can be printed before it is carried out,
 * and with {@link SplitStages} also the freezes in which that is done.
 *
 * <p>Implementations have no state that changes during the call, split no folio from within it, and do not allocate. A
 * plan that does not keep to what is said below is refused with {@link IllegalArgumentException} before anything of the
 * folio changes. {@link SplitPolicies} has the ones Quire brings along.
 */
@FunctionalInterface
public interface SplitPolicy {
    /**
     * Writes the plan.
     *
     * @param plan where the pieces go, which cover the folio; overwritten. What is written to it later has no effect
     * @param order order of the folio
     * @param start first page of the range, relative to the folio, 0 up to its size
     * @param end page after the range, greater than {@code start}
     * @param minimumOrder no piece may be smaller
     * @param allowedOrders bit k set if pieces of order k are allowed; that of {@code minimumOrder} is set. One piece
     *     of order {@code order}, which leaves the folio whole, always is
     */
    void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders);

    /**
     * Order of the equal pieces that a folio is split into first, in a freeze of their own; those of them that the plan
     * wants smaller are then split further, each in freezes of its own. So the longest freeze is bounded, and between
     * the freezes the pieces are ordinary folios. {@link SplitStages} prints them all beforehand.
     *
     * @param order order of the folio, or of a piece of a stage before
     * @param minimumOrder no piece may be smaller
     * @param allowedOrders as for {@link #plan}
     * @return an allowed order no less than that of any smaller piece in the plan; {@code order} if it is split at once
     */
    default int stageOrder(int order, int minimumOrder, long allowedOrders) {
        return order;
    }

    /**
     * Whether a range is treated as the kernel's truncation does: cut at the page that holds its first byte, even if
     * that page is covered in part only, and then cut the folio that holds its end there.
     *
     * @return false if one plan around the wholly covered pages does it all
     */
    default boolean followsKernelTruncation() {
        return false;
    }
}
