/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.memory.AllocationFailures;
import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.BarrierMode;
import dev.quire.engine.rcu.Lifetime;

/** An arena with a zone for one test; closing it verifies the zone and that the test's thread holds no lock. */
final class ZoneFixture implements AutoCloseable {
    final PageArena arena;
    final HeadBits headBits;
    final Zone zone;
    final LockOrder lockOrder = new LockOrder(true);
    final AllocationFailures failures = new AllocationFailures();
    final Lifetime lifetime;

    private ZoneFixture(long nrPages, boolean withHeadBits, boolean checked) {
        arena = PageArena.open(nrPages, 1, 1, Backing.AUTOMATIC);
        lifetime = new Lifetime(checked, BarrierMode.AUTOMATIC);
        headBits = new HeadBits(arena);
        zone = new Zone(arena, lockOrder, failures, lifetime, withHeadBits ? headBits : null);
    }

    static ZoneFixture withHeadBits(long nrPages) {
        return new ZoneFixture(nrPages, true, true);
    }

    static ZoneFixture withoutHeadBits(long nrPages) {
        return new ZoneFixture(nrPages, false, true);
    }

    static ZoneFixture unchecked(long nrPages) {
        return new ZoneFixture(nrPages, true, false);
    }

    long allocate(int order) {
        long page = zone.allocateFrozen(order);
        return page == Zone.NONE ? -1 : arena.pfnOf(page);
    }

    void free(long pfn, int order) {
        zone.freeFrozen(arena.pageAt(pfn), order);
    }

    /** Number of free blocks by order. */
    long[] freeBlocks() {
        long[] nrFree = new long[Geometry.NR_ORDERS];
        for (int order = 0; order < nrFree.length; order++) {
            nrFree[order] = zone.nrFree(order);
        }
        return nrFree;
    }

    /** Number of blocks by order that an arena of this length has when all of it is free. */
    static long[] maximalBlocks(long nrPages) {
        long[] nrBlocks = new long[Geometry.NR_ORDERS];
        for (int order = 0; order < Geometry.MAX_ORDER; order++) {
            nrBlocks[order] = nrPages >>> order & 1;
        }
        nrBlocks[Geometry.MAX_ORDER] = nrPages >>> Geometry.MAX_ORDER;
        return nrBlocks;
    }

    @Override
    public void close() {
        try (arena) {
            ZoneChecker.check(zone);
            assertEquals(0, lockOrder.held(LockRank.ZONE), "zone locks held");
        } finally {
            lifetime.close();
        }
    }
}
