/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.HeadMap;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageTableStruct;

/**
 * One thread's way through page tables without locks: as a processor reads memory through them, and as the kernel pins
 * user pages fast (get_user_pages_fast).
 *
 * <p>To pin: find the leaf, find the head of the folio it maps, take a reference, look at leaf and head again. Only if
 * neither has changed does the reference count; else it is given back. Lock-free but for {@link #pinOrFault}, and for
 * {@link #entry} and {@link #forEachLeaf} where a large leaf is being split. Writes no shared cache line but the
 * folio's reference count, and allocates nothing.
 */
public final class PageWalker {
    /** Nothing is mapped, not as wanted, or not to be pinned just now; no page has this handle. */
    public static final long NOT_PINNED = 0;

    /** A migration entry is there: the page comes back. */
    private static final long MIGRATING = 1;

    /** The page is there but changes just now. */
    private static final long CHANGING = 2;

    private static final long USE = PageTableEntry.ACCESSED | PageTableEntry.DIRTY;

    private final PageArena arena;
    private final HeadMap headMap;
    private final PageTableContext context;
    private final PageTables tables;
    private final TableTree tree;
    private final RcuReader reader;

    PageWalker(PageTableContext context, PageTables tables, TableTree tree, RcuReader reader) {
        this.context = context;
        this.tables = tables;
        this.tree = tree;
        this.reader = reader;
        arena = context.arena;
        headMap = context.headMap;
    }

    /**
     * Pins the page that is mapped at an address.
     *
     * @param address a virtual address
     * @param forWriting whether it must be writable
     * @return handle of the page, whose folio now has one more reference and cannot be split until {@link #unpin}; or
     *     {@link #NOT_PINNED} if nothing is mapped there, it is not writable, it migrates, its folio is frozen, or the
     *     leaf changed meanwhile: then the caller lets a fault handler map it, or tries again
     * @throws IllegalArgumentException if the address is out of range
     * @throws IllegalStateException if the engine is closed, or the folio has too many references
     */
    public long pin(long address, boolean forWriting) {
        AddressRange.requireAddress(address);
        long page = tryPin(address, forWriting);
        return isPage(page) ? page : NOT_PINNED;
    }

    /**
     * Pins the page that belongs at an address, if need be after it was faulted in: waits while it migrates, and calls
     * the handler if it is not there or not writable. Blocks; the caller holds no lock and is in no read section.
     *
     * @param address a virtual address
     * @param forWriting whether it must be writable
     * @param handler maps what is missing
     * @return handle of the page, as from {@link #pin}; {@link #NOT_PINNED} if the handler says that there is nothing
     * @throws IllegalArgumentException if the address is out of range
     * @throws IllegalStateException if the engine or the tables are closed, or the folio has too many references
     */
    public long pinOrFault(long address, boolean forWriting, FaultHandler handler) {
        AddressRange.requireAddress(address);
        for (int attempt = 0; ; attempt++) {
            long page = tryPin(address, forWriting);
            if (isPage(page)) {
                return page;
            }
            if (page == CHANGING) {
                References.pauseWhileFrozen(attempt);
            } else if (page == MIGRATING) {
                tables.awaitMigration(address);
            } else if (!handler.fault(tables, address, forWriting)) {
                return NOT_PINNED;
            }
        }
    }

    /**
     * Gives back a page that was pinned.
     *
     * @param page handle from {@link #pin} or {@link #pinOrFault}
     */
    public void unpin(long page) {
        context.folios.unpin(context.folios.headOf(page));
    }

    /**
     * Uses memory as a processor does: sets the accessed bit of the leaf, and for a write the dirty bit.
     *
     * @param address a virtual address
     * @param writing whether it is written to
     * @return false for a fault: nothing is mapped, it is not writable, it migrates, or its entry is being split
     * @throws IllegalArgumentException if the address is out of range
     * @throws IllegalStateException if the engine is closed
     */
    public boolean touch(long address, boolean writing) {
        AddressRange.requireAddress(address);
        long use = writing ? USE : PageTableEntry.ACCESSED;
        reader.enter();
        try {
            while (!tables.isClosed()) {
                long place = tree.descend(address);
                long slot = TableTree.slotOf(place);
                long entry = PageTableStruct.entryAcquire(slot);
                if (hasBeenSplit(place, entry)) {
                    continue;
                }
                if (!isUsable(entry, writing)) {
                    return false;
                }
                // RMW on the very entry that was looked at: never marks one that has become something else.
                if ((entry & use) == use || PageTableStruct.compareAndSetEntry(slot, entry, entry | use)) {
                    return true;
                }
            }
            return false;
        } finally {
            reader.exit();
        }
    }

    /**
     * The entry that decides about an address: a leaf, a migration entry, or none. Waits while a large leaf is being
     * split.
     *
     * @param address a virtual address
     * @return the entry, see {@link PageTableEntry}; may have changed since
     * @throws IllegalArgumentException if the address is out of range
     * @throws IllegalStateException if the engine is closed
     */
    public long entry(long address) {
        AddressRange.requireAddress(address);
        reader.enter();
        try {
            for (int attempt = 0; !tables.isClosed(); attempt++) {
                long place = tree.descend(address);
                long entry = PageTableStruct.entryAcquire(TableTree.slotOf(place));
                if (!isBeingSplit(place, entry)) {
                    return entry;
                }
                References.pauseWhileFrozen(attempt);
            }
            return PageTableEntry.NONE;
        } finally {
            reader.exit();
        }
    }

    /**
     * Visits all leaves and migration entries of a range, in order of their address, each as it is when the walk comes
     * to it. Waits while a large leaf is being split, and then visits the entries that it has become.
     *
     * @param start first virtual address
     * @param end virtual address after the last
     * @param visitor sees them; a large leaf also if it lies in the range only in part
     * @throws IllegalArgumentException if the range is empty or out of bounds
     * @throws IllegalStateException if the engine is closed
     */
    public void forEachLeaf(long start, long end, LeafVisitor visitor) {
        AddressRange.requireAddress(start);
        if (end <= start || end > PageTables.ADDRESS_END) {
            throw new IllegalArgumentException(
                    "end out of range: start=0x" + Long.toHexString(start) + ", end=0x" + Long.toHexString(end));
        }
        reader.enter();
        try {
            long address = start;
            int attempt = 0;
            while (address < end && !tables.isClosed()) {
                long next = visit(address, visitor);
                if (next == address) {
                    References.pauseWhileFrozen(attempt++);
                } else {
                    attempt = 0;
                }
                address = next;
            }
        } finally {
            reader.exit();
        }
    }

    /** Shows the visitor what is at an address; returns the address from where to go on, or the same to look again. */
    private long visit(long address, LeafVisitor visitor) {
        long place = tree.descend(address);
        int level = TableTree.levelOf(place);
        long entry = PageTableStruct.entryAcquire(TableTree.slotOf(place));
        if (isBeingSplit(place, entry)) {
            return address;
        }
        long next = TableTree.nextAt(level, address);
        if (PageTableEntry.isPresent(entry) || PageTableEntry.isMigration(entry)) {
            visitor.visit(next - TableTree.bytesAt(level), TableTree.orderOf(level), entry);
        }
        return next;
    }

    private static boolean isPage(long word) {
        return word > CHANGING;
    }

    /** Whether a table has taken the place of the leaf at which the descent ended: it must begin again. */
    private static boolean hasBeenSplit(long place, long entry) {
        return TableTree.levelOf(place) > TableTree.PTE_LEVEL && PageTableEntry.isTable(entry);
    }

    /**
     * Whether the descent ended at a leaf that gives way to a table, or has given way: what is mapped is there again.
     */
    private static boolean isBeingSplit(long place, long entry) {
        return PageTableEntry.isInvalidLeaf(entry) || hasBeenSplit(place, entry);
    }

    private static boolean isUsable(long entry, boolean writing) {
        return PageTableEntry.isPresent(entry) && (!writing || PageTableEntry.isWritable(entry));
    }

    /** One attempt: a page, or NOT_PINNED, MIGRATING or CHANGING. */
    private long tryPin(long address, boolean forWriting) {
        reader.enter();
        try {
            if (tables.isClosed()) {
                return NOT_PINNED;
            }
            long place = tree.descend(address);
            long entry = PageTableStruct.entryAcquire(TableTree.slotOf(place));
            if (PageTableEntry.isMigration(entry)) {
                return MIGRATING;
            }
            if (isBeingSplit(place, entry)) {
                return CHANGING;
            }
            return isUsable(entry, forWriting)
                    ? pinPage(place, entry, TableTree.pageInLeaf(TableTree.levelOf(place), address))
                    : NOT_PINNED;
        } finally {
            reader.exit();
        }
    }

    private long pinPage(long place, long leaf, long pageInLeaf) {
        long page = arena.pageAt(PageTableEntry.pfn(leaf) + pageInLeaf);
        long folio = headMap.headOf(page);
        if (!References.tryGet(folio)) {
            References.requireRoom(folio);
            return CHANGING;
        }
        // I16. The reference is a full RMW, as is changing the leaf (TableTree.clear, UnmapFolios.migrate): this look
        // finds the leaf changed, or who changed it finds the reference. The head is stable while that is held.
        long again = PageTableStruct.entryAcquire(TableTree.slotOf(place));
        if (((again ^ leaf) & ~USE) == 0 && headMap.headOf(page) == folio) {
            return page;
        }
        context.folios.unpin(folio);
        return CHANGING;
    }
}
