/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

/** What a {@link RangeWalk} does with the entries it comes to. */
interface RangeOperation {
    /**
     * A lowest-level table that the range covers as a whole. The tree is locked, the table is not.
     *
     * @param tree the tree that the table is part of
     * @param firstSlot slot of the table's first entry
     * @param address virtual address that the first entry maps
     * @return whether the table is dealt with; if not, the walk comes to its entries
     */
    default boolean table(TableTree tree, long firstSlot, long address) {
        return false;
    }

    /**
     * Entries of one lowest-level table, which is locked; the tree is not.
     *
     * @param tree the tree that the table is part of
     * @param firstSlot slot of the first entry
     * @param address virtual address that the first entry maps
     * @param nrEntries how many entries, one after the other
     */
    void entries(TableTree tree, long firstSlot, long address, int nrEntries);

    /**
     * A large leaf that the range covers at least in part. The tree is locked, so the operation must be done with the
     * leaf when it returns.
     *
     * @param leafSplit splits and clears leaves of the tree
     * @param slot slot of the leaf
     * @param level level of the leaf, PMD or PUD
     * @param whole whether the range covers all of the leaf
     * @return whether the leaf is dealt with; if not it is split, and the walk comes to its pieces
     */
    boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole);
}
