/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageTableStruct;

/**
 * Puts one leaf of 2 MiB in the place of a table of migration entries that stand for just its pages: the other way
 * round than {@link LeafSplit#splitToMigrationEntries} (the end of collapse_huge_page, with nothing copied).
 *
 * <p>The table itself waits for the end of walks that are in it; another one is set aside for splitting the leaf. If
 * there is no memory for that, or the entries are not alike, they stay. Stateless; safe for use by many threads.
 */
final class LeafCollapse {
    private static final int ORDER = Geometry.PMD_ORDER;

    private final PageTableContext context;
    private final PageArena arena;
    private final FolioMapcounts mapcounts;

    LeafCollapse(PageTableContext context) {
        this.context = context;
        arena = context.arena;
        mapcounts = context.mapcounts;
    }

    /**
     * Collapses the table with a slot, the first, if it has nothing but migration entries of consecutive pages up to an
     * end. The caller holds the tree lock, and with it keeps everybody from taking the table's.
     */
    boolean tryCollapse(TableTree tree, long firstSlot, long address, long endPfn) {
        tree.lockTable(firstSlot);
        long leaf = leafOf(firstSlot, endPfn);
        tree.unlockTable(firstSlot);
        if (leaf == PageTableEntry.NONE) {
            return false;
        }
        long spare = context.tablePages.allocate();
        if (spare == TablePages.NONE) {
            return false;
        }
        mapcounts.add(context.folioOf(leaf), ORDER, 1);
        long slot = TableTree.slotOf(tree.descendTo(address, TableTree.PMD_LEVEL));
        tree.deposit(slot, spare, 1);
        tree.replaceTable(slot, leaf);
        return true;
    }

    /** The leaf that the entries of a locked table make together, used if one of them was; none if they make none. */
    private long leafOf(long firstSlot, long endPfn) {
        long first = PageTableStruct.entryAcquire(firstSlot);
        if (!PageTableEntry.isMigration(first) || !isBlockOfFolio(PageTableEntry.pfn(first), endPfn)) {
            return PageTableEntry.NONE;
        }
        long all = first;
        for (long i = 1; i < PageTableStruct.NR_ENTRIES; i++) {
            long entry = PageTableStruct.entryAcquire(firstSlot + i * Long.BYTES);
            if (!PageTableEntry.continues(first, i, entry)) {
                return PageTableEntry.NONE;
            }
            all |= PageTableEntry.use(entry);
        }
        return PageTableEntry.restored(all) | PageTableEntry.HUGE;
    }

    private boolean isBlockOfFolio(long pfn, long endPfn) {
        return Geometry.isAligned(pfn, ORDER)
                && pfn + Geometry.pagesIn(ORDER) <= endPfn
                && FolioStruct.order(context.headMap.headOf(arena.pageAt(pfn))) >= ORDER;
    }
}
