/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.struct.XaNodeStruct;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The nodes of an array that hold nothing but values, the one that became so first in front: what can be given up under
 * memory pressure where values are worth little, as the shadow entries of evicted pages are (the shadow_nodes list,
 * workingset_update_node and shadow_lru_isolate of mm/workingset.c).
 *
 * <p>A node joins at the back when its last slot that was neither empty nor of a value becomes so, and leaves when that
 * is true no more, or when it is freed. Its place does not change in between. A node with child nodes is never on the
 * list.
 *
 * <p>The list runs through the nodes' private lists, so an array has one user of them at most. Guarded by the array's
 * lock. Allocates nothing.
 */
public final class XaValueNodes {
    private final XArray array;
    private final XaCursor cursor;

    /** Keeps the list's own link alive, as long as this is, to which the array leads. */
    private final MemorySegment memory = Arena.ofAuto().allocate(ListHead.BYTES, Long.BYTES);

    /** Address of the list's own link. */
    private final long list = memory.address();

    private long nrNodes;

    /**
     * Begins to list the nodes of an array, as its {@link NodeUpdate}. Takes the array's lock.
     *
     * @param array an array without nodes and without a callback
     * @throws IllegalStateException if the array has nodes or a callback, or is closed
     */
    public XaValueNodes(XArray array) {
        this.array = array;
        cursor = new XaCursor(array);
        array.lock();
        try {
            if (array.update != null || XaEntry.isNode(XArrayStruct.head(array.openAnchor()))) {
                throw new IllegalStateException(
                        "the array has nodes or a callback already: anchor=0x" + Long.toHexString(array.anchor()));
            }
            ListHead.initialise(list);
            array.update(new Placing(this));
        } finally {
            array.unlock();
        }
    }

    /** Puts changed nodes on a list, or takes them off it. */
    record Placing(XaValueNodes nodes) implements NodeUpdate {
        @Override
        public void update(long node) {
            nodes.place(node);
        }
    }

    /** Address of the list's own link. */
    long list() {
        return list;
    }

    private void place(long node) {
        int count = XaNodeStruct.count(node);
        boolean belongs = count > 0 && count == XaNodeStruct.nrValues(node);
        long link = XaNodeStruct.privateList(node);
        boolean isListed = !ListHead.isEmpty(link);
        if (belongs && !isListed) {
            ListHead.addBefore(link, list);
            nrNodes++;
        } else if (!belongs && isListed) {
            ListHead.remove(link);
            nrNodes--;
        }
    }

    /**
     * Number of nodes on the list. Needs the array's lock.
     *
     * @return 0 or more
     * @throws IllegalStateException if the array is not locked
     */
    public long nrNodes() {
        array.requireLocked();
        return nrNodes;
    }

    /**
     * The node that has been on the list longest. Needs the array's lock.
     *
     * @return its address, or 0 if the list is empty
     * @throws IllegalStateException if the array is not locked
     */
    public long first() {
        array.requireLocked();
        return ListHead.isEmpty(list) ? 0 : XaNodeStruct.ofPrivateList(ListHead.next(list));
    }

    /**
     * Removes nodes from the array with all the values in them, those first that have been on the list longest
     * (shadow_lru_isolate). The memory comes back after a grace period. Takes the array's lock once, for all of them.
     *
     * @param nrWanted most nodes to take from the list, 0 or more
     * @return number of nodes taken from it; nodes above them that are empty then go too, and are not counted
     * @throws IllegalArgumentException if the number is negative
     */
    public long reclaim(long nrWanted) {
        if (nrWanted < 0) {
            throw new IllegalArgumentException("nrWanted out of range: nrWanted=" + nrWanted + ", min=0");
        }
        array.lock();
        try {
            long nrReclaimed = 0;
            while (nrReclaimed < nrWanted && !ListHead.isEmpty(list)) {
                cursor.reset();
                XaStore.deleteNode(cursor, first());
                nrReclaimed++;
            }
            return nrReclaimed;
        } finally {
            array.unlock();
        }
    }
}
