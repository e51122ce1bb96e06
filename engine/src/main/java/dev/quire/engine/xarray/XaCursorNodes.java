/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import org.jspecify.annotations.Nullable;

/** The spare nodes of a {@link XaCursor}: got without the array's lock, for changes under it. */
abstract sealed class XaCursorNodes extends XaBracket permits XaCursor {
    final XaNodePool pool;
    final XaSpares spares;

    XaCursorNodes(XArray array, @Nullable RcuReader reader) {
        super(array, reader);
        pool = array.pool();
        spares = new XaSpares(pool);
    }

    /**
     * Gets one node after the error {@link Errno#ENOMEM} (xas_nomem): call it without the lock, and try again if it
     * succeeds. In any other case it frees the spare nodes.
     *
     * @return true if the cursor was in that error and a node was obtained: the error is cleared, the node kept
     */
    public final boolean nomem() {
        pool.lifetime().enter();
        try {
            if (error() == Errno.ENOMEM && spares.awaitOne()) {
                reset();
                return true;
            }
            spares.free();
            return false;
        } finally {
            pool.lifetime().exit();
        }
    }

    /**
     * Frees spare nodes that {@link #nomem} or {@link #reserve} obtained. Every path that may leave some must call it.
     */
    public final void destroy() {
        pool.lifetime().enter();
        try {
            spares.free();
        } finally {
            pool.lifetime().exit();
        }
    }

    /**
     * Gets nodes for several changes to come. They stay with the cursor until changes use them or {@link #destroy}
     * frees them; nodes it has already count.
     *
     * @param nrNodes how many the cursor must have, 0 or more
     * @return 0, or {@link Errno#ENOMEM}: then no spare node is left and the cursor is in that error
     * @throws IllegalArgumentException if the number is negative
     */
    public final int reserve(int nrNodes) {
        XaArguments.requireNrNodes(nrNodes);
        if (spares.suffice(nrNodes) || spares.await(nrNodes)) {
            return Errno.OK;
        }
        destroy();
        setError(Errno.ENOMEM);
        return Errno.ENOMEM;
    }

    /**
     * Gets nodes as {@link #reserve(int)} does, but waits for none: for callers that hold the lock, for which others
     * spin. Who then lacks nodes gives the lock back, waits in {@link XaNodePool#awaitReclaim}, and looks at the array
     * anew.
     *
     * @param nrNodes how many the cursor must have, 0 or more
     * @return whether it has as many now; if not, it has as many as before, and is in no error
     * @throws IllegalArgumentException if the number is negative
     */
    public final boolean tryReserve(long nrNodes) {
        XaArguments.requireNrNodes(nrNodes);
        return spares.tryReserve(nrNodes);
    }

    /** Frees the spare nodes and puts the cursor in an error; returns that. */
    final int failWithoutSpares(int errno) {
        spares.free();
        setError(errno);
        return errno;
    }
}
