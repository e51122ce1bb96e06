/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

/**
 * Sizes and orders of pages, as on x86-64 and on AArch64 with 4 KiB granules.
 *
 * <p>An <em>order</em> is the binary logarithm of a number of pages; a block of order {@code k} always starts at a page
 * number that is a multiple of {@code 2^k}.
 */
public final class Geometry {
    /** Binary logarithm of the page size in bytes. */
    public static final int PAGE_SHIFT = 12;

    /** Bytes in a page: 4 KiB. */
    public static final int PAGE_BYTES = 1 << PAGE_SHIFT;

    /** Order of the block that one PMD entry maps: 2 MiB. */
    public static final int PMD_ORDER = 9;

    /** Order of the block that one PUD entry maps: 1 GiB. */
    public static final int PUD_ORDER = 18;

    /** Largest order that the buddy allocator hands out. */
    public static final int MAX_ORDER = PUD_ORDER;

    /** Number of orders: 0 to {@link #MAX_ORDER}. */
    public static final int NR_ORDERS = MAX_ORDER + 1;

    /** Bytes in a cache line; the unit in which metadata traffic is counted. */
    public static final int CACHE_LINE_BYTES = 64;

    /** Bytes in a huge page that can back metadata: 2 MiB. */
    public static final long HUGE_PAGE_BYTES = (long) PAGE_BYTES << PMD_ORDER;

    private Geometry() {}

    /**
     * Number of pages in a block.
     *
     * @param order log2 pages, 0 to 62
     * @return pages
     */
    public static long pagesIn(int order) {
        return 1L << order;
    }

    /**
     * Number of bytes in a block.
     *
     * @param order log2 pages, 0 to 50
     * @return bytes
     */
    public static long bytesIn(int order) {
        return (long) PAGE_BYTES << order;
    }

    /**
     * Whether an offset or page number is a multiple of a block's size.
     *
     * @param page page number or offset in pages
     * @param order log2 pages of the block
     * @return true if a block of that order may start there
     */
    public static boolean isAligned(long page, int order) {
        return (page & (pagesIn(order) - 1)) == 0;
    }

    /**
     * Rounds down to the start of the block that holds a page.
     *
     * @param page page number or offset in pages
     * @param order log2 pages of the block
     * @return first page of the block
     */
    public static long alignDown(long page, int order) {
        return page & -pagesIn(order);
    }

    /**
     * Order of the largest block that has no more pages than a number; for a set of orders, bit k for order k, the
     * largest of them.
     *
     * @param nrPages pages, unsigned, or the set
     * @return log2 pages, 0 to 63; -1 if there are none
     */
    public static int largestOrderIn(long nrPages) {
        return Long.SIZE - 1 - Long.numberOfLeadingZeros(nrPages);
    }

    /**
     * Checks an order at the public edge.
     *
     * @param order log2 pages
     * @return the same order
     * @throws IllegalArgumentException if it is not in 0..{@link #MAX_ORDER}
     */
    public static int requireOrder(int order) {
        if (order < 0 || order > MAX_ORDER) {
            throw new IllegalArgumentException("order out of range: order=" + order + ", max=" + MAX_ORDER);
        }
        return order;
    }

    static long roundUp(long value, long powerOfTwo) {
        return (value + powerOfTwo - 1) & -powerOfTwo;
    }
}
