/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageTableStruct;

/**
 * Removes the entries that map one folio: of anonymous memory they become migration entries, of a file they are cleared
 * (try_to_migrate_one, try_to_unmap_one). One object per thread, for one walk after the other over all who map a folio.
 */
final class UnmapFolio implements RangeOperation {
    private final PageArena arena;
    private final FolioMapcounts mapcounts;
    private long folio;
    private boolean anonymous;
    private long firstPfn;
    private long endPfn;

    UnmapFolio(PageTableContext context) {
        arena = context.arena;
        mapcounts = context.mapcounts;
    }

    /** Begins the walk for a folio. */
    UnmapFolio of(long newFolio) {
        folio = newFolio;
        anonymous = LeafSplit.isAnonymous(folio);
        firstPfn = arena.pfnOf(folio);
        endPfn = firstPfn + Geometry.pagesIn(FolioStruct.order(folio));
        return this;
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
