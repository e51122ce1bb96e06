/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/**
 * Nodes set aside for a change before its lock is taken, where the cursor that makes the change is shared under that
 * lock. (What xas_split_alloc does for the original's cursor, which is the caller's own.)
 *
 * <p>Not thread-safe: of one thread, used again and again. Allocates nothing on the Java heap.
 */
public final class XaNodeReserve {
    private final XaNodePool pool;
    private final XaSpares nodes;

    /**
     * Makes an empty reserve.
     *
     * @param pool where the nodes come from
     */
    public XaNodeReserve(XaNodePool pool) {
        this.pool = pool;
        nodes = new XaSpares(pool);
    }

    /**
     * Gets nodes, and waits as {@link XaNodePool#awaitReclaim} does for those that come back. By a caller that holds no
     * index lock and is in no read section. They stay here until {@link #giveTo} or {@link #free}.
     *
     * @param nrNodes how many there must be, 0 or more
     * @return whether there are as many now; if not, there are as many as before
     * @throws IllegalArgumentException if the number is negative
     * @throws IllegalStateException if the engine is closed
     */
    public boolean await(long nrNodes) {
        XaArguments.requireNrNodes(nrNodes);
        return nodes.await(nrNodes);
    }

    /**
     * Hands all nodes to a cursor, to be used, or freed by {@link XaCursor#destroy}.
     *
     * @param cursor a cursor for an array of the same pool
     * @throws IllegalArgumentException if it is for one of another pool; then nothing has changed
     * @throws IllegalStateException if the engine is closed
     */
    public void giveTo(XaCursor cursor) {
        if (cursor.pool != pool) {
            throw new IllegalArgumentException(
                    "cursor for an array of another engine: anchor=0x" + Long.toHexString(cursor.array.anchor()));
        }
        pool.lifetime().enter();
        try {
            cursor.spares.takeOver(nodes);
        } finally {
            pool.lifetime().exit();
        }
    }

    /** Frees the nodes that nobody was given. */
    public void free() {
        pool.lifetime().enter();
        try {
            nodes.free();
        } finally {
            pool.lifetime().exit();
        }
    }
}
