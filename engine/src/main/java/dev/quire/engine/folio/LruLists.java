/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.References;
import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.LruVectorStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;

/**
 * Folios in the order of their last use, for reclaim (struct lruvec, folio_add_lru, folio_isolate_lru). Using them is
 * the choice of the folio's owner; a folio that never was on a list pays nothing.
 *
 * <p>The page flag PG_lru says that a folio is on its list; which one follows from its other flags, so those change by
 * the methods of this class only, and under the lock while it is set. A list holds no reference: the last reference
 * given back takes the folio off. Whoever clears the flag owns the link.
 *
 * <p>Thread-safe; blocking on the LRU lock (rank {@link LockRank#LRU}) for constant time, but for a split, which keeps
 * it until all pieces are linked.
 */
public final class LruLists {
    private static final long LRU = PageFlag.LRU.mask();
    private static final long NONE = 0;

    private final PageArena arena;
    private final LockOrder lockOrder;
    private final Lifetime lifetime;
    private final long vector;

    /**
     * Makes empty lists.
     *
     * @param arena where the lists' heads and the pages are; it has one set of lists
     * @param lockOrder checker that is told of every lock and unlock
     * @param lifetime guard against close
     */
    public LruLists(PageArena arena, LockOrder lockOrder, Lifetime lifetime) {
        this.arena = arena;
        this.lockOrder = lockOrder;
        this.lifetime = lifetime;
        vector = arena.lruBase();
        for (int list = 0; list < LruVectorStruct.NR_LISTS; list++) {
            ListHead.initialise(LruVectorStruct.list(vector, list));
        }
    }

    /**
     * Puts a folio at the head of its list: it was used last (folio_add_lru).
     *
     * @param folio head of a folio to which the caller holds a reference
     * @throws IllegalArgumentException if the handle is not of this engine, or nobody holds a reference
     * @throws IllegalStateException if it is on a list
     */
    public void add(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            lock();
            try {
                References.requireHeld(folio);
                long flags = PageStruct.getAndSetFlags(folio, LRU);
                if ((flags & LRU) != 0) {
                    throw new IllegalStateException("folio is on an LRU list: folio=0x" + Long.toHexString(folio));
                }
                link(folio, flags);
            } finally {
                unlock();
            }
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Takes a folio off its list, with a reference for the caller (folio_isolate_lru).
     *
     * @param folio head of a folio to which the caller holds a reference
     * @return whether it was on a list and the caller now has another reference; if not, somebody else has isolated it
     * @throws IllegalArgumentException as {@link #add}
     */
    public boolean isolate(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            References.requireHeld(folio);
            // A hint, which spares those the lock that come for what is on no list.
            return PageFlag.LRU.isSet(PageStruct.flagsAcquire(folio)) && isolateListed(folio);
        } finally {
            lifetime.exit();
        }
    }

    private boolean isolateListed(long folio) {
        lock();
        try {
            // Under the lock, as the link: who adds a folio whose flag is clear must find it unlinked.
            long flags = PageStruct.getAndClearFlags(folio, LRU);
            if ((flags & LRU) == 0) {
                return false;
            }
            References.add(folio, 1);
            unlink(folio, flags);
            return true;
        } finally {
            unlock();
        }
    }

    /**
     * Takes the folios that were used longest ago off a list, each with a reference (isolate_lru_folios), until they
     * have as many pages as are wanted. Folios that are being split or freed are left.
     *
     * @param list the list; {@link LruList#UNEVICTABLE} has none
     * @param nrPages pages wanted
     * @param taken where to append them; a list for folios of this engine
     * @return number of folios taken
     * @throws IllegalArgumentException if the list is for folios of another engine
     */
    public int isolateOldest(LruList list, long nrPages, FolioList taken) {
        taken.requireOf(arena);
        lifetime.enter();
        try {
            lock();
            try {
                int nrTaken = 0;
                long nrLeft = nrPages;
                long head = LruVectorStruct.list(vector, list.ordinal());
                long link = list == LruList.UNEVICTABLE ? head : ListHead.prev(head);
                while (link != head && nrLeft > 0) {
                    long folio = PageStruct.pageOfList(link);
                    link = ListHead.prev(link);
                    if (References.tryGet(folio)) {
                        unlink(folio, PageStruct.getAndClearFlags(folio, LRU));
                        taken.link(folio);
                        nrTaken++;
                        nrLeft -= Geometry.pagesIn(FolioStruct.order(folio));
                    }
                }
                return nrTaken;
            } finally {
                unlock();
            }
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Makes a folio active or inactive; if it is on a list, it moves to the head of the right one.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @param active whether it is in use
     * @throws IllegalArgumentException as {@link #add}
     */
    public void setActive(long folio, boolean active) {
        set(folio, PageFlag.ACTIVE.mask(), active);
    }

    /**
     * Makes a folio evictable or not; if it is on a list, it moves.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @param unevictable whether it must stay in memory
     * @throws IllegalArgumentException as {@link #add}
     */
    public void setUnevictable(long folio, boolean unevictable) {
        set(folio, PageFlag.UNEVICTABLE.mask(), unevictable);
    }

    /**
     * Makes a folio one of memory that goes to swap, as shared and anonymous memory do, or of a file; if it is on a
     * list, it moves.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @param swapBacked whether it goes to swap
     * @return whether it did so before
     * @throws IllegalArgumentException as {@link #add}
     */
    public boolean setSwapBacked(long folio, boolean swapBacked) {
        return PageFlag.SWAPBACKED.isSet(set(folio, PageFlag.SWAPBACKED.mask(), swapBacked));
    }

    private long set(long folio, long flag, boolean value) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            References.requireHeld(folio);
            return changeFlags(folio, value ? flag : 0, value ? 0 : flag);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Changes flags of a folio that may name its list; if it is on one, it moves. Only then the lock is taken.
     *
     * @param folio head of a folio to which the caller holds a reference, or that it has frozen
     * @param set flags to set
     * @param cleared flags to clear
     * @return the flags from before
     */
    long changeFlags(long folio, long set, long cleared) {
        long before = PageStruct.flagsAcquire(folio);
        while ((before & LRU) == 0) {
            // RMW, which fails if the folio came onto a list since: whoever adds it finds either all flags changed, or
            // none.
            if (PageStruct.compareAndSetFlags(folio, before, (before & ~cleared) | set)) {
                return before;
            }
            before = PageStruct.flagsAcquire(folio);
        }
        return changeListed(folio, set, cleared);
    }

    private long changeListed(long folio, long set, long cleared) {
        lock();
        try {
            // Off the list while its flags change: who isolates it meanwhile finds nothing, as if it had come earlier.
            long before = PageStruct.getAndClearFlags(folio, LRU);
            if ((before & LRU) != 0) {
                unlink(folio, before);
            }
            PageStruct.getAndClearFlags(folio, cleared);
            PageStruct.getAndSetFlags(folio, set);
            if ((before & LRU) != 0) {
                link(folio, PageStruct.getAndSetFlags(folio, LRU));
            }
            return before;
        } finally {
            unlock();
        }
    }

    /**
     * Pages on a list: a hint while others add and take.
     *
     * @param list the list
     * @return number of pages
     */
    public long nrPages(LruList list) {
        lifetime.enter();
        try {
            return LruVectorStruct.nrPagesOpaque(vector, list.ordinal());
        } finally {
            lifetime.exit();
        }
    }

    /** Takes a folio that has no references any more off its list. */
    void release(long folio) {
        lock();
        unlink(folio, PageStruct.getAndClearFlags(folio, LRU));
        unlock();
    }

    void lock() {
        lockOrder.beforeLock(LockRank.LRU);
        SpinLock.lock(LruVectorStruct.lock(vector));
        lockOrder.afterLock(LockRank.LRU);
    }

    void unlock() {
        lockOrder.beforeUnlock(LockRank.LRU);
        SpinLock.unlock(LruVectorStruct.lock(vector));
    }

    /**
     * Links a piece of a split folio after another (lru_add_split_folio); the lock is held since before the piece,
     * whose LRU flag is set, could be found. Returns the link after which the next piece goes.
     */
    static long linkAfter(long link, long piece, boolean unevictable) {
        if (unevictable) {
            PageStruct.mlockCount(piece, 0);
            return link;
        }
        ListHead.addAfter(PageStruct.list(piece), link);
        return PageStruct.list(piece);
    }

    /** Counts pages of a split folio that are on no list any more, under the lock. */
    void subtractPages(long flags, long nrPages) {
        LruVectorStruct.addNrPages(vector, LruList.of(flags).ordinal(), -nrPages);
    }

    /**
     * Puts a folio in the place of the pieces that it is made of: where the first of them is that is on its list, or at
     * the list's head if none is. The pieces are frozen, so that nobody isolates one, and their structs still say what
     * they are.
     *
     * @param folio head of the first piece, and of the folio
     * @param newOrder log2 pages of the folio
     * @param newFlags flags it will have
     */
    void merge(long folio, int newOrder, long newFlags) {
        LruList list = LruList.of(newFlags);
        long place = NONE;
        long end = folio + Geometry.pagesIn(newOrder) * PageStruct.BYTES;
        lock();
        for (long piece = folio; piece < end; piece += Geometry.pagesIn(FolioStruct.order(piece)) * PageStruct.BYTES) {
            long flags = PageStruct.flags(piece);
            boolean isLinked = (flags & LRU) != 0;
            if (isLinked && place == NONE && list != LruList.UNEVICTABLE && LruList.of(flags) == list) {
                place = piece;
            } else if (isLinked) {
                unlink(piece, flags);
            }
        }
        if (place != folio) {
            linkAt(folio, list, place);
        }
        long nrPagesBefore = place == NONE ? 0 : Geometry.pagesIn(FolioStruct.order(place));
        LruVectorStruct.addNrPages(vector, list.ordinal(), Geometry.pagesIn(newOrder) - nrPagesBefore);
        unlock();
    }

    /** Links a folio instead of another one on a list, or at the head of the list. */
    private void linkAt(long folio, LruList list, long replaced) {
        if (list == LruList.UNEVICTABLE) {
            PageStruct.mlockCount(folio, 0);
        } else if (replaced == NONE) {
            ListHead.addAfter(PageStruct.list(folio), LruVectorStruct.list(vector, list.ordinal()));
        } else {
            ListHead.addAfter(PageStruct.list(folio), PageStruct.list(replaced));
            ListHead.remove(PageStruct.list(replaced));
        }
    }

    private void link(long folio, long flags) {
        LruList list = LruList.of(flags);
        linkAt(folio, list, NONE);
        LruVectorStruct.addNrPages(vector, list.ordinal(), Geometry.pagesIn(FolioStruct.order(folio)));
    }

    private void unlink(long folio, long flags) {
        LruList list = LruList.of(flags);
        if (list != LruList.UNEVICTABLE) {
            ListHead.remove(PageStruct.list(folio));
        }
        LruVectorStruct.addNrPages(vector, list.ordinal(), -Geometry.pagesIn(FolioStruct.order(folio)));
    }
}
