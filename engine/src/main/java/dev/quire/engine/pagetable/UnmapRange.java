/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.struct.PageTableStruct;

/** Clears whatever a range maps (zap_pte_range, zap_huge_pmd). Stateless. */
final class UnmapRange implements RangeOperation {
    private static final long NO_FOLIO = 0;

    private final PageTableContext context;

    UnmapRange(PageTableContext context) {
        this.context = context;
    }

    /** Gives the references of consecutive entries that map the same folio back at once. */
    @Override
    public void entries(TableTree tree, long firstSlot, long address, int nrEntries) {
        long folio = NO_FOLIO;
        int nrLeaves = 0;
        for (long i = 0; i < nrEntries; i++) {
            long slot = firstSlot + i * Long.BYTES;
            long mapped = mappedFolio(slot);
            if (mapped != folio) {
                giveBack(folio, nrLeaves);
                folio = mapped;
                nrLeaves = 0;
            }
            // A migration entry goes too: it holds no reference, and remap will not miss it.
            long before = tree.clear(slot);
            if (mapped != NO_FOLIO) {
                nrLeaves++;
                LeafSplit.gatherUse(mapped, before);
            }
        }
        giveBack(folio, nrLeaves);
    }

    private long mappedFolio(long slot) {
        long entry = PageTableStruct.entryAcquire(slot);
        return PageTableEntry.isPresent(entry) ? context.folioOf(entry) : NO_FOLIO;
    }

    private void giveBack(long folio, int nrLeaves) {
        if (nrLeaves > 0) {
            context.mapcounts.remove(folio, TableTree.orderOf(TableTree.PTE_LEVEL), nrLeaves);
        }
    }

    @Override
    public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
        if (whole) {
            leafSplit.clear(slot, level);
        }
        return whole;
    }
}
