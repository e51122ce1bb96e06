/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageTableStruct;

/**
 * Removes the entries that map one folio: of anonymous memory they become migration entries, of a file they are cleared
 * (try_to_migrate_one, try_to_unmap_one). For one walk over all who map it.
 */
final class UnmapFolio implements RangeOperation {
    private final FolioMapcounts mapcounts;
    private final long folio;
    private final boolean anonymous;
    private final long firstPfn;
    private final long endPfn;

    UnmapFolio(PageTableContext context, long folio) {
        this.folio = folio;
        mapcounts = context.mapcounts;
        anonymous = LeafSplit.isAnonymous(folio);
        firstPfn = context.arena.pfnOf(folio);
        endPfn = firstPfn + Geometry.pagesIn(FolioStruct.order(folio));
    }

    @Override
    public void entries(TableTree tree, long firstSlot, long address, int nrEntries) {
        int nrRemoved = 0;
        for (long i = 0; i < nrEntries; i++) {
            long slot = firstSlot + i * Long.BYTES;
            if (mapsFolio(PageTableStruct.entryAcquire(slot))) {
                remove(tree, slot);
                nrRemoved++;
            }
        }
        if (nrRemoved == 0) {
            return;
        }
        if (anonymous) {
            mapcounts.migrate(folio, TableTree.orderOf(TableTree.PTE_LEVEL), nrRemoved);
        } else {
            mapcounts.remove(folio, TableTree.orderOf(TableTree.PTE_LEVEL), nrRemoved);
        }
    }

    private void remove(TableTree tree, long slot) {
        if (anonymous) {
            migrate(slot);
        } else {
            LeafSplit.gatherUse(folio, tree.clear(slot));
        }
    }

    /**
     * I17. One step from leaf to migration entry: there is no moment without an entry, in which a fault would put another page
     * there, and no accessed or dirty bit that is set meanwhile is lost.
     */
    private static void migrate(long slot) {
        long leaf;
        do {
            leaf = PageTableStruct.entryAcquire(slot);
        } while (!PageTableStruct.compareAndSetEntry(slot, leaf, PageTableEntry.migration(leaf)));
    }

    private boolean mapsFolio(long entry) {
        long pfn = PageTableEntry.pfn(entry);
        return PageTableEntry.isPresent(entry) && pfn >= firstPfn && pfn < endPfn;
    }

    @Override
    public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
        if (!mapsFolio(PageTableStruct.entryAcquire(slot))) {
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
