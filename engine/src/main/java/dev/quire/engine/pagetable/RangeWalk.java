/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageTableStruct;

/**
 * Goes through the entries of a range of virtual addresses under the locks that guard them, skipping what is not there
 * at the level where it is missing (walk_page_range, page_vma_mapped_walk).
 *
 * <p>Blocks on the locks of the tree and of its tables, for one table at a time: while a lowest-level table is worked
 * on the tree is free for others. Allocates nothing.
 */
final class RangeWalk {
    private final TableTree tree;
    private final LeafSplit leafSplit;

    RangeWalk(TableTree tree, LeafSplit leafSplit) {
        this.tree = tree;
        this.leafSplit = leafSplit;
    }

    void run(long start, long end, RangeOperation operation) {
        long address = start;
        while (address < end) {
            address = step(address, end, operation);
        }
    }

    /** Deals with one table, one leaf or one hole; returns the address from where to go on. */
    private long step(long address, long end, RangeOperation operation) {
        tree.lock();
        boolean treeLocked = true;
        try {
            long place = tree.descend(address);
            int level = TableTree.levelOf(place);
            if (level == TableTree.PTE_LEVEL) {
                if (coversTable(address, end) && operation.table(tree, place, address)) {
                    return TableTree.nextAt(TableTree.PMD_LEVEL, address);
                }
                tree.lockTable(place);
                tree.unlock();
                treeLocked = false;
                return inTable(place, address, end, operation);
            }
            return atUpperLevel(TableTree.slotOf(place), level, address, end, operation);
        } finally {
            if (treeLocked) {
                tree.unlock();
            }
        }
    }

    private static boolean coversTable(long address, long end) {
        long bytes = TableTree.bytesAt(TableTree.PMD_LEVEL);
        return address % bytes == 0 && end - address >= bytes;
    }

    private long inTable(long slot, long address, long end, RangeOperation operation) {
        try {
            long next = Math.min(TableTree.nextAt(TableTree.PMD_LEVEL, address), end);
            operation.entries(tree, slot, address, (int) ((next - address) >>> Geometry.PAGE_SHIFT));
            return next;
        } finally {
            tree.unlockTable(slot);
        }
    }

    private long atUpperLevel(long slot, int level, long address, long end, RangeOperation operation) {
        long next = TableTree.nextAt(level, address);
        if (PageTableStruct.entryAcquire(slot) == PageTableEntry.NONE) {
            return next;
        }
        boolean whole = next - TableTree.bytesAt(level) == address && next <= end;
        if (operation.largeLeaf(leafSplit, slot, level, whole)) {
            return next;
        }
        leafSplit.split(slot, level);
        return address;
    }
}
