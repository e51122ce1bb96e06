/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.folio.FolioCut;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;

/**
 * The folios that guest memory consists of, as a function of its attributes: a page lies in the largest naturally
 * aligned block of an allowed order all of whose pages are private; a shared page is a folio of its own. So no folio
 * holds two pages of different states, nor two shared ones, and no two folios could be merged.
 *
 * @param attributes which pages are shared
 * @param policy says in which stages a folio is split
 * @param allowedOrders bit k set if folios of order k are allowed, bit 0 among them; the highest is the huge order
 */
record GuestLayout(AttributeMap attributes, GuestSplitPolicy policy, long allowedOrders) implements FolioCut {
    int hugeOrder() {
        return Geometry.largestOrderIn(allowedOrders);
    }

    GuestLayout with(AttributeMap otherAttributes) {
        return new GuestLayout(otherAttributes, policy, allowedOrders);
    }

    @Override
    public int orderAt(long index) {
        int order = hugeOrder();
        while (order > 0) {
            long block = Geometry.alignDown(index, order);
            if (attributes.isAll(block, block + Geometry.pagesIn(order), false)) {
                return order;
            }
            order = nextSmaller(order);
        }
        return 0;
    }

    @Override
    public int stageOrder(int order) {
        return policy.stageOrder(order);
    }

    @Override
    public void plan(SplitPlan plan, long startIndex, int order) {
        plan.reset(order);
        cut(plan, startIndex, order);
    }

    private void cut(SplitPlan plan, long block, int order) {
        long end = block + Geometry.pagesIn(order);
        if ((allowedOrders & Geometry.pagesIn(order)) != 0 && attributes.isAll(block, end, false)) {
            plan.append(order, 1);
            return;
        }
        int smaller = order == 0 ? 0 : nextSmaller(order);
        if (smaller == 0 || attributes.isAll(block, end, true)) {
            plan.append(0, Geometry.pagesIn(order));
            return;
        }
        for (long piece = block; piece < end; piece += Geometry.pagesIn(smaller)) {
            cut(plan, piece, smaller);
        }
    }

    private int nextSmaller(int order) {
        return SplitPolicies.nextAllowed(order, 0, allowedOrders);
    }

    /** No page: a layout alone is no change. */
    @Override
    public boolean changes(long startIndex, int order) {
        return false;
    }
}
