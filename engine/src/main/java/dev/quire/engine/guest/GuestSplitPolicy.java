/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Geometry;

/**
 * Which orders the folios of a guest's private memory may have; the larger a folio, the fewer index nodes and the
 * larger the guest's leaf mappings. Shared pages are folios of order 0 under every policy, so that each can be taken
 * back alone.
 *
 * <p>The kernel's two other ways to split, around one page and around a range, make the same folios here, as every page
 * that is wanted apart becomes a folio of its own: both are {@link #NON_UNIFORM}.
 */
public enum GuestSplitPolicy {
    /** Huge folios, and pages of 4 KiB wherever one page of the huge folio is shared. */
    UNIFORM {
        @Override
        long allowedOrders(int hugeOrder) {
            return Geometry.pagesIn(hugeOrder) | 1;
        }
    },

    /**
     * By levels of the page tables: 1 GiB, else 2 MiB, else 4 KiB. A folio of 1 GiB is split in two stages, first into
     * folios of 2 MiB, most of which faults can use from then on, and then those of them that have pages of another
     * state.
     */
    STAGED {
        @Override
        long allowedOrders(int hugeOrder) {
            return Geometry.pagesIn(hugeOrder) | Geometry.pagesIn(Geometry.PMD_ORDER) | 1;
        }

        @Override
        int stageOrder(int order) {
            return Math.min(order, Geometry.PMD_ORDER);
        }
    },

    /** The fewest folios: any order up to the huge one, as a buddy allocator splits. */
    NON_UNIFORM {
        @Override
        long allowedOrders(int hugeOrder) {
            return SplitPolicies.ALL_ORDERS & (2 * Geometry.pagesIn(hugeOrder) - 1);
        }
    };

    /** The orders as bits; that of 0 and that of the huge order are set, and none above. */
    abstract long allowedOrders(int hugeOrder);

    /** Order of the pieces that a folio is split into first; its own if it is split at once. */
    int stageOrder(int order) {
        return order;
    }
}
