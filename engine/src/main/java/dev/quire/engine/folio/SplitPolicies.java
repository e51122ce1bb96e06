/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;

/** The policies that come with Quire. Stateless, safe for use by many threads, allocation-free. */
public enum SplitPolicies implements SplitPolicy {
    /** Every piece has the minimum order: 2^(n-m) folios (split_huge_page_to_list_to_order). */
    UNIFORM {
        @Override
        public void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
            plan.resetUniform(order, minimumOrder);
        }
    },

    /**
     * As a buddy allocator does, around the first page of the range: n-m+1 folios (folio_split). The folio that then
     * holds the end of the range is split there in the same way, as the kernel's truncation does.
     */
    NON_UNIFORM {
        @Override
        public void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
            plan.reset(order);
            cut(plan, 0, order, start, start + 1, minimumOrder, allowedOrders);
        }

        @Override
        public boolean followsKernelTruncation() {
            return true;
        }
    },

    /**
     * The fewest folios of allowed orders such that each lies wholly inside or wholly outside the range, or has the
     * minimum order; in one go.
     *
     * <p>Of a folio of order n there are at most 2(n-m) pieces if all orders from n to the minimum m are allowed. A
     * step that leaves orders out cuts into more: with d orders down to the first allowed one, and e to each further
     * one, there are at most 2^d + 2 * (sum of 2^e - 1). So anonymous memory, which skips order 1, has at most 2n+2 of
     * order 3 and more.
     */
    RANGE {
        @Override
        public void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
            plan.reset(order);
            cut(plan, 0, order, start, end, minimumOrder, allowedOrders);
        }
    },

    /**
     * By large steps, each in a freeze of its own that makes at most 2^{@value #STAGE_ORDERS} pieces: into pieces of
     * the minimum order times a power of that, as 1 GiB into 2 MiB and those into 4 KiB, and on in those pieces only
     * that the range covers in part. Where such an order is not allowed it takes the smallest allowed one that keeps
     * the bound, and if there is none, the next smaller allowed one, which does not.
     *
     * <p>Two freezes more than the first, at most, in a folio of order 18 around any range: one at each of its ends.
     * {@link StagedSplitter} splits uniformly in the same steps.
     */
    STAGED {
        @Override
        public void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
            long steps = 0;
            for (int step = order; step > minimumOrder; step = step(step, minimumOrder, allowedOrders)) {
                steps |= Geometry.pagesIn(step);
            }
            plan.reset(order);
            cut(plan, 0, order, start, end, minimumOrder, steps);
        }

        @Override
        public int stageOrder(int order, int minimumOrder, long allowedOrders) {
            int step = step(order, minimumOrder, allowedOrders);
            return step == minimumOrder ? order : step;
        }
    };

    /**
     * A freeze of a staged split makes at most as many pieces, as log2: two stages are enough for the largest folio.
     */
    public static final int STAGE_ORDERS = 9;

    /** Every order that a folio can have. */
    public static final long ALL_ORDERS = (1L << Geometry.NR_ORDERS) - 1;

    /** Orders of anonymous folios: an order-1 folio has no room for what anonymous memory keeps in page 2. */
    public static final long ANONYMOUS_ORDERS = ALL_ORDERS & ~(1L << 1);

    /**
     * Halves a block (or cuts it into pieces of the next allowed order) until each piece lies inside or outside the
     * range, or has the minimum order. The pieces are the maximal aligned blocks that respect the range, so no set of
     * fewer blocks does.
     */
    private static void cut(
            SplitPlan plan, long block, int order, long start, long end, int minimumOrder, long allowedOrders) {
        long blockEnd = block + Geometry.pagesIn(order);
        boolean inside = start <= block && blockEnd <= end;
        boolean outside = blockEnd <= start || end <= block;
        if (inside || outside || order <= minimumOrder) {
            plan.append(order, 1);
            return;
        }
        int smaller = nextAllowed(order, minimumOrder, allowedOrders);
        for (long piece = block; piece < blockEnd; piece += Geometry.pagesIn(smaller)) {
            cut(plan, piece, smaller, start, end, minimumOrder, allowedOrders);
        }
    }

    /** The next order of a staged split. */
    static int step(int order, int minimumOrder, long allowedOrders) {
        int nrSteps = (order - minimumOrder - 1) / STAGE_ORDERS;
        int wanted = minimumOrder + nrSteps * STAGE_ORDERS;
        if (nrSteps <= 0 || (allowedOrders & Geometry.pagesIn(wanted)) != 0) {
            return wanted;
        }
        long bounded = allowedOrders & (Geometry.pagesIn(order) - 1) & -Geometry.pagesIn(order - STAGE_ORDERS);
        return bounded == 0 ? nextAllowed(order, minimumOrder, allowedOrders) : Long.numberOfTrailingZeros(bounded);
    }

    /**
     * Largest allowed order below one: the next step of a split (the kernel's loop, with any order left out).
     *
     * @param order log2 pages of what is to be cut, greater than {@code minimumOrder}
     * @param minimumOrder no piece is smaller
     * @param allowedOrders bit k set if pieces of order k are allowed
     * @return log2 pages of the pieces
     */
    public static int nextAllowed(int order, int minimumOrder, long allowedOrders) {
        long smaller = allowedOrders & (Geometry.pagesIn(order) - 1) & -Geometry.pagesIn(minimumOrder);
        return smaller == 0 ? minimumOrder : Geometry.largestOrderIn(smaller);
    }
}
