/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.folio.FolioCut;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;

/**
 * One conversion: the layout that it leads to, and the pages whose state it changes.
 *
 * @param before the attributes before
 * @param after the layout after
 * @param startIndex first page of the range
 * @param endIndex page after it
 * @param shared what the range becomes
 */
record GuestConversion(AttributeMap before, GuestLayout after, long startIndex, long endIndex, boolean shared)
        implements FolioCut {
    @Override
    public int orderAt(long index) {
        return after.orderAt(index);
    }

    @Override
    public int stageOrder(int order) {
        return after.stageOrder(order);
    }

    @Override
    public void plan(SplitPlan plan, long blockStart, int order) {
        after.plan(plan, blockStart, order);
    }

    @Override
    public boolean changes(long folioStart, int order) {
        long from = Math.max(folioStart, startIndex);
        long to = Math.min(folioStart + Geometry.pagesIn(order), endIndex);
        return from < to && !before.isAll(from, to, shared);
    }
}
