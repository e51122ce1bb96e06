/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.FolioList;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.FolioMappers;
import dev.quire.engine.folio.FolioOwners;
import dev.quire.engine.folio.FolioSplitter;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.LruList;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.folio.MemoryPressure;
import dev.quire.engine.folio.MemoryRelief;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.References;
import dev.quire.engine.machine.Nap;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Takes folios back that were used longest ago, of files and of shared memory (shrink_inactive_list,
 * shrink_active_list, shrink_folio_list).
 *
 * <p>Inactive folios of files go, clean ones first; if there are not enough, dirty ones are written back, and shared
 * memory is swapped out if there is a swap area; then active ones become inactive. One that was used since the last
 * look, also through page tables, gets another round, as active if it was used again and again; a large one of which
 * only some parts were used is split into the fewest folios that keep them apart, and the others go. What is mapped is
 * unmapped before it goes.
 *
 * <p>Thread-safe. {@link #reclaim} waits for no folio lock and no writeback lock, so it can be called with locks of
 * files held; but it waits for readers before it returns, so that what it took can be allocated.
 * {@link #reclaimForAllocation} waits for what was in its way, too (reclaim_throttle).
 */
final class FolioReclaimer implements MemoryRelief {
    /**
     * Pages that are taken off a list in one hold of its lock, but for the rest of a folio, and that one call takes at
     * least.
     */
    private static final int BATCH = 32;

    private static final int MINIMUM_ORDER = 0;
    private static final int MAX_FRUITLESS = 16;
    private static final int MAX_FRUITLESS_RELIEFS = 10;
    private static final long FRUITLESS_NANOS = 100_000;

    /** What one call of {@link #reclaim} has met that it may take later. */
    private static final class Met {
        /** A file, or shared memory, with a folio on its way out, or of which a range is being cut off. */
        private @Nullable Inode busy;

        /** Whether folios were locked: by who fills them, writes to them, or swaps them out. */
        private boolean locked;
    }

    private final Folios folios;
    private final FolioSplitter splitter;
    private final FolioMappers mappers;
    private final FolioOwners owners;
    private final LruLists lru;
    private final Rcu rcu;
    private final SwapArea swapArea;
    private final MemoryPressure pressure;

    /** Threads in {@link #reclaim}, which may have taken folios off the lists that come back, or are given back. */
    private final AtomicInteger nrReclaiming = new AtomicInteger();

    FolioReclaimer(MappingContext context, SwapArea swapArea) {
        this.swapArea = swapArea;
        folios = context.folios();
        splitter = context.splitter();
        mappers = context.mappers();
        owners = context.owners();
        lru = context.accounting().lru();
        rcu = context.rcu();
        pressure = context.pressure();
    }

    /**
     * Takes pages for somebody who has just been refused memory: a batch at least, since each time waits for readers.
     * Those that nobody can use, in queued folios that are partly mapped, come before those that somebody has cached.
     * If there is nothing to take just now, because it is on its way out or being cut off, this waits for that, however
     * long it takes: such transfers need no memory, and end if the calls of their {@link BackingFile} do. Where folios
     * were locked, or others reclaim, it waits longer from call to call, for six seconds in all; otherwise each time a
     * moment, for what others give back.
     *
     * <p>The caller holds no lock that ranks after {@link LockRank#MEMORY_MAP}.
     *
     * @param nrPages how many are wanted
     * @param nrFruitless how many calls in a row were in vain before
     * @return how many calls in a row are in vain by now; 0 if pages were taken
     * @throws OutOfMemoryError if there were too many of them
     */
    int reclaimForAllocation(long nrPages, int nrFruitless) {
        long nrWanted = Math.max(nrPages, BATCH);
        Met met = new Met();
        if (pressure.relieve(nrWanted, this) || reclaim(nrWanted, met) > 0) {
            return 0;
        }
        if (met.busy != null) {
            met.busy.awaitTransfer();
            return nrFruitless;
        }
        if (nrFruitless == MAX_FRUITLESS) {
            throw new OutOfMemoryError("no page can be reclaimed for the page cache: nrPages=" + nrPages);
        }
        Nap.sleep(met.locked || nrReclaiming.get() > 0 ? FRUITLESS_NANOS << nrFruitless : FRUITLESS_NANOS);
        rcu.barrier();
        return nrFruitless + 1;
    }

    /**
     * Takes pages for somebody outside of the page cache, whose locks forbid to wait for a file: while folios are
     * locked, on their way out or being cut off, or others reclaim, it tries again, for a tenth of a second in all.
     */
    @Override
    public boolean relieve(long nrPages) {
        for (int nrFruitless = 0; nrFruitless < MAX_FRUITLESS_RELIEFS; nrFruitless++) {
            Met met = new Met();
            if (reclaim(Math.max(nrPages, BATCH), met) > 0) {
                return true;
            }
            if (!met.locked && met.busy == null && nrReclaiming.get() == 0) {
                return false;
            }
            Nap.sleep(FRUITLESS_NANOS << nrFruitless);
        }
        return false;
    }

    /** Takes at least so many pages, if there are; returns how many. */
    long reclaim(long nrPages) {
        return reclaim(nrPages, new Met());
    }

    private long reclaim(long nrPages, Met met) {
        nrReclaiming.getAndIncrement();
        try {
            return shrinkAll(nrPages, met);
        } finally {
            nrReclaiming.getAndDecrement();
        }
    }

    private long shrinkAll(long nrPages, Met met) {
        boolean swaps = swapArea.isOn();
        balance(LruList.ACTIVE_FILE, LruList.INACTIVE_FILE);
        long nrReclaimed = shrinkTwice(LruList.INACTIVE_FILE, nrPages, false, met);
        nrReclaimed += shrink(LruList.INACTIVE_FILE, nrPages - nrReclaimed, true, met);
        if (swaps && nrReclaimed < nrPages) {
            balance(LruList.ACTIVE_ANONYMOUS, LruList.INACTIVE_ANONYMOUS);
            nrReclaimed += shrinkTwice(LruList.INACTIVE_ANONYMOUS, nrPages - nrReclaimed, true, met);
        }
        nrReclaimed += shrinkActive(LruList.ACTIVE_FILE, LruList.INACTIVE_FILE, nrPages - nrReclaimed, met);
        if (swaps) {
            nrReclaimed +=
                    shrinkActive(LruList.ACTIVE_ANONYMOUS, LruList.INACTIVE_ANONYMOUS, nrPages - nrReclaimed, met);
        }
        if (nrReclaimed > 0) {
            rcu.barrier();
        }
        return nrReclaimed;
    }

    /** Keeps an inactive list at least as long as its active one. */
    private void balance(LruList active, LruList inactive) {
        deactivate(active, (lru.nrPages(active) - lru.nrPages(inactive)) / 2);
    }

    /** Makes all active folios inactive, and goes over them. */
    private long shrinkActive(LruList active, LruList inactive, long nrPages, Met met) {
        if (nrPages <= 0) {
            return 0;
        }
        deactivate(active, lru.nrPages(active));
        return shrink(inactive, nrPages, true, met);
    }

    private void deactivate(LruList active, long nrPages) {
        FolioList taken = new FolioList(folios);
        long nrLeft = nrPages;
        while (nrLeft > 0 && isolate(active, nrLeft, taken)) {
            for (long folio = taken.poll(); folio != 0; folio = taken.poll()) {
                nrLeft -= Geometry.pagesIn(FolioStruct.order(folio));
                lru.setActive(folio, false);
                forgetUse(folio);
                putBack(folio);
            }
        }
    }

    /**
     * Takes the notes of a folio's use; not of one without a host: in the swap cache the word for the parts is the
     * slot's number.
     */
    private void forgetUse(long folio) {
        if (folios.tryLock(folio)) {
            if (hostOf(folio) != null) {
                gatherUse(folio, FolioStruct.order(folio));
                FolioUse.takeUsedAgain(folio);
                FolioUse.takeUsedParts(folio, FolioStruct.order(folio));
            }
            folios.unlock(folio);
        }
    }

    /** Adds what page tables know of a locked folio's use to what its readers and writers have noted. */
    private void gatherUse(long folio, int order) {
        mappers.takeUse(folio, (firstPage, nrPages) -> {
            FolioUse.touch(folio, order, firstPage << Geometry.PAGE_SHIFT, nrPages << Geometry.PAGE_SHIFT);
            FolioUse.markAccessed(folio);
        });
    }

    /** Goes over an inactive list, and once more if that is not enough: what was used has had its round then. */
    private long shrinkTwice(LruList inactive, long nrPages, boolean mayWrite, Met met) {
        long nrReclaimed = shrink(inactive, nrPages, mayWrite, met);
        return nrReclaimed + shrink(inactive, nrPages - nrReclaimed, mayWrite, met);
    }

    /** Goes once over an inactive list at most; returns the pages taken. */
    private long shrink(LruList inactive, long nrPages, boolean mayWrite, Met met) {
        FolioList taken = new FolioList(folios);
        long nrToScan = lru.nrPages(inactive);
        long nrReclaimed = 0;
        try {
            while (nrReclaimed < nrPages
                    && nrToScan > 0
                    && isolate(inactive, Math.min(nrPages - nrReclaimed, nrToScan), taken)) {
                for (long folio = taken.poll(); folio != 0; folio = taken.poll()) {
                    nrToScan -= Geometry.pagesIn(FolioStruct.order(folio));
                    nrReclaimed += reclaimIsolated(folio, mayWrite, met);
                }
            }
            return nrReclaimed;
        } finally {
            putBackAll(taken);
        }
    }

    /** Takes the oldest folios off a list: a batch of pages at most, if one folio has no more. */
    private boolean isolate(LruList list, long nrPages, FolioList taken) {
        return lru.isolateOldest(list, Math.min(BATCH, nrPages), taken) > 0;
    }

    /** Takes an isolated folio, or a part of it, or puts it back on its list; returns the pages taken. */
    private long reclaimIsolated(long folio, boolean mayWrite, Met met) {
        Inode host = lockOfHost(folio, met);
        if (host == null) {
            return 0;
        }
        int order = FolioStruct.order(folio);
        gatherUse(folio, order);
        boolean usedAgain = FolioUse.takeUsedAgain(folio);
        long used = FolioUse.takeUsedParts(folio, order);
        if (used == 0) {
            return reclaimLocked(folio, host, mayWrite, met);
        }
        if (used != FolioUse.allParts(order)) {
            return reclaimUnused(folio, order, used, usedAgain, host, mayWrite, met);
        }
        folios.unlock(folio);
        putBackUsed(folio, usedAgain);
        return 0;
    }

    /** Takes an isolated folio, whether it was used or not, or puts it back on its list; returns the pages taken. */
    long reclaimWhole(long folio) {
        Met met = new Met();
        Inode host = lockOfHost(folio, met);
        return host == null ? 0 : reclaimLocked(folio, host, true, met);
    }

    /**
     * Locks an isolated folio, and finds its host; puts it back on its list, and returns null, if that is not possible.
     */
    private @Nullable Inode lockOfHost(long folio, Met met) {
        if (!folios.tryLock(folio)) {
            met.locked = true;
            putBack(folio);
            return null;
        }
        Inode host = hostOf(folio);
        if (host == null) {
            folios.unlock(folio);
            putBack(folio);
        }
        return host;
    }

    /** Host of a locked folio; null if it has none, and so cannot be brought in again. */
    private @Nullable Inode hostOf(long folio) {
        long mapping = PageStruct.mapping(folio);
        if (mapping == 0 || (mapping & AddressSpaceStruct.ANONYMOUS_TAG) != 0) {
            return null;
        }
        return owners.of(mapping) instanceof AddressSpace space ? space.host() : null;
    }

    /**
     * Splits a folio around the parts that were used, from the first to the last, and takes what lies before and after.
     */
    private long reclaimUnused(
            long folio, int order, long used, boolean usedAgain, Inode host, boolean mayWrite, Met met) {
        long start = FolioUse.firstPageOf(Long.numberOfTrailingZeros(used), order);
        long end = FolioUse.firstPageOf(Long.SIZE - Long.numberOfLeadingZeros(used), order);
        FolioList pieces = new FolioList(folios);
        int result = split(folio, SplitPolicies.RANGE, start, end, MINIMUM_ORDER, pieces);
        if (result != Errno.OK || FolioStruct.order(folio) == order) {
            // What stays whole was used as a whole.
            folios.unlock(folio);
            putBackUsed(folio, usedAgain);
            return 0;
        }
        FolioList kept = new FolioList(folios);
        long nrReclaimed = 0;
        try {
            if (start > 0) {
                nrReclaimed += reclaimLocked(folio, host, mayWrite, met);
            } else {
                folios.unlock(folio);
                kept.append(folio);
            }
            for (long piece = pieces.poll(); piece != 0; piece = pieces.poll()) {
                long first = (piece - folio) / PageStruct.BYTES;
                if (first >= start && first < end) {
                    kept.append(piece);
                } else {
                    nrReclaimed += reclaimPiece(piece, host, mayWrite, met);
                }
            }
            return nrReclaimed;
        } finally {
            putBackAll(pieces);
            // After the others: those of them that could not be taken now are older.
            for (long piece = kept.poll(); piece != 0; piece = kept.poll()) {
                putBackUsed(piece, usedAgain);
            }
        }
    }

    /**
     * Splits a locked folio, off the lists. If that throws, as an observer of splits may, all of it is back on them,
     * and nothing locked.
     */
    private int split(long folio, SplitPolicy policy, long start, long end, int newOrder, FolioList pieces) {
        boolean returned = false;
        try {
            int result = splitter.split(folio, policy, start, end, newOrder, SplitPolicies.ALL_ORDERS, pieces);
            returned = true;
            return result;
        } finally {
            if (!returned) {
                folios.unlock(folio);
                putBack(folio);
                putBackAll(pieces);
            }
        }
    }

    /**
     * Takes a locked folio, off the lists, with one reference of the caller, or puts it back; returns the pages taken.
     */
    private long reclaimLocked(long folio, Inode host, boolean mayWrite, Met met) {
        long nrPages = Geometry.pagesIn(FolioStruct.order(folio));
        boolean locked = !mayWrite || host.writeForEviction(folio);
        int result = locked && host.isOwn(folio) ? unmapAndEvict(folio, host) : Errno.EBUSY;
        if (result == Errno.ENOSPC) {
            return reclaimHalves(folio, host, met);
        }
        if (locked) {
            folios.unlock(folio);
        }
        if (result == Errno.OK) {
            folios.unpin(folio);
            return nrPages;
        }
        met.locked |= !locked;
        met.busy = result == Errno.EAGAIN ? host : met.busy;
        putBack(folio);
        return 0;
    }

    /** Takes a locked folio out of memory, and out of page tables before, unless it would have to stay then. */
    private int unmapAndEvict(long folio, Inode host) {
        long nrPages = Geometry.pagesIn(FolioStruct.order(folio));
        // Beside the leaves, the index and the caller nobody holds it: a hint.
        if (host.mayLeave(folio) && References.count(folio) == nrPages + 1 + FolioMapcounts.total(folio)) {
            mappers.unmap(folio);
        }
        return host.tryEvict(folio);
    }

    /**
     * Takes a locked folio that the swap area has no run of slots for as its two halves, or what they are halved to.
     */
    private long reclaimHalves(long folio, Inode host, Met met) {
        FolioList pieces = new FolioList(folios);
        int newOrder = FolioStruct.order(folio) - 1;
        int result = split(folio, SplitPolicies.UNIFORM, 0, 1, newOrder, pieces);
        if (result != Errno.OK) {
            folios.unlock(folio);
            putBack(folio);
            return 0;
        }
        try {
            long nrReclaimed = reclaimLocked(folio, host, true, met);
            for (long piece = pieces.poll(); piece != 0; piece = pieces.poll()) {
                nrReclaimed += reclaimPiece(piece, host, true, met);
            }
            return nrReclaimed;
        } finally {
            putBackAll(pieces);
        }
    }

    /** Takes a piece of a folio that was split, or puts it back; returns the pages taken. */
    private long reclaimPiece(long piece, Inode host, boolean mayWrite, Met met) {
        if (!folios.tryLock(piece)) {
            met.locked = true;
            putBack(piece);
            return 0;
        }
        return reclaimLocked(piece, host, mayWrite, met);
    }

    /** Gives an isolated folio that was used another round, as active if it was used again. */
    private void putBackUsed(long folio, boolean usedAgain) {
        if (usedAgain) {
            lru.setActive(folio, true);
        }
        putBack(folio);
    }

    /** Puts back what a list still has: nothing, unless a split has thrown. */
    private void putBackAll(FolioList isolated) {
        for (long folio = isolated.poll(); folio != 0; folio = isolated.poll()) {
            putBack(folio);
        }
    }

    private void putBack(long folio) {
        lru.add(folio);
        folios.unpin(folio);
    }
}
