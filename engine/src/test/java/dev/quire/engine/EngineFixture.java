/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.memory.AllocationFailures;
import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.BarrierMode;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaChecker;
import dev.quire.engine.xarray.XaNodePool;
import java.util.ArrayList;
import java.util.List;

/**
 * A small engine's ground for tests: an arena, an RCU domain with one reader, a node pool, a lock-order checker and a
 * switch that makes allocations fail. {@link #close} fails if anything was left behind.
 *
 * <p>For the thread of the test; others bring a reader of their own.
 */
public final class EngineFixture implements AutoCloseable {
    private static final long NR_PAGES = 1 << 10;
    private static final long NR_NODES = 1 << 16;
    private static final long NR_OBJECTS = 1 << 10;

    /** The memory. */
    public final PageArena arena;

    /** The RCU domain. */
    public final Rcu rcu = new Rcu(BarrierMode.AUTOMATIC);

    /** Guards calls against close. */
    public final Lifetime lifetime = new Lifetime(true, BarrierMode.AUTOMATIC);

    /** Checks the order of locks. */
    public final LockOrder lockOrder = new LockOrder(true);

    /** Makes allocations fail. */
    public final AllocationFailures failures = new AllocationFailures();

    /** The nodes. */
    public final XaNodePool nodes;

    /** The reader of the test's own thread. */
    public final RcuReader reader = rcu.register();

    private final List<XArray> arrays = new ArrayList<>();

    /** Opens an engine of the usual size. */
    public EngineFixture() {
        this(NR_PAGES, NR_NODES, NR_OBJECTS);
    }

    /**
     * Opens an engine.
     *
     * @param nrPages page frames
     * @param nrNodes most nodes at once
     * @param nrObjects most small objects at once
     */
    public EngineFixture(long nrPages, long nrNodes, long nrObjects) {
        arena = PageArena.open(nrPages, nrNodes, nrObjects, Backing.AUTOMATIC);
        nodes = new XaNodePool(arena, rcu, failures, lifetime);
    }

    /**
     * Makes an empty array; it is destroyed, and its nodes counted, when the fixture closes.
     *
     * @param flags flags of the array
     * @return the array
     */
    public XArray newArray(int flags) {
        long anchor = arena.objectsBase() + (long) arrays.size() * PageArena.OBJECT_BYTES;
        XArray array = new XArray(anchor, nodes, lockOrder, flags);
        arrays.add(array);
        return array;
    }

    /** Checks that no lock is held, no section is open, every array is well formed and every node is accounted for. */
    public void check() {
        for (LockRank rank : LockRank.values()) {
            assertEquals(0, lockOrder.held(rank), "locks held: rank=" + rank);
        }
        assertFalse(reader.isInSection(), "the test's reader is still in a section");
        for (XArray array : arrays) {
            XaChecker.check(array);
        }
    }

    /**
     * Checks, destroys the arrays, waits for what is pending, and checks that no node is left. If the test left a lock
     * or a section behind, closing would wait for it for ever; then the engine stays open, and the check's failure says
     * why.
     */
    @Override
    public void close() {
        failures.stop();
        check();
        try {
            arrays.forEach(XArray::destroy);
            rcu.barrier();
            assertEquals(0, nodes.nrPendingReclaim(), "nodes still waiting for a grace period");
            assertEquals(0, nodes.nrInUse(), "nodes leaked");
        } finally {
            reader.close();
            lifetime.close();
            rcu.close();
            arena.close();
        }
    }
}
