/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import java.lang.invoke.VarHandle;

/**
 * How often a folio is mapped (folio_add_file_rmap_ptes, folio_remove_rmap_ptes and their kin, folio_mapcount).
 *
 * <p>A <em>leaf</em> is one entry of a page table that maps memory: of order 0, 9 or 18. Each leaf holds one reference
 * and counts once in the large map count, or in the page's own for a folio of order 0. A leaf as large as the folio
 * counts in the entire map count; a smaller one adds its pages to the number of mapped pages. Map counts per page of a
 * large folio do not exist, as in a kernel built without them: tails are never written, so a split does not depend on
 * the folio's size. What follows from that for the {@link DeferredSplitQueue}: it does not learn of pages that are
 * unmapped in one process while another maps all of them, or as many others. Of a page that is unmapped while it
 * migrates it learns once the others are mapped again.
 *
 * <p>No count overflows: a folio that has {@link #MAX_PAGE_MAPPINGS} is mapped no further. Each leaf is as many as it
 * has pages, because it may be split into so many, which cannot be refused. New leaves are counted first and taken back
 * if they are too many, and what has become migration entries comes back unchecked; for both, the words have room for
 * as much again and more.
 *
 * <p>Handles are trusted: a wrong one ends the JVM. Thread-safe; lock-free, but for freeing a folio and for the queue
 * of those to be split.
 */
public final class FolioMapcounts {
    /** Most pages, each counted once per leaf that maps it: 2^29, which is 2048 times the whole of a folio of 1 GiB. */
    public static final int MAX_PAGE_MAPPINGS = 1 << 29;

    private final Folios folios;

    /**
     * Makes the map counts of an engine.
     *
     * @param folios the folios, which get references back
     */
    public FolioMapcounts(Folios folios) {
        this.folios = folios;
    }

    /**
     * Leaves that map a folio or parts of it.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @return number of leaves; exact for who excludes changes
     */
    public static int total(long folio) {
        int mapcount = FolioStruct.order(folio) == 0
                ? PageStruct.mapcountOpaque(folio)
                : FolioStruct.largeMapcountOpaque(folio);
        return mapcount - PageStruct.MAPCOUNT_NONE;
    }

    /**
     * Whether a leaf maps one of several folios that lie side by side.
     *
     * @param firstFolio head of the first folio; the caller keeps all of them as they are
     * @param nrPages pages of all of them together
     * @return whether {@link #total} of any is not 0
     */
    public static boolean isAnyMapped(long firstFolio, long nrPages) {
        for (long offset = 0; offset < nrPages; ) {
            long folio = firstFolio + offset * PageStruct.BYTES;
            if (total(folio) > 0) {
                return true;
            }
            offset += Geometry.pagesIn(FolioStruct.order(folio));
        }
        return false;
    }

    /**
     * Leaves that each map the whole of a large folio.
     *
     * @param folio head of a folio of order 1 or more to which the caller holds a reference
     * @return number of leaves; exact for who excludes changes
     */
    public static int entire(long folio) {
        return FolioStruct.entireMapcountOpaque(folio) - PageStruct.MAPCOUNT_NONE;
    }

    /**
     * Pages of a large folio that smaller leaves map; a page that two of them map counts twice.
     *
     * @param folio head of a folio of order 1 or more to which the caller holds a reference
     * @return number of pages; exact for who excludes changes
     */
    public static int nrPagesMapped(long folio) {
        return FolioStruct.nrPagesMappedOpaque(folio);
    }

    /**
     * Whether certainly only a part of a large folio is mapped. False is no promise: where several processes map parts,
     * they may be the same ones.
     *
     * @param folio head of a folio of order 1 or more to which the caller holds a reference
     * @return true if something is mapped, but fewer pages than the folio has
     */
    public static boolean isPartiallyMapped(long folio) {
        // Acquire before the other: who finds the leaf of the whole gone, as it is split, sees the pages that
        // splitLeaf has counted before. The other way round a folio that is mapped as a whole all the time might seem
        // not to be.
        if (FolioStruct.entireMapcountAcquire(folio) != PageStruct.MAPCOUNT_NONE) {
            return false;
        }
        int nrPages = nrPagesMapped(folio);
        return nrPages > 0 && nrPages < FolioStruct.nrPages(folio);
    }

    /**
     * Pages of a folio that leaves map, each counted once per leaf. Those of a leaf that is being split count once, or
     * twice, but never not at all.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @return number of pages; exact for who excludes changes
     */
    public static long nrPageMappings(long folio) {
        int order = FolioStruct.order(folio);
        if (order == 0) {
            return total(folio);
        }
        // Acquire before the other, as in isPartiallyMapped: the limit of tryAdd holds beside splitLeaf too.
        int nrEntire = FolioStruct.entireMapcountAcquire(folio) - PageStruct.MAPCOUNT_NONE;
        return nrPagesMapped(folio) + ((long) nrEntire << order);
    }

    /**
     * Pages of a folio that leaves surely map. As {@link #nrPageMappings}, but of a folio with a leaf that is being
     * split, whose pages may count twice, only those of the leaves of one kind: of the whole, or smaller.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @return number of pages; exact for who excludes changes, unless leaves of 1 GiB and of 2 MiB map it
     */
    static long leastPageMappings(long folio) {
        int order = FolioStruct.order(folio);
        if (order == 0) {
            return total(folio);
        }
        int nrEntire = entire(folio);
        int nrPages = nrPagesMapped(folio);
        // Smaller leaves are of one page each; not as many while splitLeaf has changed some of the three counts only.
        boolean isCountedOnce = total(folio) - nrEntire == nrPages || nrEntire == 0;
        long nrPagesOfEntire = (long) nrEntire << order;
        return isCountedOnce ? nrPages + nrPagesOfEntire : Math.max(nrPages, nrPagesOfEntire);
    }

    /**
     * Whether more leaves may map a folio: a hint, which spares the page tables a mapping that {@link #tryAdd} would
     * refuse.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @param leafOrder log2 pages of each leaf
     * @param nrLeaves how many more
     * @return false if there would be more than {@link #MAX_PAGE_MAPPINGS}
     */
    public static boolean hasRoom(long folio, int leafOrder, long nrLeaves) {
        return nrPageMappings(folio) + (nrLeaves << leafOrder) <= MAX_PAGE_MAPPINGS;
    }

    /**
     * Notes new leaves and takes a reference for each, unless there would be more than {@link #MAX_PAGE_MAPPINGS}. Call
     * before the first of them is stored. Of several callers that together are too many at least one is refused, and
     * perhaps all; and perhaps one that is not too many, while a leaf is split whose pages then count twice.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @param leafOrder log2 pages of each leaf
     * @param nrLeaves how many
     * @return whether they are noted; if not, nothing has changed
     */
    public boolean tryAdd(long folio, int leafOrder, int nrLeaves) {
        add(folio, leafOrder, nrLeaves);
        // Full fence: the loads of both words come after the addition to one of them, so whoever is the last to
        // add sees what all others have added.
        VarHandle.fullFence();
        if (nrPageMappings(folio) <= MAX_PAGE_MAPPINGS) {
            return true;
        }
        count(folio, leafOrder, -nrLeaves);
        folios.put(folio, nrLeaves);
        return false;
    }

    /**
     * Notes leaves that come back from migration entries, which cannot be refused, and takes a reference for each. Call
     * before the first of them is stored.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @param leafOrder log2 pages of each leaf
     * @param nrLeaves how many
     */
    public void add(long folio, int leafOrder, int nrLeaves) {
        // References first: who compares them with what the counts explain finds too many rather than too few.
        References.add(folio, nrLeaves);
        count(folio, leafOrder, nrLeaves);
    }

    /**
     * Notes that leaves are gone and gives their references back, which may free the folio. Call after the last of them
     * is cleared. An anonymous folio that is only partially mapped from then on is queued to be split; one that nothing
     * maps any more leaves the queue.
     *
     * @param folio head of the folio
     * @param leafOrder log2 pages of each leaf
     * @param nrLeaves how many
     */
    public void remove(long folio, int leafOrder, int nrLeaves) {
        count(folio, leafOrder, -nrLeaves);
        folios.deferredSplits().afterUnmap(folio);
        folios.put(folio, nrLeaves);
    }

    /**
     * Notes that leaves have become migration entries, and gives their references back. They come back with
     * {@link #add}, so the folio is not queued to be split, whatever else maps it.
     *
     * @param folio head of a folio that the caller has locked and holds a reference to
     * @param leafOrder log2 pages of each leaf
     * @param nrLeaves how many
     */
    public void migrate(long folio, int leafOrder, int nrLeaves) {
        count(folio, leafOrder, -nrLeaves);
        folios.put(folio, nrLeaves);
    }

    /**
     * Notes that one leaf becomes smaller ones that map the same pages. Call before they can be reached.
     *
     * @param folio head of the folio
     * @param leafOrder log2 pages of the leaf
     * @param nrPieces smaller leaves that it becomes
     */
    public static void splitLeaf(long folio, int leafOrder, int nrPieces) {
        References.add(folio, nrPieces - 1);
        FolioStruct.getAndAddLargeMapcount(folio, nrPieces - 1);
        if (leafOrder == FolioStruct.order(folio)) {
            // This before the other, both RMW (release): pairs with the acquire load of the other in isPartiallyMapped
            // and nrPageMappings, so that the pages never count nowhere.
            FolioStruct.getAndAddNrPagesMapped(folio, 1 << leafOrder);
            FolioStruct.getAndAddEntireMapcount(folio, -1);
        }
    }

    private static void count(long folio, int leafOrder, int nrLeaves) {
        int order = FolioStruct.order(folio);
        if (order == 0) {
            PageStruct.getAndAddMapcount(folio, nrLeaves);
            return;
        }
        FolioStruct.getAndAddLargeMapcount(folio, nrLeaves);
        if (leafOrder == order) {
            FolioStruct.getAndAddEntireMapcount(folio, nrLeaves);
        } else {
            FolioStruct.getAndAddNrPagesMapped(folio, nrLeaves << leafOrder);
        }
    }
}
