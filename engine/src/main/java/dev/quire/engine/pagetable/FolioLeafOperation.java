/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageTableStruct;

/**
 * Changes the leaves that map one folio in place; they stay, and so do their references. For one walk, under the lock
 * of each entry.
 */
abstract class FolioLeafOperation implements RangeOperation {
    private final long firstPfn;
    private final long endPfn;

    /** For a folio that the caller holds, so that it stays what it is. */
    FolioLeafOperation(PageTableContext context, long folio) {
        firstPfn = context.arena.pfnOf(folio);
        endPfn = firstPfn + Geometry.pagesIn(FolioStruct.order(folio));
    }

    /** A leaf of the folio as it is now; walks without a lock may set its accessed and dirty bits at any time. */
    abstract void leaf(long slot, long leaf, long firstPage, long nrPages);

    @Override
    public final void entries(TableTree tree, long firstSlot, long address, int nrEntries) {
        for (long i = 0; i < nrEntries; i++) {
            visit(firstSlot + i * Long.BYTES, 1);
        }
    }

    @Override
    public final boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
        visit(slot, Geometry.pagesIn(TableTree.orderOf(level)));
        return true;
    }

    private void visit(long slot, long nrPages) {
        long leaf = PageTableStruct.entryAcquire(slot);
        long pfn = PageTableEntry.pfn(leaf);
        if (PageTableEntry.isPresent(leaf) && pfn >= firstPfn && pfn < endPfn) {
            leaf(slot, leaf, pfn - firstPfn, nrPages);
        }
    }
}
