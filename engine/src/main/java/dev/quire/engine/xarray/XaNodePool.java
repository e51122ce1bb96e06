/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.machine.Nap;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.AllocationFailures;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.rcu.RcuQueue;
import dev.quire.engine.rcu.Reclaimer;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The nodes of all arrays of an engine, out of the arena's node slab (the kernel's radix_tree_node cache).
 *
 * <p>Free nodes are a stack, so that the node freed last, whose lines are warm, is used first; nodes never used before
 * are taken from the slab in order. A chain of any number of nodes is taken, and given back, in one step.
 *
 * <p>Slots and marks of a node that an array gives up stay as they are until a grace period has passed, and are wiped
 * when the node is allocated again for a use that expects them empty; a split, which writes all 64 slots, skips that.
 *
 * <p>Thread-safe and lock-free; allocates nothing on the Java heap.
 */
public final class XaNodePool {
    private static final long NONE = 0;

    /** Nodes are aligned to 64 bytes. */
    private static final int POSITION_SHIFT = 6;

    /**
     * Each grace period interrupts the readers that are running (membarrier), for about a microsecond. Up to 2.3 MiB of
     * nodes, and no more than a part of a small pool, wait for one.
     */
    private static final int MAX_RETIRED_PER_POLL = 4096;

    private static final int MIN_RETIRED_PER_POLL = 64;
    private static final int POLLS_PER_POOL = 16;

    /** Times that a change waits for nodes: they may come back for ever, and never be enough, or go to others. */
    private static final int MAX_ROUNDS = 1_000;

    /** Times that a change tries again with nodes that are free, as it may have looked just before they were. */
    private static final int MAX_LOOKS = 3;

    private static final int YIELDS = 100;
    private static final int MAX_NAPS = 1_000;
    private static final long NAP_NANOS = 100_000;
    private static final long WIPED_BYTES = XaNodeStruct.BYTES - XaNodeStruct.slotAddress(0, 0);

    private final PageArena arena;
    private final Rcu rcu;
    private final AllocationFailures failures;
    private final Lifetime lifetime;
    private final RcuQueue queue;

    /** Where position 0 would be, so that the first node has position 1, and 0 means none. */
    private final long positionBase;

    /** Bits of a position in the slab; a power of two of at least nine times as many nodes as there are. */
    private final int positionBits;

    /**
     * Position of the top of the stack of free nodes, 0 if it is empty, and in the high bits how many were ever taken
     * off it, modulo what these bits can count. Without that a chain that was taken and given back in between would go
     * unnoticed (ABA).
     */
    private final AtomicLong top = new AtomicLong(NONE);

    /** Nodes that were ever put on the stack. */
    private final AtomicLong nrGivenBack = new AtomicLong();

    /** Nodes that were ever handed out; the rest of the slab reads as zero. */
    private final AtomicLong nrTouched = new AtomicLong();

    /** The nodes reclaimed in the current batch, chained; only used by the thread that drives the domain. */
    private long batchFirst = NONE;

    private long batchLast = NONE;
    private long nrInBatch;

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
        long lastPosition = (arena.nrNodes() * XaNodeStruct.BYTES) >>> POSITION_SHIFT;
        positionBits = Long.SIZE - Long.numberOfLeadingZeros(lastPosition);
        int retiredPerPoll = Math.clamp(arena.nrNodes() / POLLS_PER_POOL, MIN_RETIRED_PER_POLL, MAX_RETIRED_PER_POLL);
        queue = rcu.newQueue(XaNodeStruct.RCU_LINK, retiredPerPoll, new Reclaimer() {
            @Override
            public void reclaim(long node) {
                addToBatch(node);
            }

            @Override
            public void endOfBatch() {
                freeBatch();
            }
        });
    }

    /** {@return the number of nodes that fit in the slab} */
    public long nrNodes() {
        return arena.nrNodes();
    }

    /** {@return the number of nodes in arrays and spare in cursors; exact while nobody allocates or frees} */
    public long nrInUse() {
        return nrTouched.get() - nrFree() - queue.nrPending();
    }

    /** {@return the number of nodes that wait for a grace period; exact while nobody frees} */
    public long nrPendingReclaim() {
        return queue.nrPending();
    }

    /** Whether an address is that of a node that was handed out at some time. */
    boolean isNode(long address) {
        long offsetBytes = address - arena.nodesBase();
        return offsetBytes >= 0
                && offsetBytes < nrTouched.get() * XaNodeStruct.BYTES
                && offsetBytes % XaNodeStruct.BYTES == 0;
    }

    /** Checks that an array's anchor can be at an address: in memory that is there as long as the nodes are. */
    void requireAnchor(long address) {
        long offsetBytes = address - arena.objectsBase();
        if (offsetBytes < 0
                || offsetBytes > arena.nrObjects() * PageArena.OBJECT_BYTES - XArrayStruct.BYTES
                || offsetBytes % Long.BYTES != 0) {
            throw new IllegalArgumentException(
                    "anchor is in no object of the engine: anchor=0x" + Long.toHexString(address));
        }
    }

    Lifetime lifetime() {
        return lifetime;
    }

    Rcu rcu() {
        return rcu;
    }

    /** Empties the slots and marks of a node from a chain. */
    static void wipe(long node) {
        NativeMemory.fill(XaNodeStruct.slotAddress(node, 0), WIPED_BYTES, (byte) 0);
    }

    /**
     * Takes several nodes, chained through their parent word and ended by 0. Their slots and marks hold anything; their
     * private lists are empty.
     *
     * @param nrNodes at least 1
     * @return address of the first, or 0 if there are not as many: then none is taken
     */
    long allocateChain(int nrNodes) {
        if (nrNodes > arena.nrNodes()) {
            return NONE;
        }
        for (int i = 0; i < nrNodes; i++) {
            if (failures.shouldFail()) {
                return NONE;
            }
        }
        long first = takeChain(nrNodes);
        if (first == NONE) {
            rcu.poll();
            first = takeChain(nrNodes);
        }
        return first;
    }

    /**
     * Gives nodes back that no reader can have seen.
     *
     * @param first first node, chained through parent words and ended by 0
     * @param nrNodes length of the chain, at least 1
     */
    void freeChain(long first, long nrNodes) {
        long last = first;
        for (long next = XaNodeStruct.parent(first); next != NONE; next = XaNodeStruct.parent(next)) {
            last = next;
        }
        pushChain(first, last, nrNodes);
    }

    /**
     * Gives nodes up that readers may still be in.
     *
     * @param first first node, chained through the words that link retired nodes
     * @param last last node
     * @param nrNodes length of the chain
     */
    void retireChain(long first, long last, long nrNodes) {
        queue.retireChain(first, last, nrNodes);
    }

    /**
     * Waits until nodes that were retired come back, for a tenth of a second or a little more at most. For callers that
     * ran out of nodes and hold no index lock, for which others spin; in vain for one that is in a read section. Blocks
     * while readers are in their sections.
     *
     * @param nrWanted how many nodes the caller needs
     * @param round how often the caller has waited and tried again before, from 0
     * @return whether to try again: some came back, or another thread may just have brought the last ones back; false
     *     if there can never be as many, and after a thousand rounds
     * @throws IllegalStateException if the engine is closed
     */
    public boolean awaitReclaim(long nrWanted, int round) {
        if (round >= MAX_ROUNDS || nrWanted > arena.nrNodes()) {
            return false;
        }
        lifetime.enter();
        try {
            long nrFreeBefore = nrFree();
            if (queue.nrPending() == 0) {
                return nrFreeBefore > 0 && round < MAX_LOOKS;
            }
            for (int attempt = 0; attempt < YIELDS + MAX_NAPS; attempt++) {
                if (rcu.poll() || nrFree() > nrFreeBefore || queue.nrPending() == 0) {
                    return true;
                }
                if (attempt < YIELDS) {
                    Thread.yield();
                } else {
                    Nap.sleep(NAP_NANOS);
                }
            }
            return false;
        } finally {
            lifetime.exit();
        }
    }

    private long takeChain(int nrNodes) {
        while (true) {
            long topBefore = top.get();
            long first = topNode(topBefore);
            long last = NONE;
            long next = first;
            int nrTaken = 0;
            while (nrTaken < nrNodes && next != NONE) {
                last = next;
                // If another thread takes these nodes meanwhile, this is a word of a live node: still an address in the
                // slab or 0, since nothing else is ever stored there, and the exchange below will fail.
                next = XaNodeStruct.parentOpaque(next);
                nrTaken++;
            }
            if (nrTaken == 0) {
                return touchChain(nrNodes, NONE);
            }
            // Volatile: pairs with the exchange in pushChain, which made the links visible.
            if (top.compareAndSet(topBefore, withTop(topBefore, next) + ((long) nrTaken << positionBits))) {
                XaNodeStruct.parentOpaque(last, NONE);
                return nrTaken == nrNodes ? first : extendChain(first, last, nrTaken, nrNodes);
            }
        }
    }

    private long extendChain(long first, long last, int nrTaken, int nrNodes) {
        long extended = touchChain(nrNodes - nrTaken, first);
        if (extended == NONE) {
            pushChain(first, last, nrTaken);
        }
        return extended;
    }

    /** Takes nodes that were never used, and chains them in front of others. */
    private long touchChain(int nrNodes, long following) {
        long nrBefore;
        do {
            nrBefore = nrTouched.get();
            if (nrBefore + nrNodes > arena.nrNodes()) {
                return NONE;
            }
        } while (!nrTouched.compareAndSet(nrBefore, nrBefore + nrNodes));
        long first = arena.nodesBase() + nrBefore * XaNodeStruct.BYTES;
        long last = first + (nrNodes - 1L) * XaNodeStruct.BYTES;
        for (long node = first; node <= last; node += XaNodeStruct.BYTES) {
            ListHead.initialise(XaNodeStruct.privateList(node));
            XaNodeStruct.parentOpaque(node, node == last ? following : node + XaNodeStruct.BYTES);
        }
        return first;
    }

    private void pushChain(long first, long last, long nrNodes) {
        // Counted before others can take them, so that there are never fewer than were taken.
        nrGivenBack.getAndAdd(nrNodes);
        long topBefore;
        do {
            topBefore = top.get();
            XaNodeStruct.parentOpaque(last, topNode(topBefore));
            // Volatile: makes the links visible to takeChain.
        } while (!top.compareAndSet(topBefore, withTop(topBefore, first)));
    }

    private void addToBatch(long node) {
        ListHead.initialise(XaNodeStruct.privateList(node));
        XaNodeStruct.parentOpaque(node, batchFirst);
        if (batchFirst == NONE) {
            batchLast = node;
        }
        batchFirst = node;
        nrInBatch++;
    }

    private void freeBatch() {
        pushChain(batchFirst, batchLast, nrInBatch);
        batchFirst = NONE;
        batchLast = NONE;
        nrInBatch = 0;
    }

    /** Nodes on the stack, or about to be: a hint while others take and give back. */
    private long nrFree() {
        // Volatile, and the nodes taken first: there are never fewer that were given back.
        long nrTaken = top.get() >>> positionBits;
        // The counter of those wraps; what is on the stack it can count.
        return (nrGivenBack.get() - nrTaken) & (-1L >>> positionBits);
    }

    private long topNode(long topWord) {
        long position = topWord & ((1L << positionBits) - 1);
        return position == 0 ? NONE : positionBase + (position << POSITION_SHIFT);
    }

    /** The word of the stack with another node on top; what was taken is counted apart. */
    private long withTop(long topWord, long node) {
        long position = node == NONE ? 0 : (node - positionBase) >>> POSITION_SHIFT;
        return (topWord & (-1L << positionBits)) | position;
    }
}
