/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.buddy.HeadBits;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.xarray.SplitPlan;

/**
 * Heads found by predecessor search in {@link HeadBits}. The allocator keeps the bit of every block it cuts off or
 * merges, so forming and dissolving a folio cost nothing here, and a split costs one bit per new head: of a non-uniform
 * split of order n to m, n - m bits, whatever the folio's size. What the page structs of tails hold is never read.
 */
public final class HeadBitsMap implements HeadMap {
    private final PageArena arena;
    private final HeadBits bits;

    /**
     * Makes the map.
     *
     * @param arena the arena
     * @param bits the bits that the arena's zone keeps
     */
    public HeadBitsMap(PageArena arena, HeadBits bits) {
        this.arena = arena;
        this.bits = bits;
    }

    @Override
    public long headOf(long page) {
        long pfn = bits.headOf(arena.pfnOf(page));
        return pfn == HeadBits.NONE ? page : arena.pageAt(pfn);
    }

    @Override
    public long form(long head, int order) {
        return 0;
    }

    @Override
    public long split(long head, SplitPlan plan) {
        long firstPfn = arena.pfnOf(head);
        if (plan.nrRuns() == 1) {
            return (long) bits.setUniform(firstPfn, plan.order(), plan.runOrder(0)) * Long.BYTES;
        }
        // No new head can be pinned before all bits are set. A search that runs meanwhile may stop at any head, old or
        // new; its caller asks again once it holds a reference.
        long nrWords = 0;
        long pfn = firstPfn + Geometry.pagesIn(plan.order());
        for (int run = plan.nrRuns() - 1; run >= 0; run--) {
            long nrPages = Geometry.pagesIn(plan.runOrder(run));
            for (long count = plan.runCount(run); count > 0; count--) {
                pfn -= nrPages;
                if (pfn != firstPfn) {
                    nrWords += bits.setHead(pfn, plan.order());
                }
            }
        }
        return nrWords * Long.BYTES;
    }

    @Override
    public long join(long head, int order) {
        return (long) bits.clearInside(arena.pfnOf(head), order) * Long.BYTES;
    }

    @Override
    public long dissolve(long head, int order) {
        return 0;
    }
}
