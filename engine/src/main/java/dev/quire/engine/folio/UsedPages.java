/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

/** Gets the pages of a folio that were used through page tables. */
@FunctionalInterface
public interface UsedPages {
    /**
     * Notes the pages that one leaf maps.
     *
     * @param firstPage the first of them, relative to the folio
     * @param nrPages how many, at least 1
     */
    void used(long firstPage, long nrPages);
}
