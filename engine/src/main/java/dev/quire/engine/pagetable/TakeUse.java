/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.UsedPages;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageTableStruct;

/** Takes the accessed bits out of the leaves that map one folio (folio_referenced_one). For one walk. */
final class TakeUse implements RangeOperation {
    private final UsedPages used;
    private final long firstPfn;
    private final long endPfn;

    /** For a folio that the caller holds, so that it stays what it is. */
    TakeUse(PageTableContext context, long folio, UsedPages used) {
        this.used = used;
        firstPfn = context.arena.pfnOf(folio);
        endPfn = firstPfn + Geometry.pagesIn(FolioStruct.order(folio));
    }

    @Override
    public void entries(TableTree tree, long firstSlot, long address, int nrEntries) {
        for (long i = 0; i < nrEntries; i++) {
            take(firstSlot + i * Long.BYTES, 1);
        }
    }

    @Override
    public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
        take(slot, Geometry.pagesIn(TableTree.orderOf(level)));
        return true;
    }

    private void take(long slot, long nrPages) {
        long leaf = PageTableStruct.entryAcquire(slot);
        long pfn = PageTableEntry.pfn(leaf);
        if (PageTableEntry.isPresent(leaf) && pfn >= firstPfn && pfn < endPfn && PageTableEntry.isAccessed(leaf)) {
            // RMW of one bit: what a walk notes meanwhile is not lost. Only the holder of this lock replaces the leaf.
            PageTableStruct.getAndClearEntryBits(slot, PageTableEntry.ACCESSED);
            used.used(pfn - firstPfn, nrPages);
        }
    }
}
