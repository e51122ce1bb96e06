/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;

/**
 * Whoever maps folios into page tables, as the splitter and the merger see them.
 *
 * <p>A split of a mapped folio is: {@link #unmap}, before the folio is frozen; freeze, split, unfreeze; {@link #remap}
 * of the whole range, also if the freeze or anything else failed after {@code unmap}. A merge of mapped folios is the
 * same the other way round. While migration entries stand in the page tables every folio of the range must be locked,
 * or frozen, and have a reference of the caller's, so the pieces are unlocked and given back only after {@code remap}.
 * A fault that meets a migration entry sleeps until then.
 *
 * <p>Neither method fails for lack of memory. Both take locks of ranks {@code REVERSE_MAP} and after: the caller holds
 * the folio lock and no index lock. Thread-safe.
 */
public interface FolioMappers {
    /**
     * Removes all mappings of a folio.
     *
     * @param folio head of a folio that the caller has locked and holds a reference to
     * @return whether no mapping is left, as {@link #unmap(long, long)}
     * @throws IllegalArgumentException if the handle is none
     */
    default boolean unmap(long folio) {
        return unmap(folio, Geometry.pagesIn(FolioStruct.order(folio)));
    }

    /**
     * Removes all mappings of folios that lie side by side and belong to one owner, at indices that follow each other
     * (try_to_migrate, try_to_unmap). Of anonymous folios each entry becomes a migration entry, after larger entries
     * are split; of any other each is cleared, to be faulted in again, and its dirty and accessed bits are gathered in
     * the flags of its folio, but for the dirty bits of files and shared memory that are told of writes before. Each
     * mapping gives its reference back. Does nothing if nothing maps the folios.
     *
     * @param firstFolio head of the first folio, locked and referenced by the caller like all others of the range
     * @param nrPages length of the range in pages: that of its folios together
     * @return whether no mapping is left: false if somebody maps a folio meanwhile, or from where it cannot be found
     * @throws IllegalArgumentException if the arena has no such pages
     */
    boolean unmap(long firstFolio, long nrPages);

    /**
     * Turns the migration entries of anonymous folios back into mappings of what is now there, with a reference each,
     * and wakes who waits for one of the pages (remove_migration_ptes). Does nothing for folios that are not anonymous.
     *
     * @param firstFolio head of the first folio, locked and referenced by the caller like all others of the range
     * @param nrPages length of the range in pages: that of the folio before it was split, or of the folios before they
     *     were merged
     * @throws IllegalArgumentException if the arena has no such pages
     */
    void remap(long firstFolio, long nrPages);

    /**
     * Takes the notes of use out of all leaves that map a folio (folio_referenced): their accessed bits are clear
     * afterwards, but for what is used meanwhile. Does nothing if nothing maps the folio.
     *
     * @param folio head of a folio that the caller has locked and holds a reference to
     * @param used told of the pages of each leaf that was used since this was last called, once per leaf; under the
     *     locks of page tables, so it takes none
     * @throws IllegalArgumentException if the handle is none
     */
    void takeUse(long folio, UsedPages used);

    /**
     * Has the next write through any leaf that maps a folio fault (folio_mkclean): none is writable or dirty
     * afterwards, nor becomes so while the folio is locked. Who has pinned a page for writing before has a reference,
     * and may write on. Does nothing if nothing maps the folio.
     *
     * @param folio head of a file's folio that the caller has locked and holds a reference to
     * @throws IllegalArgumentException if the handle is none
     */
    void writeProtect(long folio);

    /**
     * Ends the life of an owner of folios, unless some region still shows its pages. No region is added meanwhile.
     *
     * @param mapping mapping word of the owner's folios
     * @param close marks the owner closed, so that it gets no region any more; takes no lock
     * @return number of regions that show the owner's pages; if not 0, the owner was not closed
     */
    int closeUnlessMapped(long mapping, Runnable close);
}
