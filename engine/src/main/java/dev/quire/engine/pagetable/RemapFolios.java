/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.HeadMap;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.struct.PageTableStruct;

/**
 * Turns the migration entries of a range of anonymous folios back into leaves (remove_migration_pte): all of a table
 * that stand for 2 MiB of one folio into one. One object per thread, for one walk after the other over all who mapped
 * them.
 */
final class RemapFolios implements RangeOperation {
    private final PageArena arena;
    private final HeadMap headMap;
    private final FolioMapcounts mapcounts;
    private final LeafCollapse leafCollapse;
    private long firstPfn;
    private long endPfn;

    RemapFolios(PageTableContext context) {
        arena = context.arena;
        headMap = context.headMap;
        mapcounts = context.mapcounts;
        leafCollapse = new LeafCollapse(context);
    }

    /** Begins the walk for a range of pages. */
    RemapFolios of(long firstFolio, long nrPages) {
        firstPfn = arena.pfnOf(firstFolio);
        endPfn = firstPfn + nrPages;
        return this;
    }

    @Override
    public boolean table(TableTree tree, long firstSlot, long address) {
        return isOfRange(PageTableStruct.entryAcquire(firstSlot))
                && leafCollapse.tryCollapse(tree, firstSlot, address, endPfn);
    }

    @Override
    public void entries(TableTree tree, long firstSlot, long address, int nrEntries) {
        for (int i = 0; i < nrEntries; ) {
            i += restoreRun(firstSlot + (long) i * Long.BYTES, nrEntries - i);
        }
    }

    /**
     * Restores the entries from a slot on that belong to one folio; returns how many entries it is done with, at least
     * 1.
     */
    private int restoreRun(long slot, int nrEntries) {
        long entry = PageTableStruct.entryAcquire(slot);
        if (!isOfRange(entry)) {
            return 1;
        }
        // The caller has the folios of the range locked and referenced: what is a head now stays one.
        long page = arena.pageAt(PageTableEntry.pfn(entry));
        long folio = headMap.headOf(page);
        long folioEnd = folio + Geometry.pagesIn(FolioStruct.order(folio)) * PageStruct.BYTES;
        int runLength = runLength(slot, nrEntries, PageTableEntry.pfn(entry), arena.pfnOf(folioEnd));
        mapcounts.add(folio, TableTree.orderOf(TableTree.PTE_LEVEL), runLength);
        for (long i = 0; i < runLength; i++) {
            long at = slot + i * Long.BYTES;
            // Publishes the folio: who finds the leaf finds its references counted. Only the holder of the table's lock
            // changes an entry that is not present.
            PageTableStruct.entryRelease(at, PageTableEntry.restored(PageTableStruct.entryAcquire(at)));
        }
        return runLength;
    }

    private static int runLength(long slot, int nrEntries, long pfn, long endPfn) {
        int length = 1;
        while (length < nrEntries && pfn + length < endPfn && isMigrationOf(slot, length, pfn + length)) {
            length++;
        }
        return length;
    }

    private static boolean isMigrationOf(long firstSlot, long offset, long pfn) {
        long entry = PageTableStruct.entryAcquire(firstSlot + offset * Long.BYTES);
        return PageTableEntry.isMigration(entry) && PageTableEntry.pfn(entry) == pfn;
    }

    private boolean isOfRange(long entry) {
        long pfn = PageTableEntry.pfn(entry);
        return PageTableEntry.isMigration(entry) && pfn >= firstPfn && pfn < endPfn;
    }

    @Override
    public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
        // Mapped meanwhile, not migrated: there are no large migration entries.
        return true;
    }
}
