/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.References;
import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.DeferredSplitStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.lang.invoke.VarHandle;

/**
 * Large folios that are only partly in use, to be split when memory is short (deferred_split_folio,
 * __folio_unqueue_deferred_split). The queue holds no reference: a split takes its folio off while that is frozen, and
 * the last reference given back does the same.
 *
 * <p>Anonymous folios come and go by themselves as they are unmapped: one of which a part is unmapped comes, one that
 * nothing maps any more goes. Others are added by whoever knows.
 *
 * <p>A flag in page 1, changed under the lock, says whether a folio's link is on the queue, so that a split of a folio
 * that never was queued does not touch the link's cache line, where the kernel keeps the link of every folio
 * initialised.
 *
 * <p>Thread-safe; blocking on the queue's lock (rank {@link LockRank#DEFERRED_SPLIT}) for constant time.
 */
public final class DeferredSplitQueue {
    private static final long PARTIALLY_MAPPED = PageFlag.PARTIALLY_MAPPED.mask();
    private static final long QUEUED = PageFlag.DEFERRED_SPLIT.mask();

    /** Smaller folios have no page 2, where the queue's link is. */
    static final int MINIMUM_ORDER = 2;

    private final PageArena arena;
    private final LockOrder lockOrder;
    private final Lifetime lifetime;
    private final FolioCounters counters;
    private final long queue;

    /**
     * Makes an empty queue.
     *
     * @param arena where the queue's head and the pages are; it has one queue
     * @param lockOrder checker that is told of every lock and unlock
     * @param lifetime guard against close
     * @param counters counters to move
     */
    public DeferredSplitQueue(PageArena arena, LockOrder lockOrder, Lifetime lifetime, FolioCounters counters) {
        this.arena = arena;
        this.lockOrder = lockOrder;
        this.lifetime = lifetime;
        this.counters = counters;
        queue = arena.deferredSplitBase();
        ListHead.initialise(DeferredSplitStruct.list(queue));
    }

    /**
     * Queues a folio, unless it is queued already, too small to have a link, or in the swap cache.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @param partiallyMapped whether some of its pages are known to be unmapped; if not, it is split only if it turns
     *     out to hold little but zeroes
     * @return whether it is on the queue now
     * @throws IllegalArgumentException if the handle is not of this engine, or nobody holds a reference
     */
    public boolean add(long folio, boolean partiallyMapped) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            References.requireHeld(folio);
            if (FolioStruct.order(folio) < MINIMUM_ORDER || PageFlag.isSwapCached(PageStruct.flagsAcquire(folio))) {
                return false;
            }
            if (partiallyMapped) {
                markPartiallyMapped(folio);
            }
            lock();
            if (!isQueued(folio)) {
                link(folio);
            }
            unlock();
            return true;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Puts a folio back that a shrinker has taken and could not split. The flag is looked at under the lock: the last
     * unmap, beside this, takes it away for good.
     *
     * @param folio head of a folio of order 2 or more to which the caller holds a reference
     */
    void requeue(long folio) {
        if (PageFlag.isSwapCached(PageStruct.flagsAcquire(folio))) {
            return;
        }
        lock();
        if ((FolioStruct.flags1(folio) & (QUEUED | PARTIALLY_MAPPED)) == PARTIALLY_MAPPED) {
            link(folio);
        }
        unlock();
    }

    /**
     * Gives a folio the memory group that it is charged to, unless it has one or is queued: what is queued keeps its
     * group.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @param group the group's address
     * @return whether the folio has the group now
     */
    boolean setGroup(long folio, long group) {
        lock();
        boolean queued = FolioStruct.order(folio) >= MINIMUM_ORDER && isQueued(folio);
        boolean chargeable = !queued && PageStruct.memcgData(folio) == 0;
        if (chargeable) {
            PageStruct.memcgData(folio, group);
        }
        unlock();
        return chargeable;
    }

    /**
     * Follows what has been unmapped of a folio (the end of __folio_remove_rmap). Of no effect unless it is anonymous
     * and large enough to be queued.
     *
     * @param folio head of a folio to which the caller holds a reference
     */
    void afterUnmap(long folio) {
        if (FolioStruct.order(folio) < MINIMUM_ORDER || !FolioSplitter.isAnonymous(PageStruct.mapping(folio))) {
            return;
        }
        if (FolioMapcounts.total(folio) == 0) {
            // RMW, though it changes nothing: it comes after that of who queues the folio just now, and sees the
            // flags, or before it, and then the other sees that nothing maps the folio.
            if ((FolioStruct.getAndSetFlags1(folio, 0) & (QUEUED | PARTIALLY_MAPPED)) != 0) {
                lock();
                forgetUnmapped(folio);
                unlock();
            }
        } else if (FolioMapcounts.isPartiallyMapped(folio) && !isKnownToBePartiallyMapped(folio)) {
            addPartiallyMapped(folio);
        }
    }

    /**
     * Racy, to spare the lock: a folio that has just left the queue is in the hands of the shrinker, which puts it
     * back.
     */
    private static boolean isKnownToBePartiallyMapped(long folio) {
        // Full fence, between the caller's change of the counts and the load of the flags. Partner: that of
        // forgetUnmapped.
        VarHandle.fullFence();
        return (FolioStruct.flags1(folio) & (QUEUED | PARTIALLY_MAPPED)) == (QUEUED | PARTIALLY_MAPPED);
    }

    private void addPartiallyMapped(long folio) {
        if (PageFlag.isSwapCached(PageStruct.flagsAcquire(folio))) {
            return;
        }
        lock();
        markPartiallyMapped(folio);
        if (!isQueued(folio)) {
            link(folio);
        }
        forgetUnmapped(folio);
        unlock();
    }

    private void markPartiallyMapped(long folio) {
        // RMW: of several that say so, one counts it.
        if ((FolioStruct.getAndSetFlags1(folio, PARTIALLY_MAPPED) & PARTIALLY_MAPPED) == 0) {
            counters.addPartiallyMapped(1);
        }
    }

    /**
     * Takes a folio off the queue, under its lock, if nothing maps it: there is nothing left to unmap in part. Of one
     * that is mapped again meanwhile, and then unmapped in part, the flags may still have said that it is known, so it
     * comes back.
     */
    private void forgetUnmapped(long folio) {
        while (FolioMapcounts.total(folio) == 0) {
            if (isQueued(folio)) {
                unlink(folio);
            }
            if ((FolioStruct.getAndClearFlags1(folio, PARTIALLY_MAPPED) & PARTIALLY_MAPPED) != 0) {
                counters.addPartiallyMapped(-1);
            }
            // Full fence, between the stores of the flags and the loads of the counts. Partner: that of
            // isKnownToBePartiallyMapped, the other way round. So that sees the flags cleared, or this sees its unmap.
            VarHandle.fullFence();
            if (!FolioMapcounts.isPartiallyMapped(folio) || PageFlag.isSwapCached(PageStruct.flagsAcquire(folio))) {
                return;
            }
            markPartiallyMapped(folio);
            link(folio);
        }
    }

    /**
     * Folios on the queue: a hint while others add and split.
     *
     * @return number of folios
     */
    public long nrFolios() {
        lifetime.enter();
        try {
            return DeferredSplitStruct.nrFoliosOpaque(queue);
        } finally {
            lifetime.exit();
        }
    }

    static boolean isQueued(long folio) {
        return (FolioStruct.flags1(folio) & QUEUED) != 0;
    }

    /**
     * Forgets a frozen or free folio of order 2 or more: takes it off the queue if it is there, and counts that it is
     * no longer partially mapped, queued or not. The caller drops the flags.
     */
    void forget(long folio) {
        long flags1 = FolioStruct.flags1(folio);
        if ((flags1 & QUEUED) != 0) {
            lock();
            unlink(folio);
            unlock();
        }
        if ((flags1 & PARTIALLY_MAPPED) != 0) {
            FolioStruct.getAndClearFlags1(folio, PARTIALLY_MAPPED);
            counters.addPartiallyMapped(-1);
        }
    }

    /**
     * Takes folios off the front of the queue, each with a reference. Those that cannot be had go to the back: who
     * froze them takes them off.
     *
     * @param folios where to put them
     * @param nrFolios most folios to take
     * @return number of folios taken, at most the array's length
     */
    int take(long[] folios, long nrFolios) {
        lock();
        int nrTaken = 0;
        long list = DeferredSplitStruct.list(queue);
        long nrWanted = Math.min(folios.length, nrFolios);
        for (long left = DeferredSplitStruct.nrFoliosOpaque(queue); left > 0 && nrTaken < nrWanted; left--) {
            long link = ListHead.next(list);
            long folio = FolioStruct.folioOfDeferredList(link);
            if (References.tryGet(folio)) {
                unlink(folio);
                folios[nrTaken++] = folio;
            } else {
                // Its flag stays set all the while: who froze it looks at that without the lock.
                ListHead.remove(link);
                ListHead.addBefore(link, list);
            }
        }
        unlock();
        return nrTaken;
    }

    private void link(long folio) {
        FolioStruct.getAndSetFlags1(folio, QUEUED);
        ListHead.addBefore(FolioStruct.deferredList(folio), DeferredSplitStruct.list(queue));
        DeferredSplitStruct.addNrFolios(queue, 1);
    }

    private void unlink(long folio) {
        FolioStruct.getAndClearFlags1(folio, QUEUED);
        ListHead.remove(FolioStruct.deferredList(folio));
        DeferredSplitStruct.addNrFolios(queue, -1);
    }

    private void lock() {
        lockOrder.beforeLock(LockRank.DEFERRED_SPLIT);
        SpinLock.lock(DeferredSplitStruct.lock(queue));
        lockOrder.afterLock(LockRank.DEFERRED_SPLIT);
    }

    private void unlock() {
        lockOrder.beforeUnlock(LockRank.DEFERRED_SPLIT);
        SpinLock.unlock(DeferredSplitStruct.lock(queue));
    }
}
