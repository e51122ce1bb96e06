/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.xarray.SplitPlan;

/**
 * The checks of a split that need no lock but the folio's, in the order of the original (folio_check_splittable and the
 * beginning of __folio_split): whatever refuses a folio here has not been changed.
 */
final class SplitChecks {
    private final FolioOwners owners;

    SplitChecks(FolioOwners owners) {
        this.owners = owners;
    }

    /**
     * Checks what a policy has planned for a folio, in constant time: anybody can bring a policy, and once the folio is
     * frozen nothing can be taken back. That no piece is smaller than the mapping allows follows from {@link #check},
     * which compares {@code newOrder}. A folio that stays whole keeps its order, allowed or not.
     *
     * @throws IllegalArgumentException if the plan is for another order, leaves pages over, or has a piece that is too
     *     small or of an order that is not allowed
     */
    static void requirePlan(SplitPlan plan, int order, int newOrder, long allowedOrders) {
        if (plan.order() != order) {
            throw new IllegalArgumentException(
                    "plan for another order: plan.order=" + plan.order() + ", order=" + order);
        }
        plan.requireComplete();
        long refused = plan.pieceOrders() & ~(allowedOrders & -Geometry.pagesIn(newOrder));
        if (refused != 0 && plan.nrPieces() > 1) {
            refuse(plan, Long.numberOfTrailingZeros(refused), newOrder, allowedOrders);
        }
    }

    private static void refuse(SplitPlan plan, int pieceOrder, int newOrder, long allowedOrders) {
        String reason = pieceOrder < newOrder
                ? "piece too small: pieceOrder=" + pieceOrder + ", min=" + newOrder
                : "order not allowed: pieceOrder=" + pieceOrder + ", allowedOrders=0x"
                        + Long.toHexString(allowedOrders);
        throw new IllegalArgumentException(reason + ", plan=" + plan);
    }

    /** Checks a split, and finds the folio's owner. */
    int check(FolioSplit split) {
        if (split.mapping == 0) {
            // Truncated, or shared memory that only the swap cache has. First: nothing below may look at the mapping.
            return Errno.EBUSY;
        }
        boolean anonymous = split.isAnonymous();
        if (anonymous && split.newOrder == 1) {
            return Errno.EINVAL;
        }
        split.swapCached = PageFlag.isSwapCached(split.flags);
        if (split.swapCached && (!split.uniform || split.newOrder != 0)) {
            return Errno.EINVAL;
        }
        if (PageFlag.WRITEBACK.isSet(split.flags) || split.mapping == AddressSpaceStruct.ANONYMOUS_TAG) {
            return Errno.EBUSY;
        }
        return anonymous ? Errno.OK : checkOwned(split);
    }

    private int checkOwned(FolioSplit split) {
        FolioOwner owner = owners.of(split.mapping);
        split.owner = owner;
        if (split.newOrder < owner.minimumOrder()) {
            return Errno.EINVAL;
        }
        return PageFlag.PRIVATE.isSet(split.flags) ? Errno.EBUSY : Errno.OK;
    }
}
