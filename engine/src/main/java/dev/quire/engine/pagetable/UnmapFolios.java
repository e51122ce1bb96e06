/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageTableStruct;

/**
 * Removes the entries that map a range of folios of one owner: of anonymous memory they become migration entries, of a
 * file they are cleared (try_to_migrate_one, try_to_unmap_one). One object per thread, for one walk after the other
 * over all who map them.
 */
final class UnmapFolios implements RangeOperation {
    private final PageTableContext context;
    private final PageArena arena;
    private final FolioMapcounts mapcounts;
    private boolean anonymous;
    private long firstPfn;
    private long endPfn;

    UnmapFolios(PageTableContext context) {
        this.context = context;
        arena = context.arena;
        mapcounts = context.mapcounts;
    }

    /** Begins the walk for a range of pages, which consists of whole folios that the caller holds. */
    UnmapFolios of(long firstFolio, long nrPages) {
        anonymous = LeafSplit.isAnonymous(firstFolio);
        firstPfn = arena.pfnOf(firstFolio);
        endPfn = firstPfn + nrPages;
        return this;
    }

    /** Gives the references of consecutive entries that map the same folio back at once. */
    @Override
    public void entries(TableTree tree, long firstSlot, long address, int nrEntries) {
        long folio = 0;
        long folioPfn = 0;
        long folioEndPfn = 0;
        int nrRemoved = 0;
        for (long i = 0; i < nrEntries; i++) {
            long slot = firstSlot + i * Long.BYTES;
            long entry = PageTableStruct.entryAcquire(slot);
            if (mapsRange(entry)) {
                long pfn = PageTableEntry.pfn(entry);
                if (pfn < folioPfn || pfn >= folioEndPfn) {
                    giveBack(folio, nrRemoved);
                    folio = context.folioOf(entry);
                    folioPfn = arena.pfnOf(folio);
                    folioEndPfn = folioPfn + Geometry.pagesIn(FolioStruct.order(folio));
                    nrRemoved = 0;
                }
                remove(tree, slot, folio);
                nrRemoved++;
            }
        }
        giveBack(folio, nrRemoved);
    }

    private void giveBack(long folio, int nrRemoved) {
        if (nrRemoved == 0) {
            return;
        }
        if (anonymous) {
            mapcounts.migrate(folio, TableTree.orderOf(TableTree.PTE_LEVEL), nrRemoved);
        } else {
            mapcounts.remove(folio, TableTree.orderOf(TableTree.PTE_LEVEL), nrRemoved);
        }
    }

    private void remove(TableTree tree, long slot, long folio) {
        if (anonymous) {
            migrate(slot);
        } else {
            LeafSplit.gatherUse(folio, tree.clear(slot));
        }
    }

    /**
     * I17. One step from leaf to migration entry: there is no moment without an entry, in which a fault would put
     * another page there, and no accessed or dirty bit that is set meanwhile is lost.
     */
    private static void migrate(long slot) {
        long leaf;
        do {
            leaf = PageTableStruct.entryAcquire(slot);
        } while (!PageTableStruct.compareAndSetEntry(slot, leaf, PageTableEntry.migration(leaf)));
    }

    private boolean mapsRange(long entry) {
        long pfn = PageTableEntry.pfn(entry);
        return PageTableEntry.isPresent(entry) && pfn >= firstPfn && pfn < endPfn;
    }

    @Override
    public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
        if (!mapsRange(PageTableStruct.entryAcquire(slot))) {
            return true;
        }
        if (!anonymous) {
            leafSplit.clear(slot, level);
        } else if (level == TableTree.PMD_LEVEL) {
            leafSplit.splitToMigrationEntries(slot);
        } else {
            return false;
        }
        return true;
    }
}
