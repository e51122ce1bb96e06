/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import dev.quire.engine.Quire;

/**
 * Folios for new states, of an engine in which those of finished states may still wait for a grace period.
 * Thread-safe.
 */
public final class FolioSource {
    private final Quire quire;

    /**
     * Makes the source of an engine.
     *
     * @param quire the engine
     */
    public FolioSource(Quire quire) {
        this.quire = quire;
    }

    /**
     * Allocates a folio.
     *
     * @param order log2 pages
     * @return its head, to which the caller has the only reference
     * @throws IllegalStateException if too many of those of finished states never came back
     */
    public long allocate(int order) {
        long folio = quire.folios().allocate(order);
        if (folio == 0) {
            quire.awaitReclaim();
            folio = quire.folios().allocate(order);
        }
        if (folio == 0) {
            throw new IllegalStateException("no folio is left for a new state: order=" + order);
        }
        return folio;
    }
}
