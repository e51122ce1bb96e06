/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

/**
 * Whoever maps folios into page tables, as the splitter sees them.
 *
 * <p>A split of a mapped folio is: {@link #unmap}, before the folio is frozen; freeze, split, unfreeze; {@link #remap} of
 * the whole range, also if the freeze or anything else failed after {@code unmap}. While migration entries stand in the page
 * tables every folio of the range must be locked and have a reference of the caller's: a fault that meets such an entry
 * sleeps until its folio is unlocked, so the pieces are unlocked and given back only after {@code remap}.
 *
 * <p>Neither method fails for lack of memory. Both take locks of ranks {@code REVERSE_MAP} and after: the caller holds the
 * folio lock and no index lock. Thread-safe.
 */
public interface FolioMappers {
    /**
     * Removes all mappings of a folio (try_to_migrate, try_to_unmap). Of an anonymous folio each entry becomes a migration
     * entry, after larger entries are split; of any other each is cleared, to be faulted in again, and its dirty and accessed
     * bits are gathered in the folio's flags. Each mapping gives its reference back. Does nothing if nothing maps the folio.
     *
     * @param folio head of a folio that the caller has locked and holds a reference to
     * @return whether no mapping is left: false if somebody maps the folio meanwhile, or from where it cannot be found
     */
    boolean unmap(long folio);

    /**
     * Turns the migration entries of anonymous folios back into mappings of what is now there, with a reference each
     * (remove_migration_ptes). Does nothing for folios that are not anonymous.
     *
     * @param firstFolio head of the first folio, locked and referenced by the caller like all others of the range
     * @param nrPages length of the range in pages: that of the folio before it was split
     */
    void remap(long firstFolio, long nrPages);

    /**
     * Ends the life of an owner of folios, unless some region still shows its pages. No region is added meanwhile.
     *
     * @param mapping mapping word of the owner's folios
     * @param close marks the owner closed, so that it gets no region any more; takes no lock
     * @return number of regions that show the owner's pages; if not 0, the owner was not closed
     */
    int closeUnlessMapped(long mapping, Runnable close);
}
