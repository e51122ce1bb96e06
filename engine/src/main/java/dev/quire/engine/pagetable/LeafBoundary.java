/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

/**
 * Splits large leaves that reach across an end of a range, and leaves everything else alone (vma_adjust_trans_huge).
 */
enum LeafBoundary implements RangeOperation {
    INSTANCE;

    @Override
    public void entries(TableTree tree, long firstSlot, long address, int nrEntries) {}

    @Override
    public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
        return whole;
    }
}
