/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.memory.Geometry;

/**
 * The orders of folios that a fault in anonymous memory may bring in, beside 0 (the hugepages-*kB/enabled settings of
 * transparent huge pages). Bit k stands for order k.
 *
 * @param always orders for all memory that was not advised against
 * @param advised orders only for memory for which {@link Advice#HUGE_PAGE} was given
 */
public record LargeFolioOrders(long always, long advised) {
    private static final long POSSIBLE = (2L << Geometry.PMD_ORDER) - (1L << 2);

    /** Pages alone. */
    public static final LargeFolioOrders NONE = new LargeFolioOrders(0, 0);

    /** 2 MiB wherever they fit, as the kernel's "always" without smaller sizes. */
    public static final LargeFolioOrders ALWAYS_2_MIB = new LargeFolioOrders(1L << Geometry.PMD_ORDER, 0);

    /** 2 MiB where advised, as the kernel's default. */
    public static final LargeFolioOrders ADVISED_2_MIB = new LargeFolioOrders(0, 1L << Geometry.PMD_ORDER);

    /** Every size from 16 KiB to 2 MiB, the largest that fits. */
    public static final LargeFolioOrders ALL = new LargeFolioOrders(POSSIBLE, 0);

    /**
     * Checks the orders.
     *
     * @throws IllegalArgumentException if there is one that is not in 2 to 9
     */
    public LargeFolioOrders {
        requirePossible("always", always);
        requirePossible("advised", advised);
    }

    private static void requirePossible(String name, long orders) {
        if ((orders & ~POSSIBLE) != 0) {
            throw new IllegalArgumentException("orders out of range: " + name + "=0x" + Long.toHexString(orders)
                    + ", possible=0x" + Long.toHexString(POSSIBLE));
        }
    }

    /** Orders for a region, order 0 not among them (thp_vma_allowable_orders). */
    long forRegion(int flags) {
        if ((flags & RegionFlags.NO_HUGE_PAGE) != 0) {
            return 0;
        }
        return (flags & RegionFlags.HUGE_PAGE) != 0 ? always | advised : always;
    }
}
