/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageTableStruct;

/**
 * Moves what a range of one process maps to another place, entry by entry (move_page_tables, move_ptes, move_huge_pmd).
 *
 * <p>Each entry, leaf or migration entry, arrives as it left: writable, exclusive, accessed and dirty as it was. With
 * it goes the reference that it holds, and for a large leaf the tables set aside for it, so no count changes, and no
 * folio looks as if a part of it were given up. A large leaf stays one if its new address is a multiple of its size and
 * all of it moves; else it is split before.
 *
 * <p>Walks without a lock go on. Each entry is taken from the old place by one RMW, so the bits that
 * {@link PageWalker#touch} has set are in what arrives, and from then on it fails at the old address; at the new one it
 * fails until the entry is there. In between the page is at neither, which sends a walk to the fault handler.
 *
 * <p>All tables are made before the first entry moves, so the move happens as a whole or not at all.
 *
 * <p>Walks over all who map a folio go on, too: a page that moves between two steps of one, which the tree lock makes
 * the only chance, must not be missed. None is, as a walk comes to the old place first (I23): the region at the new one
 * begins at the index of the first page that moves, which is not below where the region at the old one begins, and of
 * two that begin alike it was made later. So what such a walk has not met before the move it meets at the new place.
 * What it has met there again is as it left it, and stays so: a migration entry, or a leaf. For one move.
 */
final class MoveLeaves {
    private final PageTableContext context;
    private final TableTree tree;
    private final LeafMapping leafMapping;
    private final LeafSplit leafSplit;

    /** Entries of one table on their way. */
    private final long[] moving = new long[PageTableStruct.NR_ENTRIES];

    MoveLeaves(PageTableContext context, TableTree tree, LeafMapping leafMapping, LeafSplit leafSplit) {
        this.context = context;
        this.tree = tree;
        this.leafMapping = leafMapping;
        this.leafSplit = leafSplit;
    }

    /**
     * Moves what is in [start, end), whole pages, to where nothing is. The tree is locked all the while: nobody else
     * makes or frees tables, or maps.
     *
     * @return 0; ENOMEM if there is no memory for tables, EEXIST if something is mapped at the new place: then nothing
     *     has moved, but large leaves that do not fit there may have been split
     */
    int move(long start, long end, long newStart) {
        long newEnd = newStart + (end - start);
        tree.lock();
        try {
            int result = makePlace(start, end, newStart - start);
            if (result == Errno.OK && !leafMapping.isVacant(newStart, newEnd)) {
                result = Errno.EEXIST;
            }
            if (result == Errno.OK) {
                moveAll(start, end, newStart - start);
            }
            // Those made for what did not move, or for tables that turned out to have nothing in the range.
            tree.freeEmpty(newStart, newEnd);
            return result;
        } finally {
            tree.unlock();
        }
    }

    private int makePlace(long start, long end, long distanceBytes) {
        // Empty ones, which entries left from the side of their folios, would be in the way of large leaves.
        tree.freeEmpty(start + distanceBytes, end + distanceBytes);
        long address = start;
        while (address < end) {
            long place = tree.descend(address);
            long slot = TableTree.slotOf(place);
            int level = TableTree.levelOf(place);
            long next = endOfEntries(level, address, end);
            int result = Errno.OK;
            if (level == TableTree.PTE_LEVEL) {
                result = leafMapping.growTables(address + distanceBytes, next + distanceBytes);
            } else if (PageTableStruct.entryAcquire(slot) != PageTableEntry.NONE) {
                if (!fits(level, address, end, distanceBytes)) {
                    leafSplit.split(slot, level);
                    continue;
                }
                result = growTo(address + distanceBytes, level);
            }
            if (result != Errno.OK) {
                return result;
            }
            address = next;
        }
        return Errno.OK;
    }

    /**
     * Address after the last entry of a table, or after the leaf or the hole of an upper level, that an address lies
     * in.
     */
    private static long endOfEntries(int level, long address, long end) {
        return Math.min(TableTree.nextAt(Math.max(level, TableTree.PMD_LEVEL), address), end);
    }

    /** Whether a large leaf moves as a whole, to a place where there can be one. */
    private static boolean fits(int level, long address, long end, long distanceBytes) {
        long bytes = TableTree.bytesAt(level);
        return address % bytes == 0 && end - address >= bytes && distanceBytes % bytes == 0;
    }

    private int growTo(long address, int level) {
        long place = tree.grow(address, level);
        if (PageTableStruct.entryAcquire(TableTree.slotOf(place)) != PageTableEntry.NONE) {
            return Errno.EEXIST;
        }
        return TableTree.levelOf(place) == level ? Errno.OK : Errno.ENOMEM;
    }

    private void moveAll(long start, long end, long distanceBytes) {
        long address = start;
        while (address < end) {
            long place = tree.descend(address);
            int level = TableTree.levelOf(place);
            long next = endOfEntries(level, address, end);
            if (level == TableTree.PTE_LEVEL) {
                next = Math.min(next, TableTree.nextAt(TableTree.PMD_LEVEL, address + distanceBytes) - distanceBytes);
                moveEntries(place, address + distanceBytes, (int) ((next - address) >>> Geometry.PAGE_SHIFT));
            } else if (PageTableStruct.entryAcquire(TableTree.slotOf(place)) != PageTableEntry.NONE) {
                moveLarge(TableTree.slotOf(place), level, address + distanceBytes);
            }
            address = next;
        }
    }

    /** Moves consecutive entries of one table to one other; one lock after the other, as both are of one rank. */
    private void moveEntries(long firstSlot, long newAddress, int nrEntries) {
        tree.lockTable(firstSlot);
        for (int i = 0; i < nrEntries; i++) {
            moving[i] = tree.clear(firstSlot + (long) i * Long.BYTES);
        }
        tree.unlockTable(firstSlot);
        long firstNewSlot = tree.descend(newAddress);
        tree.lockTable(firstNewSlot);
        for (int i = 0; i < nrEntries; i++) {
            if (moving[i] != PageTableEntry.NONE) {
                tree.put(firstNewSlot + (long) i * Long.BYTES, moving[i]);
            }
        }
        tree.unlockTable(firstNewSlot);
    }

    private void moveLarge(long slot, int level, long newAddress) {
        long newSlot = TableTree.slotOf(tree.descendTo(newAddress, level));
        if (LeafSplit.isAnonymous(context.folioOf(PageTableStruct.entryAcquire(slot)))) {
            int nrTables = TableTree.nrTablesBelow(level);
            tree.deposit(newSlot, tree.withdraw(slot, nrTables), nrTables);
        }
        tree.put(newSlot, tree.clear(slot));
    }
}
