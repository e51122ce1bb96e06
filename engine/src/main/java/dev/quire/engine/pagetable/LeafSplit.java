/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.struct.PageTableStruct;

/**
 * Splits large leaves into the 512 entries of a table one level below (__split_huge_pmd_locked, __split_huge_pud).
 *
 * <p>A leaf of anonymous memory becomes smaller leaves, or migration entries; the tables it takes were set aside when
 * it was mapped, so that a split cannot fail. A leaf of a file is cleared, to be faulted in again in smaller pieces.
 * The caller holds the tree lock.
 */
final class LeafSplit {
    private final PageArena arena;
    private final PageTableContext context;
    private final FolioMapcounts mapcounts;
    private final TablePages pages;
    private final TableTree tree;

    LeafSplit(PageTableContext context, TableTree tree) {
        arena = context.arena;
        this.context = context;
        mapcounts = context.mapcounts;
        pages = context.tablePages;
        this.tree = tree;
    }

    static boolean isAnonymous(long folio) {
        return (PageStruct.mapping(folio) & AddressSpaceStruct.ANONYMOUS_TAG) != 0;
    }

    /** Splits a present leaf into leaves one level below; clears it if its folio belongs to a file. */
    void split(long slot, int level) {
        long folio = context.folioOf(PageTableStruct.entryAcquire(slot));
        if (!isAnonymous(folio)) {
            clear(slot, level);
            return;
        }
        long leaf = invalidate(slot);
        int tableLevel = level - 1;
        long table = takeTable(slot, level);
        fill(table, leaf, TableTree.orderOf(tableLevel), false);
        FolioMapcounts.splitLeaf(folio, TableTree.orderOf(level), PageTableStruct.NR_ENTRIES);
        tree.link(slot, table);
    }

    /**
     * Splits a present leaf of anonymous memory at the PMD level into migration entries; its reference is given back.
     */
    void splitToMigrationEntries(long slot) {
        long folio = context.folioOf(PageTableStruct.entryAcquire(slot));
        long leaf = invalidate(slot);
        long table = takeTable(slot, TableTree.PMD_LEVEL);
        fill(table, leaf, 0, true);
        tree.link(slot, table);
        mapcounts.migrate(folio, TableTree.orderOf(TableTree.PMD_LEVEL), 1);
    }

    /** Clears a present leaf, gives back the tables set aside for it, and its reference. */
    void clear(long slot, int level) {
        long folio = context.folioOf(PageTableStruct.entryAcquire(slot));
        long leaf = tree.clear(slot);
        if (isAnonymous(folio)) {
            pages.freeChain(tree.withdraw(slot, TableTree.nrTablesBelow(level)));
        }
        gatherUse(folio, leaf);
        mapcounts.remove(folio, TableTree.orderOf(level), 1);
    }

    /**
     * Notes in a file folio's flags what a leaf that is gone knew about its use; anonymous memory needs no note. Nor
     * does an owner need to be told of writes that it was told of before: the folio is dirty, and marked as such in the
     * index, where a flag set here would have no mark.
     */
    static void gatherUse(long folio, long leaf) {
        long mapping = PageStruct.mapping(folio);
        if ((mapping & AddressSpaceStruct.ANONYMOUS_TAG) != 0) {
            return;
        }
        // No mapping: cut off beside this call, so that nobody asks any more.
        boolean isNews = PageTableEntry.isDirty(leaf) && mapping != 0 && !AddressSpaceStruct.tracksWrites(mapping);
        long flags = (isNews ? PageFlag.DIRTY.mask() : 0)
                | (PageTableEntry.isAccessed(leaf) ? PageFlag.REFERENCED.mask() : 0);
        if (flags != 0) {
            PageStruct.getAndSetFlags(folio, flags);
        }
    }

    /** Keeps lock-free walks off a leaf; what it said at the last moment at which they could change it. */
    private static long invalidate(long slot) {
        return PageTableStruct.getAndClearEntryBits(slot, PageTableEntry.PRESENT);
    }

    /** Takes a table that was set aside; the rest of those for a PUD leaf serve the PMD leaves that it becomes. */
    private long takeTable(long slot, int level) {
        long table = tree.withdraw(slot, TableTree.nrTablesBelow(level));
        long rest = PageTableStruct.next(table);
        if (rest != TablePages.NONE) {
            tree.deposit(arena.frameOf(table), rest, PageTableStruct.NR_ENTRIES);
        }
        return table;
    }

    /** Writes the entries of a table that nobody can reach yet. */
    private void fill(long table, long leaf, int pieceOrder, boolean migrating) {
        long slot = arena.frameOf(table);
        for (long i = 0; i < PageTableStruct.NR_ENTRIES; i++) {
            long piece = PageTableEntry.piece(leaf, i << pieceOrder, pieceOrder > 0);
            PageTableStruct.entry(slot + i * Long.BYTES, migrating ? PageTableEntry.migration(piece) : piece);
        }
        PageTableStruct.addNrEntries(table, PageTableStruct.NR_ENTRIES);
    }
}
