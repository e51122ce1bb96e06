/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.struct.XaNodeStruct;

/**
 * Nodes that the operation in progress took out of the tree, collected so that they are handed to the pool, which
 * reuses them after a grace period, in one step.
 */
final class XaRetired {
    /** In a node's array field once it is given up, in place of the array; no array has this address. */
    private static final long FREED = 1;

    private final XaNodePool pool;
    private long first;
    private long last;
    private long nrNodes;

    /** Words of subtrees that the slots of one node led to, and that are cut off once those slots are overwritten. */
    private final long[] subtrees = new long[XaWalk.NR_SLOTS];

    private int nrSubtrees;

    /** Those of {@link #subtrees} that were taken back. */
    private int nrTaken;

    XaRetired(XaNodePool pool) {
        this.pool = pool;
    }

    /**
     * Adds a node that readers who come from now on cannot reach; its private list, overwritten here, must be empty.
     */
    void add(long node) {
        XaNodeStruct.array(node, FREED);
        NativeMemory.setLong(node + XaNodeStruct.RCU_LINK, first);
        if (nrNodes == 0) {
            last = node;
        }
        first = node;
        nrNodes++;
    }

    /** Notes the word of a subtree whose slot is about to be overwritten. */
    void addSubtree(long nodeWord) {
        subtrees[nrSubtrees] = nodeWord;
        nrSubtrees++;
    }

    /**
     * Takes the subtrees noted back, the first one first: the pool hands nodes out in the order in which they were
     * retired, so that those which lay side by side under one node, and were written in the order of their addresses,
     * will be again. A split of cold nodes takes two to three times as long against the order of their addresses.
     *
     * @return the word of a subtree, or 0 if there is none left
     */
    long takeSubtree() {
        if (nrTaken == nrSubtrees) {
            nrTaken = 0;
            nrSubtrees = 0;
            return XaEntry.EMPTY;
        }
        return subtrees[nrTaken++];
    }

    /** Hands all of them to the pool. */
    void flush() {
        if (nrNodes > 0) {
            long firstRetired = first;
            long nrRetired = nrNodes;
            // Before the call: it has taken them also if the reclaim that it may begin fails.
            first = 0;
            nrNodes = 0;
            pool.retireChain(firstRetired, last, nrRetired);
        }
    }
}
