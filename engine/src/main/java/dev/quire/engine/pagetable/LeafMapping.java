/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageTableStruct;

/**
 * Puts new leaves into one process's tables. Arguments are checked; the caller holds the tree lock unless said
 * otherwise.
 */
final class LeafMapping {
    private final PageArena arena;
    private final FolioMapcounts mapcounts;
    private final PageTableContext context;
    private final TablePages pages;
    private final TableTree tree;

    LeafMapping(PageTableContext context, TableTree tree) {
        this.context = context;
        this.tree = tree;
        arena = context.arena;
        mapcounts = context.mapcounts;
        pages = context.tablePages;
    }

    /** Checks that pages are in a folio that can be mapped. Needs no lock. */
    void requirePages(long folio, long firstPage, long nrPages) {
        if (context.headMap.headOf(folio) != folio || References.count(folio) == 0) {
            throw new IllegalArgumentException(
                    "not the head of a folio that is in use: folio=0x" + Long.toHexString(folio));
        }
        long folioPages = Geometry.pagesIn(FolioStruct.order(folio));
        if (firstPage < 0 || nrPages > folioPages - firstPage) {
            throw new IllegalArgumentException("pages not in the folio: firstPage=" + firstPage + ", nrPages=" + nrPages
                    + ", folio's pages=" + folioPages);
        }
        if (!LeafSplit.isAnonymous(folio) && !context.folioLock.isLocked(folio)) {
            throw new IllegalStateException(
                    "the file's folio to map is not locked: folio=0x" + Long.toHexString(folio));
        }
    }

    /** Makes the lowest-level tables of a range; if that fails, those made are freed. */
    int growTables(long start, long end) {
        for (long address = start; address < end; address = TableTree.nextAt(TableTree.PMD_LEVEL, address)) {
            long place = tree.grow(address, TableTree.PTE_LEVEL);
            if (TableTree.levelOf(place) != TableTree.PTE_LEVEL) {
                boolean leafInTheWay = PageTableStruct.entryAcquire(TableTree.slotOf(place)) != PageTableEntry.NONE;
                tree.freeEmpty(start, end);
                return leafInTheWay ? Errno.EEXIST : Errno.ENOMEM;
            }
        }
        return Errno.OK;
    }

    /** Maps pages in one table, whose lock the caller holds instead of the tree's; gives it up. */
    int mapInTable(long slot, long address, long end, long folio, long firstPage, boolean writable) {
        try {
            int nrPages = (int) ((end - address) >>> Geometry.PAGE_SHIFT);
            if (!areNone(slot, nrPages)) {
                return Errno.EEXIST;
            }
            if (!mapcounts.tryAdd(folio, TableTree.orderOf(TableTree.PTE_LEVEL), nrPages)) {
                return Errno.EOVERFLOW;
            }
            fill(slot, nrPages, folio, firstPage, writable);
            return Errno.OK;
        } finally {
            tree.unlockTable(slot);
        }
    }

    /** Maps pages in several tables. What is vacant stays so: nobody can map while the tree is locked. */
    int mapAcrossTables(long start, long end, long folio, long firstPage, boolean writable) {
        if (!isVacant(start, end)) {
            tree.freeEmpty(start, end);
            return Errno.EEXIST;
        }
        int nrLeaves = (int) ((end - start) >>> Geometry.PAGE_SHIFT);
        if (!mapcounts.tryAdd(folio, TableTree.orderOf(TableTree.PTE_LEVEL), nrLeaves)) {
            tree.freeEmpty(start, end);
            return Errno.EOVERFLOW;
        }
        long page = firstPage;
        for (long address = start; address < end; address = TableTree.nextAt(TableTree.PMD_LEVEL, address)) {
            long slot = tree.descend(address);
            int nrPages = nrPagesInTable(address, end);
            tree.lockTable(slot);
            fill(slot, nrPages, folio, page, writable);
            tree.unlockTable(slot);
            page += nrPages;
        }
        return Errno.OK;
    }

    /**
     * Whether nothing is mapped or migrating in a range. Looks at one table after the other, each under its lock: waits
     * for who has left the tree lock to others and is still at it.
     */
    boolean isVacant(long start, long end) {
        long address = start;
        boolean vacant = true;
        while (vacant && address < end) {
            long place = tree.descend(address);
            long slot = TableTree.slotOf(place);
            int level = TableTree.levelOf(place);
            if (level == TableTree.PTE_LEVEL) {
                tree.lockTable(slot);
                vacant = areNone(slot, nrPagesInTable(address, end));
                tree.unlockTable(slot);
                address = TableTree.nextAt(TableTree.PMD_LEVEL, address);
            } else {
                vacant = PageTableStruct.entryAcquire(slot) == PageTableEntry.NONE;
                address = TableTree.nextAt(level, address);
            }
        }
        return vacant;
    }

    private static int nrPagesInTable(long address, long end) {
        long tableEnd = Math.min(TableTree.nextAt(TableTree.PMD_LEVEL, address), end);
        return (int) ((tableEnd - address) >>> Geometry.PAGE_SHIFT);
    }

    private static boolean areNone(long firstSlot, int nrEntries) {
        for (long i = 0; i < nrEntries; i++) {
            if (PageTableStruct.entryAcquire(firstSlot + i * Long.BYTES) != PageTableEntry.NONE) {
                return false;
            }
        }
        return true;
    }

    /** Stores leaves that are counted already. */
    private void fill(long firstSlot, int nrPages, long folio, long firstPage, boolean writable) {
        long pfn = arena.pfnOf(folio) + firstPage;
        long flags = flags(folio, writable);
        for (long i = 0; i < nrPages; i++) {
            tree.put(firstSlot + i * Long.BYTES, PageTableEntry.leaf(pfn + i, flags));
        }
    }

    private static long flags(long folio, boolean writable) {
        boolean exclusive = writable && LeafSplit.isAnonymous(folio);
        return (writable ? PageTableEntry.WRITABLE : 0) | (exclusive ? PageTableEntry.EXCLUSIVE : 0);
    }

    /** Maps with one entry of a level, PMD or PUD. */
    int mapLarge(long address, long folio, long firstPage, int level, boolean writable) {
        long end = address + TableTree.bytesAt(level);
        // Tables that were emptied from the side of the folios may still be there.
        tree.freeEmpty(address, end);
        long place = tree.grow(address, level);
        long slot = TableTree.slotOf(place);
        int result = Errno.OK;
        if (PageTableStruct.entryAcquire(slot) != PageTableEntry.NONE) {
            result = Errno.EEXIST;
        } else if (TableTree.levelOf(place) != level || !depositFor(slot, level, folio)) {
            result = Errno.ENOMEM;
        } else if (!mapcounts.tryAdd(folio, TableTree.orderOf(level), 1)) {
            withdrawFor(slot, level, folio);
            result = Errno.EOVERFLOW;
        }
        if (result != Errno.OK) {
            tree.freeEmpty(address, end);
            return result;
        }
        long pfn = arena.pfnOf(folio) + firstPage;
        tree.put(slot, PageTableEntry.leaf(pfn, flags(folio, writable) | PageTableEntry.HUGE));
        return Errno.OK;
    }

    /** Lets a page be written to through the leaf that maps it, if there is one. */
    boolean allowWriting(long address, long folio, long page) {
        long place = tree.descend(address);
        long slot = TableTree.slotOf(place);
        int level = TableTree.levelOf(place);
        if (level > TableTree.PTE_LEVEL) {
            return allowWriting(slot, arena.pfnOf(folio) + page - TableTree.pageInLeaf(level, address));
        }
        tree.lockTable(slot);
        try {
            return allowWriting(slot, arena.pfnOf(folio) + page);
        } finally {
            tree.unlockTable(slot);
        }
    }

    private static boolean allowWriting(long slot, long pfn) {
        long leaf = PageTableStruct.entryAcquire(slot);
        while (PageTableEntry.isPresent(leaf) && PageTableEntry.pfn(leaf) == pfn) {
            // RMW: no accessed bit that a walk without a lock sets meanwhile is lost. Nobody else replaces the leaf.
            if (PageTableStruct.compareAndSetEntry(slot, leaf, leaf | PageTableEntry.WRITABLE)) {
                return true;
            }
            leaf = PageTableStruct.entryAcquire(slot);
        }
        return false;
    }

    /** Sets aside what a split of a new leaf will need (pgtable_trans_huge_deposit); false if there is no memory. */
    private boolean depositFor(long slot, int level, long folio) {
        if (!LeafSplit.isAnonymous(folio)) {
            return true;
        }
        int nrTables = TableTree.nrTablesBelow(level);
        long first = pages.allocateChain(nrTables);
        if (first == TablePages.NONE) {
            return false;
        }
        tree.deposit(slot, first, nrTables);
        return true;
    }

    private void withdrawFor(long slot, int level, long folio) {
        if (LeafSplit.isAnonymous(folio)) {
            pages.freeChain(tree.withdraw(slot, TableTree.nrTablesBelow(level)));
        }
    }
}
