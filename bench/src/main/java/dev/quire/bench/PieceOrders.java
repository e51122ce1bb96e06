/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Geometry;

/** Which orders the pieces of a split may have. */
public enum PieceOrders {
    /** Any. */
    ALL(SplitPolicies.ALL_ORDERS),

    /** Those of 4 KiB, 64 KiB, 2 MiB and 1 GiB, as where only some sizes of transparent huge pages are turned on. */
    MTHP(1L | 1L << 4 | 1L << Geometry.PMD_ORDER | 1L << Geometry.PUD_ORDER);

    private final long mask;

    PieceOrders(long mask) {
        this.mask = mask;
    }

    /** {@return bit k set if pieces of order k are allowed} */
    long mask() {
        return mask;
    }

    /**
     * The largest order of these that a piece can have.
     *
     * @param order log2 pages of the largest block that may become one piece
     * @return the order, or the largest allowed one below it
     */
    int largestUpTo(int order) {
        return Geometry.largestOrderIn(mask & (2L << order) - 1);
    }
}
