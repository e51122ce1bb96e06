/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.References;
import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.struct.SwapAreaStruct;
import java.util.function.LongUnaryOperator;

/**
 * The swap cache: one word per slot of the swap area, which says whether the slot is free, in use, or cached by a folio
 * (swap table, swap_cache_add_folio, swap_cache_get_folio). There are as many slots as pages. What is behind a slot on
 * a device is the caller's business: {@code mapping.SwapArea} keeps it in a file.
 *
 * <pre>
 *  0               free
 *  1               in use; its contents are on the device only
 *  handle of head  in use; its contents are in that folio
 *  the same plus 2 given back while a folio cached it: free once the folio leaves
 * </pre>
 *
 * A folio of order k covers 2^k consecutive slots, from the one in its private word on; the swap cache holds one
 * reference per slot. Looking up is lock-free. Changes are blocking: the folio's lock, and the lock of the table (rank
 * {@link LockRank#SWAP}) for as many stores as there are slots; free ones are found in a number of loads that hardly
 * grows with the size of the area.
 */
public final class SwapTable {
    /** No slot. */
    public static final long NO_SLOT = -1;

    private static final long FREE = 0;
    private static final long IN_USE = 1;
    private static final long GIVEN_BACK = 2;

    /** Log2 slots that the map of free ones takes back at once. */
    private static final int BLOCK_SHIFT = 6;

    private static final long SWAP_CACHE = PageFlag.SWAPCACHE.mask();

    private final PageArena arena;
    private final Folios folios;
    private final LockOrder lockOrder;
    private final Lifetime lifetime;
    private final long area;
    private final long table;
    private final long nrSlots;
    private final FreeSlots freeSlots;

    /**
     * Makes a table with all slots free.
     *
     * @param arena where it is
     * @param folios the folios
     * @param lockOrder checker that is told of every lock and unlock
     * @param lifetime guard against close
     */
    public SwapTable(PageArena arena, Folios folios, LockOrder lockOrder, Lifetime lifetime) {
        this.arena = arena;
        this.folios = folios;
        this.lockOrder = lockOrder;
        this.lifetime = lifetime;
        area = arena.swapAreaBase();
        table = arena.swapTableBase();
        nrSlots = arena.nrPages();
        if (FreeSlots.bytes(nrSlots) > arena.freeSwapSlotsBytes()) {
            throw new IllegalStateException("no room for the map of free slots: slots=" + nrSlots);
        }
        freeSlots = new FreeSlots(arena.freeSwapSlotsBase(), nrSlots);
    }

    /**
     * Takes consecutive free slots, the first a multiple of their number; searches on from where the last search ended.
     *
     * @param order log2 slots, 0 to {@link Geometry#MAX_ORDER}
     * @return the first slot, or {@link #NO_SLOT} if there are none
     * @throws IllegalArgumentException if the order is out of range
     */
    public long allocate(int order) {
        Geometry.requireOrder(order);
        lifetime.enter();
        try {
            lock();
            try {
                long slot = freeSlots.find(SwapAreaStruct.nextSlot(area), order);
                if (slot == FreeSlots.NONE) {
                    return NO_SLOT;
                }
                freeSlots.take(slot, order);
                fill(slot, Geometry.pagesIn(order), IN_USE);
                SwapAreaStruct.addNrInUse(area, Geometry.pagesIn(order));
                SwapAreaStruct.nextSlot(area, slot + Geometry.pagesIn(order));
                return slot;
            } finally {
                unlock();
            }
        } finally {
            lifetime.exit();
        }
    }

    private boolean isAll(long slot, long nrWanted, long word) {
        for (long next = slot; next < slot + nrWanted; next++) {
            if (NativeMemory.getLong(wordOf(next)) != word) {
                return false;
            }
        }
        return true;
    }

    /**
     * Gives slots back. One that a folio caches is free, and reads as not cached, but is handed out again only when the
     * folio has left the swap cache.
     *
     * @param slot first slot
     * @param nrFreed number of slots, at least 1
     * @throws IllegalArgumentException if there are no such slots
     * @throws IllegalStateException if one of them is free; then nothing has changed
     */
    public void free(long slot, long nrFreed) {
        requireSlots(slot, nrFreed);
        lifetime.enter();
        try {
            lock();
            try {
                for (long next = slot; next < slot + nrFreed; next++) {
                    long word = NativeMemory.getLong(wordOf(next));
                    if (word == FREE || (word & GIVEN_BACK) != 0) {
                        throw new IllegalStateException("slot is free: slot=" + next);
                    }
                }
                replaceAll(slot, nrFreed, word -> word == IN_USE ? FREE : word | GIVEN_BACK);
            } finally {
                unlock();
            }
        } finally {
            lifetime.exit();
        }
    }

    /** Replaces the words of slots, under the lock; those that get {@link #FREE} can be allocated. */
    private void replaceAll(long slot, long nrReplaced, LongUnaryOperator replacement) {
        long end = slot + nrReplaced;
        long nrFreed = 0;
        long next = slot;
        while (next < end) {
            long block = next >>> BLOCK_SHIFT;
            long freed = 0;
            for (; next < end && next >>> BLOCK_SHIFT == block; next++) {
                long word = replacement.applyAsLong(NativeMemory.getLong(wordOf(next)));
                fill(next, 1, word);
                freed |= word == FREE ? 1L << next : 0;
            }
            if (freed != 0) {
                freeSlots.giveBack(block, freed);
                nrFreed += Long.bitCount(freed);
            }
        }
        SwapAreaStruct.addNrInUse(area, -nrFreed);
    }

    /**
     * Adds a folio to the swap cache: from now on its slots lead to it.
     *
     * @param folio head of a locked, swap-backed folio to which the caller holds a reference
     * @param slot first of as many slots in use as the folio has pages
     * @return 0; ENOENT if one of them is free, EEXIST if one is cached by a folio already; then nothing has changed
     * @throws IllegalArgumentException if the handle is not of this engine, nobody holds a reference, or there are no
     *     such slots
     * @throws IllegalStateException if the folio is not swap-backed, or in the swap cache
     */
    public int add(long folio, long slot) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            References.requireHeld(folio);
            long nrPages = Geometry.pagesIn(FolioStruct.order(folio));
            requireSlots(slot, nrPages);
            long flags = PageStruct.flagsAcquire(folio);
            if (!PageFlag.SWAPBACKED.isSet(flags) || PageFlag.SWAPCACHE.isSet(flags)) {
                throw new IllegalStateException("folio is not swap-backed, or in the swap cache: folio=0x"
                        + Long.toHexString(folio) + ", flags=0x" + Long.toHexString(flags));
            }
            return fillInUse(folio, slot, nrPages);
        } finally {
            lifetime.exit();
        }
    }

    private int fillInUse(long folio, long slot, long nrPages) {
        lock();
        try {
            for (long next = slot; next < slot + nrPages; next++) {
                if (NativeMemory.getLong(wordOf(next)) == FREE) {
                    return Errno.ENOENT;
                }
            }
            if (!isAll(slot, nrPages, IN_USE)) {
                return Errno.EEXIST;
            }
            References.add(folio, (int) nrPages);
            PageStruct.privateWord(folio, slot);
            PageStruct.getAndSetFlags(folio, SWAP_CACHE);
            fill(slot, nrPages, folio);
            return Errno.OK;
        } finally {
            unlock();
        }
    }

    /**
     * Takes a folio out of the swap cache, with the references that the cache held; its slots stay in use, or become
     * free if they were given back meanwhile.
     *
     * @param folio head of a locked folio to which the caller holds a reference
     * @return its first slot
     * @throws IllegalArgumentException if the handle is not of this engine, or nobody holds a reference
     * @throws IllegalStateException if it is not in the swap cache
     */
    public long remove(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            References.requireHeld(folio);
            if (!PageFlag.isSwapCached(PageStruct.flagsAcquire(folio))) {
                throw new IllegalStateException("folio is not in the swap cache: folio=0x" + Long.toHexString(folio));
            }
            long nrPages = Geometry.pagesIn(FolioStruct.order(folio));
            long slot = PageStruct.privateWord(folio);
            lock();
            replaceAll(slot, nrPages, word -> (word & GIVEN_BACK) != 0 ? FREE : IN_USE);
            PageStruct.getAndClearFlags(folio, SWAP_CACHE);
            PageStruct.privateWord(folio, 0);
            unlock();
            folios.put(folio, (int) nrPages);
            return slot;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Pins the folio that caches a slot. Lock-free; spins while that folio is being split.
     *
     * @param slot the slot
     * @return handle of the folio's head, to be given back with {@link Folios#unpin}; 0 if no folio caches the slot
     * @throws IllegalArgumentException if there is no such slot
     * @throws IllegalStateException if the folio has too many references
     */
    public long pin(long slot) {
        requireSlots(slot, 1);
        lifetime.enter();
        try {
            for (int attempt = 0; ; attempt++) {
                // Acquire: the folio is seen as it was when it was put here, or split.
                long word = NativeMemory.getLongAcquire(wordOf(slot));
                if (word == FREE || word == IN_USE || (word & GIVEN_BACK) != 0) {
                    return 0;
                }
                if (References.tryGet(word)) {
                    // Page structs are never unmapped, so what was pinned may be another folio by now: look again.
                    if (NativeMemory.getLongAcquire(wordOf(slot)) == word) {
                        return word;
                    }
                    folios.put(word, 1);
                } else {
                    References.requireRoom(word);
                }
                References.pauseWhileFrozen(attempt);
            }
        } finally {
            lifetime.exit();
        }
    }

    /**
     * First slot of a folio in the swap cache.
     *
     * @param folio head of a locked folio
     * @return its slot, or {@link #NO_SLOT} if it is not in the swap cache
     * @throws IllegalArgumentException if the handle is none
     */
    public long slotOf(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            boolean cached = PageFlag.isSwapCached(PageStruct.flagsAcquire(folio));
            return cached ? PageStruct.privateWord(folio) : NO_SLOT;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Slots that there are.
     *
     * @return number of slots
     */
    public long nrSlots() {
        return nrSlots;
    }

    /**
     * Slots in use: a hint while others allocate and free.
     *
     * @return number of slots
     */
    public long nrInUse() {
        lifetime.enter();
        try {
            return SwapAreaStruct.nrInUseOpaque(area);
        } finally {
            lifetime.exit();
        }
    }

    void lock() {
        lockOrder.beforeLock(LockRank.SWAP);
        SpinLock.lock(SwapAreaStruct.lock(area));
        lockOrder.afterLock(LockRank.SWAP);
    }

    void unlock() {
        lockOrder.beforeUnlock(LockRank.SWAP);
        SpinLock.unlock(SwapAreaStruct.lock(area));
    }

    /**
     * Leads slots to another folio, under the lock (__swap_cache_replace_folio): to a piece of the frozen one that they
     * led to. Release: who finds the piece here sees it complete.
     */
    void replace(long slot, long nrReplaced, long piece) {
        for (long next = slot; next < slot + nrReplaced; next++) {
            fill(next, 1, piece | (NativeMemory.getLong(wordOf(next)) & GIVEN_BACK));
        }
    }

    private void fill(long slot, long nrFilled, long word) {
        for (long next = slot; next < slot + nrFilled; next++) {
            NativeMemory.setLongRelease(wordOf(next), word);
        }
    }

    private void requireSlots(long slot, long nrWanted) {
        if (slot < 0 || nrWanted < 1 || nrWanted > nrSlots || slot > nrSlots - nrWanted) {
            throw new IllegalArgumentException(
                    "slots out of range: slot=" + slot + ", nrSlots=" + nrWanted + ", end=" + nrSlots);
        }
    }

    private long wordOf(long slot) {
        return table + slot * Long.BYTES;
    }
}
