/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.rcu.Rcu;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Whom to ask when the arena has no block left: all who hold memory that they can do without, one after the other,
 * until one gives some (shrink_node, shrink_slab). First comes what is of no use to anybody: unmapped pages of queued
 * folios; then what was used longest ago of files, and of shared memory if there is a swap area.
 *
 * <p>Thread-safe. Asking blocks, waits for readers, and allocates. The caller is in no read section and holds no lock
 * that ranks after {@link dev.quire.engine.lock.LockRank#INVALIDATE}.
 */
public final class MemoryPressure {
    private final Rcu rcu;

    /** Never changed in place. */
    private volatile MemoryRelief[] reliefs = {};

    /**
     * Makes the list of an engine; nobody is on it yet.
     *
     * @param rcu delays the reuse of what is given back
     */
    public MemoryPressure(Rcu rcu) {
        this.rcu = rcu;
    }

    /**
     * Adds somebody to ask, after all others.
     *
     * @param relief asked from now on
     */
    public synchronized void register(MemoryRelief relief) {
        MemoryRelief[] before = reliefs;
        MemoryRelief[] extended = Arrays.copyOf(before, before.length + 1);
        extended[before.length] = relief;
        reliefs = extended;
    }

    /**
     * Asks for memory; what is given is free when this returns.
     *
     * @param nrPages pages that are wanted, at least 1: a hint
     * @return whether there may be more free memory now; false if nobody has any to give
     */
    public boolean relieve(long nrPages) {
        return relieve(nrPages, null);
    }

    /**
     * Asks all but one for memory; what is given is free when this returns.
     *
     * @param nrPages pages that are wanted, at least 1: a hint
     * @param own who has been asked already; null to ask all
     * @return whether there may be more free memory now; false if nobody else has any to give
     */
    @SuppressWarnings("ReferenceEquality")
    public boolean relieve(long nrPages, @Nullable MemoryRelief own) {
        for (MemoryRelief relief : reliefs) {
            if (relief != own && relief.relieve(nrPages)) {
                rcu.barrier();
                return true;
            }
        }
        return false;
    }
}
