/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.rcu.LastCaller;
import dev.quire.engine.struct.XaNodeStruct;

/** Nodes that a cursor has in hand for what it is about to change, chained through their parent words. */
final class XaSpares {
    private final XaNodePool pool;
    private final LastCaller lastCaller;
    private long first;
    private int nrNodes;

    XaSpares(XaNodePool pool) {
        this.pool = pool;
        lastCaller = new LastCaller(pool.lifetime());
    }

    /**
     * Gets nodes until there are enough, or none.
     *
     * @param nrWanted how many there must be
     * @return whether there are as many now; if not, there are as many as before
     */
    boolean reserve(int nrWanted) {
        return suffice(nrWanted) || add(nrWanted - nrNodes);
    }

    boolean suffice(int nrWanted) {
        return nrNodes >= nrWanted;
    }

    /**
     * The same for callers that need not be in a call of the engine, nor know how many nodes there can be.
     *
     * @param nrWanted how many there must be
     * @return whether there are as many now; if not, there are as many as before
     */
    boolean tryReserve(long nrWanted) {
        if (!pool.lifetime().isChecked()) {
            return reserveUpTo(nrWanted);
        }
        lastCaller.enter();
        try {
            return reserveUpTo(nrWanted);
        } finally {
            lastCaller.caller().exit();
        }
    }

    private boolean reserveUpTo(long nrWanted) {
        return nrWanted <= Integer.MAX_VALUE && reserve((int) nrWanted);
    }

    /** The same, and waits for nodes that come back. For callers that hold no index lock. */
    boolean await(long nrWanted) {
        boolean isEnough = tryReserve(nrWanted);
        for (int round = 0; !isEnough && pool.awaitReclaim(nrWanted, round); round++) {
            isEnough = tryReserve(nrWanted);
        }
        return isEnough;
    }

    /** Gets one more node, if there is one or one comes back. For callers that hold no index lock. */
    boolean awaitOne() {
        return await(nrNodes + 1L);
    }

    private boolean add(int nrMore) {
        long added = pool.allocateChain(nrMore);
        if (added == 0) {
            return false;
        }
        if (nrNodes == 0) {
            first = added;
        } else {
            XaNodeStruct.parentOpaque(last(), added);
        }
        nrNodes += nrMore;
        return true;
    }

    private long last() {
        long last = first;
        for (int i = 1; i < nrNodes; i++) {
            last = XaNodeStruct.parent(last);
        }
        return last;
    }

    /** Takes a node; there must be one. Its slots and marks hold anything. */
    long take() {
        long node = first;
        first = XaNodeStruct.parent(node);
        nrNodes--;
        return node;
    }

    /** Takes all nodes of another, of the same pool. */
    void takeOver(XaSpares other) {
        if (other.nrNodes == 0) {
            return;
        }
        if (nrNodes == 0) {
            first = other.first;
        } else {
            XaNodeStruct.parentOpaque(last(), other.first);
        }
        nrNodes += other.nrNodes;
        other.first = 0;
        other.nrNodes = 0;
    }

    /** Frees them all. */
    void free() {
        if (nrNodes > 0) {
            pool.freeChain(first, nrNodes);
            first = 0;
            nrNodes = 0;
        }
    }
}
