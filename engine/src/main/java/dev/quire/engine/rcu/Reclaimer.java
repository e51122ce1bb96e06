/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

/** Takes objects back after their grace period. */
@FunctionalInterface
public interface Reclaimer {
    /**
     * Takes one object back. Runs on whichever thread drives the grace period, possibly with an index locked: it must
     * not block on a reader, and may take only locks that rank after {@code INDEX}.
     *
     * @param object address of the object
     */
    void reclaim(long object);

    /** Is called after the objects of one grace period, for reclaimers that give them on in one step. */
    default void endOfBatch() {}
}
