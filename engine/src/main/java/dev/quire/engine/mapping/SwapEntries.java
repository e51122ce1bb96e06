/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SwapTable;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;

/**
 * Pages of shared memory that are in swap: their index entries are values, the numbers of their swap slots (the swap
 * side of mm/shmem.c). The entry of a folio of order k is one value of order k, that of its first slot; the page at
 * offset i in it is in the slot i further on.
 *
 * <p>What is in the slots is the caller's business: who swaps a folio out copies its bytes to where it keeps slots, and
 * who swaps one in brings them. {@link SharedMemory} does both.
 *
 * <p>Thread-safe; blocking on the index lock and the swap table's. All changes of entries are checked under the index
 * lock against what the caller believes to be there.
 */
public final class SwapEntries {
    private final PageArena arena;
    private final SwapTable swapTable;
    private final Lifetime lifetime;
    private final LruLists lru;
    private final AddressSpace space;
    private final IndexedFolios indexed;
    private final SwapEntrySplitter splitter;

    SwapEntries(MappingContext context, AddressSpace space, IndexedFolios indexed) {
        arena = context.arena();
        swapTable = context.swapTable();
        lifetime = context.lifetime();
        lru = context.accounting().lru();
        this.space = space;
        this.indexed = indexed;
        splitter = new SwapEntrySplitter(space);
    }

    /**
     * Moves a folio from the index to the swap cache (the end of shmem_writeout): its entry becomes the value of its
     * first slot, of the same order. The folio belongs to no address space then, and can no longer be split. It stays
     * in the swap cache until {@link #swapIn}, or until {@link SwapTable#remove} once its bytes are elsewhere.
     *
     * @param folio head of a locked folio of this address space to which the caller holds a reference
     * @return its first slot; {@link SwapTable#NO_SLOT} if there are none; EBUSY, also a negative number, if page
     *     tables map the folio
     * @throws IllegalArgumentException if the handle is not of this engine
     * @throws IllegalStateException if the folio is not locked or not of this address space
     */
    public long swapOut(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            space.requireOpen();
            if (!PageFlag.LOCKED.isSet(PageStruct.flagsAcquire(folio))
                    || PageStruct.mapping(folio) != space.address()) {
                throw new IllegalStateException(
                        "folio is not locked or not of this address space: folio=0x" + Long.toHexString(folio));
            }
            if (FolioMapcounts.total(folio) > 0) {
                return Errno.EBUSY;
            }
            int order = FolioStruct.order(folio);
            long slot = swapTable.allocate(order);
            if (slot != SwapTable.NO_SLOT) {
                requireOk(swapTable.add(folio, slot));
                space.index().lock();
                try {
                    replaceBySlot(folio, order, slot);
                } finally {
                    space.index().unlock();
                }
                References.put(folio, (int) Geometry.pagesIn(order));
            }
            return slot;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Puts slots, which hold the bytes of a locked folio, in its place in the index if nobody but the index and the
     * caller, once, has a reference (__remove_mapping); the caller's stays. False if somebody has: then nothing has
     * changed.
     */
    boolean tryReplace(long folio, long slot) {
        int order = FolioStruct.order(folio);
        space.index().lock();
        try {
            if (!References.freeze(folio, (int) Geometry.pagesIn(order) + 1)) {
                return false;
            }
            replaceBySlot(folio, order, slot);
            // A lookup that found the folio before it left the index may pin it from here on; its second look fails.
            References.unfreeze(folio, 1);
            return true;
        } finally {
            space.index().unlock();
        }
    }

    /** One multi-index store, so that the entry's siblings stay siblings; under the index lock. */
    private void replaceBySlot(long folio, int order, long slot) {
        XaCursor cursor = space.lockedCursor();
        cursor.setOrder(PageStruct.index(folio), order);
        cursor.store(XaEntry.value(slot));
        long nrPages = Geometry.pagesIn(order);
        space.addNrPages(-nrPages);
        AddressSpaceStruct.addNrSwapped(space.address(), nrPages);
        indexed.countThpPages(order, -nrPages);
        PageStruct.mapping(folio, 0);
    }

    /**
     * Puts a new folio into the swap cache for the slots of the entry that covers an index, for who is going to read
     * them (swap_cache_add_folio). Entry and slots are looked at in one step, so the slots are the space's, and until
     * the folio leaves the swap cache they are nobody else's, even if they are given back.
     *
     * @param folio head of a locked folio without mapping, to which the caller holds a reference
     * @return its first slot; ENOENT if no entry of the folio's order is there; EEXIST if another folio is in the swap
     *     cache
     */
    long cache(long folio, long index) {
        int order = FolioStruct.order(folio);
        lru.setSwapBacked(folio, true);
        space.index().lock();
        try {
            XaCursor cursor = space.lockedCursor();
            cursor.set(index);
            long entry = cursor.load();
            if (!XaEntry.isValue(entry) || cursor.getOrder() != order) {
                return Errno.ENOENT;
            }
            int result = swapTable.add(folio, XaEntry.valueOf(entry));
            return result == Errno.OK ? XaEntry.valueOf(entry) : result;
        } finally {
            space.index().unlock();
        }
    }

    /**
     * Puts a folio in the place of the swap entries that it has the bytes of, and gives their slots back
     * (shmem_add_to_page_cache). Every entry in the range is checked: they must cover it wholly, with consecutive
     * slots, and reach no further; a wider one must be split before.
     *
     * @param folio head of a locked folio without mapping, to which the caller holds a reference: the one in the swap
     *     cache, or a new one
     * @param startIndex offset of its first page, a multiple of its size
     * @param slot slot of its first page
     * @return 0; EEXIST if the entries are not as expected any more, or another folio caches a slot; ENOENT if a slot
     *     is free by now; ENOMEM. Then nothing has changed
     * @throws IllegalArgumentException if the handle, the alignment or the range does not fit
     * @throws IllegalStateException if the folio is not locked, belongs to an address space, or caches other slots
     */
    public int swapIn(long folio, long startIndex, long slot) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            space.requireOpen();
            requireInsertable(folio, startIndex, slot);
            boolean cached = PageFlag.isSwapCached(PageStruct.flagsAcquire(folio));
            int result = cached ? insert(folio, startIndex, slot) : cacheAndInsert(folio, startIndex, slot);
            if (result == Errno.OK) {
                swapTable.remove(folio);
                swapTable.free(slot, Geometry.pagesIn(FolioStruct.order(folio)));
            }
            return result;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Enters the swap cache first, as the only cacher of the slots: of two that bring the same page, one gets EEXIST
     * here.
     */
    private int cacheAndInsert(long folio, long startIndex, long slot) {
        boolean wasSwapBacked = lru.setSwapBacked(folio, true);
        int result = Errno.EEXIST;
        try {
            result = swapTable.add(folio, slot);
            if (result == Errno.OK) {
                result = insert(folio, startIndex, slot);
                if (result != Errno.OK) {
                    swapTable.remove(folio);
                }
            }
        } finally {
            if (result != Errno.OK && !wasSwapBacked) {
                lru.setSwapBacked(folio, false);
            }
        }
        return result;
    }

    private void requireInsertable(long folio, long startIndex, long slot) {
        int order = FolioStruct.order(folio);
        long flags = PageStruct.flagsAcquire(folio);
        FileRange.require("startIndex", startIndex, "nrPages", Geometry.pagesIn(order), FileRange.MAX_PAGES);
        if (!Geometry.isAligned(startIndex, order)) {
            throw new IllegalArgumentException("startIndex not aligned: startIndex=" + startIndex + ", order=" + order);
        }
        if (!PageFlag.LOCKED.isSet(flags)
                || PageStruct.mapping(folio) != 0
                || (PageFlag.isSwapCached(flags) && PageStruct.privateWord(folio) != slot)) {
            throw new IllegalStateException("folio not locked, not free of an owner, or in other slots: folio=0x"
                    + Long.toHexString(folio) + ", flags=0x" + Long.toHexString(flags) + ", mapping=0x"
                    + Long.toHexString(PageStruct.mapping(folio)) + ", slot=" + PageStruct.privateWord(folio));
        }
    }

    private int insert(long folio, long startIndex, long slot) {
        int order = FolioStruct.order(folio);
        int nrPages = (int) Geometry.pagesIn(order);
        space.index().lock();
        try {
            XaCursor cursor = space.lockedCursor();
            if (space.isClosed() || !isRange(cursor, startIndex, nrPages, slot)) {
                return Errno.EEXIST;
            }
            PageStruct.mapping(folio, space.address());
            PageStruct.index(folio, startIndex);
            References.add(folio, nrPages);
            cursor.setOrder(startIndex, order);
            cursor.store(folio);
            if (cursor.error() != Errno.OK) {
                References.put(folio, nrPages);
                PageStruct.mapping(folio, 0);
                return cursor.error();
            }
            space.addNrPages(nrPages);
            AddressSpaceStruct.addNrSwapped(space.address(), -nrPages);
            indexed.countThpPages(order, nrPages);
            return Errno.OK;
        } finally {
            space.index().unlock();
        }
    }

    /** Whether the entries of a range are values of consecutive slots that cover the range and nothing else. */
    private static boolean isRange(XaCursor cursor, long startIndex, long nrPages, long slot) {
        long end = startIndex + nrPages;
        long next = startIndex;
        while (next < end) {
            cursor.set(next);
            long entry = cursor.load();
            if (!XaEntry.isValue(entry) || XaEntry.valueOf(entry) != slot + (next - startIndex)) {
                return false;
            }
            int order = cursor.getOrder();
            if (!Geometry.isAligned(next, order) || Geometry.pagesIn(order) > end - next) {
                return false;
            }
            next += Geometry.pagesIn(order);
        }
        return true;
    }

    /**
     * Splits a large swap entry around an index, so that a smaller folio can be swapped in there
     * (shmem_split_large_entry). Entry and order are looked at under the lock; the piece at offset i gets the slot i
     * further on. It is split as a whole or not at all.
     *
     * @param index an index in the entry
     * @param slot slot that the caller believes the page at this index to be in
     * @param newOrder log2 pages of the entry that is to cover the index
     * @return 0, also if the entry is no larger than that; EEXIST if another entry, or none, is there; ENOMEM
     * @throws IllegalArgumentException if an argument is out of range
     */
    public int splitEntry(long index, long slot, int newOrder) {
        FileRange.require("index", index, "nrPages", 1, FileRange.MAX_PAGES);
        Geometry.requireOrder(newOrder);
        lifetime.enter();
        try {
            return splitter.splitAt(index, slot, newOrder);
        } finally {
            lifetime.exit();
        }
    }

    /** What splits entries of this space. */
    SwapEntrySplitter splitter() {
        return splitter;
    }

    /**
     * Slot of a page.
     *
     * @param index offset in pages
     * @return its slot, or {@link SwapTable#NO_SLOT} if it is not in swap
     * @throws IllegalArgumentException if the index is out of range
     */
    public long slotAt(long index) {
        FileRange.require("index", index, "nrPages", 1, FileRange.MAX_PAGES);
        lifetime.enter();
        try {
            return indexedSlotAt(index);
        } finally {
            lifetime.exit();
        }
    }

    private long indexedSlotAt(long index) {
        space.index().lock();
        try {
            XaCursor cursor = space.lockedCursor();
            cursor.set(index);
            long entry = cursor.load();
            return XaEntry.isValue(entry)
                    ? XaEntry.valueOf(entry) + index - Geometry.alignDown(index, cursor.getOrder())
                    : SwapTable.NO_SLOT;
        } finally {
            space.index().unlock();
        }
    }

    /**
     * Order of the swap entry that covers an index.
     *
     * @param index offset in pages
     * @return log2 pages, or -1 if the page is not in swap
     * @throws IllegalArgumentException if the index is out of range
     */
    public int orderAt(long index) {
        FileRange.require("index", index, "nrPages", 1, FileRange.MAX_PAGES);
        lifetime.enter();
        try {
            return indexedOrderAt(index);
        } finally {
            lifetime.exit();
        }
    }

    private int indexedOrderAt(long index) {
        space.index().lock();
        try {
            XaCursor cursor = space.lockedCursor();
            cursor.set(index);
            return XaEntry.isValue(cursor.load()) ? cursor.getOrder() : -1;
        } finally {
            space.index().unlock();
        }
    }

    /**
     * Pages in swap. Wait-free.
     *
     * @return number of pages
     */
    public long nrSwappedPages() {
        lifetime.enter();
        try {
            return space.ifOpen(AddressSpaceStruct.nrSwappedOpaque(space.address()));
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Drops the entries in a range of bytes from an index on, up to the first folio, and gives their slots back
     * (shmem_free_swap). So who removes a range, and goes on where the folio was, finds every page, in memory or in
     * swap, whichever way it moves meanwhile. A page in swap of which only a part is in the range stays, and so does an
     * entry across an end of the range for which there is no memory to split it.
     *
     * @return the folio, pinned; 0 if there is none in the range
     */
    long removeUpToFolio(long index, long startBytes, long endBytes) {
        long last = (endBytes - 1) >>> Geometry.PAGE_SHIFT;
        long firstWhole = FileRange.pagesOf(startBytes);
        long lastWhole = (endBytes >>> Geometry.PAGE_SHIFT) - 1;
        space.index().lock();
        XaCursor cursor = space.lockedCursor();
        try {
            long next = index;
            while (next <= last) {
                cursor.set(next);
                long entry = cursor.find(last);
                if (!XaEntry.isValue(entry)) {
                    return IndexedFolios.pinIndexed(entry);
                }
                next = removeAt(cursor, entry, firstWhole, lastWhole);
            }
            return 0;
        } finally {
            cursor.destroy();
            space.index().unlock();
        }
    }

    /**
     * Removes or splits the entry that the cursor is at, if it is in a range; returns the index from where to go on.
     */
    private long removeAt(XaCursor cursor, long entry, long firstIndex, long lastIndex) {
        int order = cursor.getOrder();
        long base = Geometry.alignDown(cursor.index(), order);
        long end = base + Geometry.pagesIn(order);
        long from = Math.max(firstIndex, base);
        long to = Math.min(lastIndex + 1, end);
        if (from >= to) {
            return end;
        }
        if (from > base || to < end) {
            // The pieces inside the range are met, and removed, next.
            int result = splitter.split(cursor, entry, from - base, to - base, 0, SplitPolicies.RANGE);
            return result == Errno.OK ? from : end;
        }
        cursor.setOrder(base, order);
        cursor.store(0);
        AddressSpaceStruct.addNrSwapped(space.address(), -Geometry.pagesIn(order));
        space.uncharge(Geometry.pagesIn(order));
        swapTable.free(XaEntry.valueOf(entry), Geometry.pagesIn(order));
        return end;
    }

    private static void requireOk(int result) {
        if (result != Errno.OK) {
            throw new IllegalStateException("slots just allocated are cached: result=" + Errno.name(result));
        }
    }
}
