/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

/**
 * Takes folios out of page tables and puts them back, for a split (unmap_folio, remap_page). The splitter calls it with the
 * folio lock held and no other lock.
 */
public interface FolioMappers {
    /**
     * Takes a folio out of all page tables, before it is frozen. Entries that map an anonymous folio become migration
     * entries, which give back the references of the mappings; those of a file folio are cleared, and come back by faults.
     *
     * @param folio head of a locked folio that somebody maps
     * @return whether no mapping is left; if not, the splitter calls {@link #remap} for an anonymous folio and gives up
     */
    boolean unmap(long folio);

    /**
     * Turns the migration entries of anonymous folios into mappings again, each with a reference to the folio that now holds
     * its page. Called after the folios are unfrozen, while all of them are still locked and referenced; or, if the split did
     * not come about, for the whole folio.
     *
     * @param firstFolio head of the folio that {@link #unmap} was called for
     * @param nrPages pages from there on, which may belong to any number of folios by now
     */
    void remap(long firstFolio, long nrPages);
}
