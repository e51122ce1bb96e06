/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.PageTableStruct;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The tables of one process: a radix tree of four levels over virtual addresses of 48 bits.
 *
 * <p>Level 0 is the lowest (PTE), then PMD, PUD and, at level 3, the root (PGD). A <em>slot</em> is the address of an
 * entry. A <em>place</em> is the lowest slot that exists for an address, with its level in the lowest bits.
 *
 * <p>Two kinds of locks: the tree lock guards the upper levels, a table lock the entries of one lowest-level table. A
 * table lock is taken with the tree lock held, which may then be given up; so whoever holds the tree lock knows that
 * nobody waits for a table lock, and can free a table that it finds unlocked and empty. Walks without a lock need a
 * read section.
 */
final class TableTree {
    static final int PTE_LEVEL = 0;
    static final int PMD_LEVEL = 1;
    static final int PUD_LEVEL = 2;
    static final int ROOT_LEVEL = 3;

    static final long NO_SLOT = 0;

    static final int LEVEL_BITS = 9;
    static final long ADDRESS_END = 1L << 48;

    private static final long INDEX_MASK = PageTableStruct.NR_ENTRIES - 1;
    private static final long LEVEL_MASK = 7;

    private final PageArena arena;
    private final TablePages pages;
    private final LockOrder lockOrder;
    private final long root;

    /**
     * Not in the root's page struct, as that of lowest-level tables is: it outlives the root for those who come too
     * late.
     */
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock. */
    private boolean freed;

    private final AtomicLong nrTables = new AtomicLong(1);

    /** Takes over an empty table as root. */
    TableTree(PageArena arena, TablePages pages, LockOrder lockOrder, long root) {
        this.arena = arena;
        this.pages = pages;
        this.lockOrder = lockOrder;
        this.root = root;
    }

    // ---- addresses

    /** Log2 pages that one entry of a level maps. */
    static int orderOf(int level) {
        return level * LEVEL_BITS;
    }

    /** Bytes that one entry of a level maps. */
    static long bytesAt(int level) {
        return Geometry.bytesIn(orderOf(level));
    }

    /** First address that the next entry of a level maps. */
    static long nextAt(int level, long address) {
        return (address & -bytesAt(level)) + bytesAt(level);
    }

    /** Page, relative to a leaf of a level, that an address lies in. */
    static long pageInLeaf(int level, long address) {
        return address >>> Geometry.PAGE_SHIFT & (Geometry.pagesIn(orderOf(level)) - 1);
    }

    static long slotOf(long place) {
        return place & ~LEVEL_MASK;
    }

    static int levelOf(long place) {
        return (int) (place & LEVEL_MASK);
    }

    private long frameAt(long pfn) {
        return arena.framesBase() + (pfn << Geometry.PAGE_SHIFT);
    }

    private static long slotIn(long frame, int level, long address) {
        long index = address >>> (Geometry.PAGE_SHIFT + orderOf(level)) & INDEX_MASK;
        return frame + index * Long.BYTES;
    }

    /** Handle of the table that a slot is in. */
    long tableOf(long slot) {
        return arena.pageAt((slot - arena.framesBase()) >>> Geometry.PAGE_SHIFT);
    }

    long tableAt(long tableEntry) {
        return arena.pageAt(PageTableEntry.pfn(tableEntry));
    }

    // ---- locks

    /**
     * Takes the tree lock.
     *
     * @throws IllegalStateException if the root has been freed; then the lock is not held
     */
    void lock() {
        lockOrder.beforeLock(LockRank.PROCESS_TABLES);
        lock.lock();
        if (freed) {
            lock.unlock();
            throw new IllegalStateException("the page tables are closed");
        }
        lockOrder.afterLock(LockRank.PROCESS_TABLES);
    }

    void unlock() {
        lockOrder.beforeUnlock(LockRank.PROCESS_TABLES);
        lock.unlock();
    }

    /** Locks the lowest-level table of a slot; the caller holds the tree lock. */
    void lockTable(long slot) {
        lockOrder.beforeLock(LockRank.PAGE_TABLE);
        SpinLock.lock(PageTableStruct.lock(tableOf(slot)));
        lockOrder.afterLock(LockRank.PAGE_TABLE);
    }

    /** Locks the lowest-level table that covers an address; returns the address's slot, or NO_SLOT if there is none. */
    long lockEntry(long address) {
        lock();
        try {
            long place = descend(address);
            if (levelOf(place) != PTE_LEVEL) {
                return NO_SLOT;
            }
            lockTable(place);
            return place;
        } finally {
            unlock();
        }
    }

    void unlockTable(long slot) {
        lockOrder.beforeUnlock(LockRank.PAGE_TABLE);
        SpinLock.unlock(PageTableStruct.lock(tableOf(slot)));
    }

    // ---- walking

    /** The place for an address: its entry is a leaf, or none, or (in the lowest level) anything but a table. */
    long descend(long address) {
        return descendTo(address, PTE_LEVEL);
    }

    /** The place for an address that is not below a level; its entry may be a table if it is at that level. */
    long descendTo(long address, int lowestLevel) {
        int level = ROOT_LEVEL;
        long slot = slotIn(arena.frameOf(root), level, address);
        while (level > lowestLevel) {
            // Acquire: the table is seen as it was when it was linked. Partner: the release stores in put and link.
            long entry = PageTableStruct.entryAcquire(slot);
            if (!PageTableEntry.isTable(entry)) {
                break;
            }
            slot = slotIn(frameAt(PageTableEntry.pfn(entry)), --level, address);
        }
        return slot | level;
    }

    /**
     * Makes the tables that an address needs down to a level; the caller holds the tree lock. The place returned is at
     * that level, or above it if a leaf is in the way (its entry is present) or memory is out (its entry is none).
     */
    long grow(long address, int level) {
        long place = descendTo(address, level);
        while (levelOf(place) > level && PageTableStruct.entryAcquire(slotOf(place)) == PageTableEntry.NONE) {
            long table = pages.allocate();
            if (table == TablePages.NONE) {
                return place;
            }
            nrTables.incrementAndGet();
            put(slotOf(place), PageTableEntry.table(arena.pfnOf(table)));
            place = descendTo(address, level);
        }
        return place;
    }

    /** Stores an entry where there was none. The caller holds the lock of the slot. */
    void put(long slot, long entry) {
        PageTableStruct.addNrEntries(tableOf(slot), 1);
        // Publishes what the entry leads to: a zeroed or filled table, or a folio with its references counted.
        PageTableStruct.entryRelease(slot, entry);
    }

    /** Makes an entry none; returns what it was. The caller holds the lock of the slot. */
    long clear(long slot) {
        // RMW (I16): no accessed or dirty bit that is set meanwhile is lost. Partner: PageWalker, which looks at
        // the leaf again after it has taken a reference; whichever comes second sees the other.
        long before = PageTableStruct.getAndClearEntryBits(slot, -1);
        if (before != PageTableEntry.NONE) {
            PageTableStruct.addNrEntries(tableOf(slot), -1);
        }
        return before;
    }

    // ---- tables set aside

    /** Sets tables aside for splitting a leaf of an upper-level table. The caller holds the tree lock. */
    void deposit(long slot, long firstTable, int nrTables) {
        long last = firstTable;
        for (int i = 1; i < nrTables; i++) {
            last = PageTableStruct.next(last);
        }
        long table = tableOf(slot);
        PageTableStruct.next(last, PageTableStruct.deposit(table));
        PageTableStruct.deposit(table, firstTable);
        this.nrTables.addAndGet(nrTables);
    }

    /** Takes back tables that were set aside; the chain ends after the last of them. The caller holds the tree lock. */
    long withdraw(long slot, int nrTables) {
        long table = tableOf(slot);
        long first = PageTableStruct.deposit(table);
        long last = first;
        for (int i = 1; i < nrTables; i++) {
            last = PageTableStruct.next(last);
        }
        PageTableStruct.deposit(table, PageTableStruct.next(last));
        PageTableStruct.next(last, TablePages.NONE);
        this.nrTables.addAndGet(-nrTables);
        return first;
    }

    /** Tables needed to split a leaf of a level all the way down. */
    static int nrTablesBelow(int level) {
        return level == PMD_LEVEL ? 1 : 1 + PageTableStruct.NR_ENTRIES;
    }

    /** Links a filled table in place of an entry that is not present; the caller holds the tree lock. */
    void link(long slot, long table) {
        nrTables.incrementAndGet();
        // Release: a walk that finds the table finds all its entries.
        PageTableStruct.entryRelease(slot, PageTableEntry.table(arena.pfnOf(table)));
    }

    /**
     * Puts a large leaf in place of a table that has no leaf and that nobody has locked; the caller holds the tree
     * lock.
     */
    void replaceTable(long slot, long leaf) {
        long table = tableAt(PageTableStruct.entryAcquire(slot));
        // Publishes the folio, with its references counted. Walks that are in the table find no leaf there,
        // then or later.
        PageTableStruct.entryRelease(slot, leaf);
        pages.retire(table);
        nrTables.decrementAndGet();
    }

    // ---- freeing

    /** Frees the tables of a range that have no entries any more. The caller holds the tree lock. */
    void freeEmpty(long start, long end) {
        for (long address = start; address < end; ) {
            long place = descendTo(address, PMD_LEVEL);
            long slot = slotOf(place);
            if (PageTableEntry.isTable(PageTableStruct.entryAcquire(slot)) && isEmpty(slot)) {
                unlink(slot);
            }
            freeEmptyAbove(address);
            address = nextAt(levelOf(place), address);
        }
    }

    /** Frees the upper-level tables on the way to an address that have no entries, from below. */
    private void freeEmptyAbove(long address) {
        for (int level = PUD_LEVEL; level <= ROOT_LEVEL; level++) {
            long place = descendTo(address, level);
            long slot = slotOf(place);
            long entry = PageTableStruct.entryAcquire(slot);
            if (levelOf(place) == level && PageTableEntry.isTable(entry)) {
                if (PageTableStruct.nrEntries(tableAt(entry)) > 0) {
                    return;
                }
                unlink(slot);
            }
        }
    }

    /** Whether the lowest-level table that an entry leads to is empty; waits for whoever fills or empties it. */
    private boolean isEmpty(long slot) {
        long table = tableAt(PageTableStruct.entryAcquire(slot));
        long firstSlot = arena.frameOf(table);
        lockTable(firstSlot);
        boolean empty = PageTableStruct.nrEntries(table) == 0;
        unlockTable(firstSlot);
        return empty;
    }

    private void unlink(long slot) {
        pages.retire(tableAt(clear(slot)));
        nrTables.decrementAndGet();
    }

    /** Frees the root, after everything is unmapped; from then on the lock is refused. */
    void freeRoot() {
        lock();
        try {
            freed = true;
            pages.retire(root);
            nrTables.decrementAndGet();
        } finally {
            unlock();
        }
    }

    /** Tables in use, those set aside included. */
    long nrTables() {
        return nrTables.get();
    }
}
