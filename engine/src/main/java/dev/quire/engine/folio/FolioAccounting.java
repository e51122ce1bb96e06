/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import org.jspecify.annotations.Nullable;

/**
 * What an engine keeps about its folios beside their page structs, and how it follows a folio through its life:
 * allocation, split, merge, and the end of its last reference.
 *
 * @param lru folios by use
 * @param deferredSplits folios to be split when memory is short
 * @param groups whom pages are charged to
 * @param counters numbers of folios by kind
 * @param owners order and tag of every page, or null if that is not recorded
 */
public record FolioAccounting(
        LruLists lru,
        DeferredSplitQueue deferredSplits,
        MemoryGroups groups,
        FolioCounters counters,
        @Nullable PageOwners owners) {
    void allocated(long folio, int order) {
        if (owners != null) {
            owners.allocated(folio, order);
        }
    }

    /** Takes a folio whose last reference is gone out of everything. */
    void released(long folio) {
        int order = FolioStruct.order(folio);
        if (PageFlag.LRU.isSet(PageStruct.flags(folio))) {
            lru.release(folio);
        }
        if (order >= DeferredSplitQueue.MINIMUM_ORDER) {
            deferredSplits.forget(folio);
        }
        groups.uncharge(folio);
        if (FolioSplitter.isAnonymous(PageStruct.mapping(folio))) {
            counters.addAnonymous(order, -1);
        }
        if (owners != null) {
            owners.freed(folio, order);
        }
    }

    /**
     * Follows a split, which can no longer fail: the folio is frozen, and nothing of the pieces is visible yet.
     * References to the group come before the pieces do, so that whoever frees one of them cannot take the group away.
     */
    void split(FolioSplit split) {
        if (split.order >= DeferredSplitQueue.MINIMUM_ORDER) {
            deferredSplits.forget(split.folio);
        }
        MemoryGroups.split(PageStruct.memcgData(split.folio), split.plan.nrPieces(), split.nrNodes);
        if (split.isAnonymous()) {
            countAnonymous(split);
        } else if (split.owner != null && split.order >= Geometry.PMD_ORDER) {
            counters.countThpPages(isSwapBacked(split), -split.nrThpPagesLost());
        }
        if (owners != null) {
            owners.split(split.folio, split.plan);
        }
    }

    private void countAnonymous(FolioSplit split) {
        counters.addAnonymous(split.order, -1);
        for (int run = 0; run < split.plan.nrRuns(); run++) {
            counters.addAnonymous(split.plan.runOrder(run), split.plan.runCount(run));
        }
    }

    /** Counts the pages that a split has dropped beyond the end, after the index lock is released. */
    void dropped(FolioSplit split, FolioOwner owner) {
        if (split.nrPagesDropped == 0) {
            return;
        }
        if (isSwapBacked(split)) {
            counters.addSharedMemoryDropped(split.nrPagesDropped);
            owner.uncharge(split.nrPagesDropped);
        } else if (PageFlag.DIRTY.isSet(split.flags)) {
            counters.addFileCleaned(split.nrPagesDropped);
        }
    }

    /**
     * Follows a merge, which can no longer fail: all pieces are frozen, and their structs still say what they are. All
     * are charged to the same group, or none is.
     *
     * @param firstFolio head of the first piece
     * @param newOrder log2 pages of what they become
     * @param newFlags flags that it will have
     */
    void merge(long firstFolio, int newOrder, long newFlags) {
        boolean anonymous = FolioSplitter.isAnonymous(PageStruct.mapping(firstFolio));
        long nrPages = Geometry.pagesIn(newOrder);
        long nrHugePages = 0;
        long nrFolios = 0;
        for (long offset = 0; offset < nrPages; nrFolios++) {
            long folio = firstFolio + offset * PageStruct.BYTES;
            int order = FolioStruct.order(folio);
            if (order >= DeferredSplitQueue.MINIMUM_ORDER) {
                deferredSplits.forget(folio);
            }
            if (anonymous) {
                counters.addAnonymous(order, -1);
            }
            nrHugePages += order >= Geometry.PMD_ORDER ? Geometry.pagesIn(order) : 0;
            offset += Geometry.pagesIn(order);
        }
        MemoryGroups.merge(PageStruct.memcgData(firstFolio), nrFolios);
        if (anonymous) {
            counters.addAnonymous(newOrder, 1);
        } else if (newOrder >= Geometry.PMD_ORDER && nrHugePages < nrPages) {
            long mapping = PageStruct.mapping(firstFolio);
            counters.countThpPages(AddressSpaceStruct.isSwapBacked(mapping), nrPages - nrHugePages);
        }
        if (PageFlag.LRU.isSet(newFlags)) {
            lru.merge(firstFolio, newOrder, newFlags);
        }
        if (owners != null) {
            owners.merge(firstFolio, newOrder);
        }
    }

    private static boolean isSwapBacked(FolioSplit split) {
        return split.mapping != 0 && AddressSpaceStruct.isSwapBacked(split.mapping);
    }
}
