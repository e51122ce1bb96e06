/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.FolioList;
import dev.quire.engine.folio.FolioOwners;
import dev.quire.engine.folio.FolioSplitter;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.LruList;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Takes page-cache folios back that were used longest ago (shrink_inactive_list, shrink_active_list, shrink_folio_list).
 *
 * <p>Inactive folios go, clean ones first; if there are not enough, dirty ones are written back, and active ones become
 * inactive. One that was used since the last look gets another round, as active if it was used again and again; a large one
 * of which only some parts were used is split into the fewest folios that keep them apart, and the others go.
 *
 * <p>Thread-safe. Waits for no folio lock and no writeback lock, so it can be called with locks of files held; but it waits
 * for readers before it returns, so that what it took can be allocated.
 */
final class FolioReclaimer {
    /** Pages that are taken off a list in one hold of its lock, but for the rest of a folio, and that one call takes at least. */
    private static final int BATCH = 32;

    private static final int MINIMUM_ORDER = 0;
    private static final int MAX_FRUITLESS = 16;
    private static final long FRUITLESS_NANOS = 100_000;

    private final Folios folios;
    private final FolioSplitter splitter;
    private final FolioOwners owners;
    private final LruLists lru;
    private final Rcu rcu;

    FolioReclaimer(MappingContext context) {
        folios = context.folios();
        splitter = context.splitter();
        owners = context.owners();
        lru = context.accounting().lru();
        rcu = context.rcu();
    }

    /**
     * Takes pages for somebody who has just been refused memory: a batch at least, since each time waits for readers. If there
     * is nothing to take, others may be taking it just now, so this waits a moment for what they give back.
     *
     * @param nrPages how many are wanted
     * @param nrFruitless how many calls in a row were in vain before
     * @return how many calls in a row are in vain by now; 0 if pages were taken
     * @throws OutOfMemoryError if there were too many of them
     */
    int reclaimForAllocation(long nrPages, int nrFruitless) {
        if (reclaim(Math.max(nrPages, BATCH)) > 0) {
            return 0;
        }
        if (nrFruitless == MAX_FRUITLESS) {
            throw new OutOfMemoryError("no page can be reclaimed for the page cache: nrPages=" + nrPages);
        }
        LockSupport.parkNanos(FRUITLESS_NANOS);
        rcu.barrier();
        return nrFruitless + 1;
    }

    /** Takes at least so many pages, if there are; returns how many. */
    long reclaim(long nrPages) {
        balance();
        long nrReclaimed = shrink(nrPages, false);
        if (nrReclaimed < nrPages) {
            // What was used has had its round.
            nrReclaimed += shrink(nrPages - nrReclaimed, false);
        }
        if (nrReclaimed < nrPages) {
            nrReclaimed += shrink(nrPages - nrReclaimed, true);
        }
        if (nrReclaimed < nrPages) {
            deactivate(lru.nrPages(LruList.ACTIVE_FILE));
            nrReclaimed += shrink(nrPages - nrReclaimed, true);
        }
        if (nrReclaimed > 0) {
            rcu.barrier();
        }
        return nrReclaimed;
    }

    /** Keeps the inactive list at least as long as the active one. */
    private void balance() {
        deactivate((lru.nrPages(LruList.ACTIVE_FILE) - lru.nrPages(LruList.INACTIVE_FILE)) / 2);
    }

    private void deactivate(long nrPages) {
        FolioList taken = new FolioList();
        long nrLeft = nrPages;
        while (nrLeft > 0 && lru.isolateOldest(LruList.ACTIVE_FILE, Math.min(BATCH, nrLeft), taken) > 0) {
            for (long folio = taken.poll(); folio != 0; folio = taken.poll()) {
                nrLeft -= Geometry.pagesIn(FolioStruct.order(folio));
                lru.setActive(folio, false);
                FolioUse.takeUsedAgain(folio);
                FolioUse.takeUsedParts(folio, FolioStruct.order(folio));
                putBack(folio);
            }
        }
    }

    /** Goes once over the inactive list at most; returns the pages taken. */
    private long shrink(long nrPages, boolean mayWrite) {
        FolioList taken = new FolioList();
        long nrToScan = lru.nrPages(LruList.INACTIVE_FILE);
        long nrReclaimed = 0;
        while (nrReclaimed < nrPages && nrToScan > 0 && isolate(Math.min(nrPages - nrReclaimed, nrToScan), taken)) {
            for (long folio = taken.poll(); folio != 0; folio = taken.poll()) {
                nrToScan -= Geometry.pagesIn(FolioStruct.order(folio));
                nrReclaimed += reclaimIsolated(folio, mayWrite);
            }
        }
        return nrReclaimed;
    }

    /** Takes the oldest inactive folios off their list: a batch of pages at most, if one folio has no more. */
    private boolean isolate(long nrPages, FolioList taken) {
        return lru.isolateOldest(LruList.INACTIVE_FILE, Math.min(BATCH, nrPages), taken) > 0;
    }

    /** Takes an isolated folio, or a part of it, or puts it back on its list; returns the pages taken. */
    private long reclaimIsolated(long folio, boolean mayWrite) {
        if (!folios.tryLock(folio)) {
            putBack(folio);
            return 0;
        }
        CachedFile file = hostOf(folio);
        if (file == null) {
            folios.unlock(folio);
            putBack(folio);
            return 0;
        }
        int order = FolioStruct.order(folio);
        boolean usedAgain = FolioUse.takeUsedAgain(folio);
        long used = FolioUse.takeUsedParts(folio, order);
        if (used == 0) {
            return reclaimLocked(folio, file, mayWrite);
        }
        if (used != FolioUse.allParts(order)) {
            return reclaimUnused(folio, order, used, usedAgain, file, mayWrite);
        }
        folios.unlock(folio);
        putBackUsed(folio, usedAgain);
        return 0;
    }

    /** File of a locked folio; null if it belongs to none, or exists in memory only, and so cannot be read again. */
    private @Nullable CachedFile hostOf(long folio) {
        long mapping = PageStruct.mapping(folio);
        if (mapping == 0 || (mapping & AddressSpaceStruct.ANONYMOUS_TAG) != 0) {
            return null;
        }
        return owners.of(mapping) instanceof AddressSpace space ? space.host() : null;
    }

    /** Splits a folio around the parts that were used, from the first to the last, and takes what lies before and after. */
    private long reclaimUnused(long folio, int order, long used, boolean usedAgain, CachedFile file, boolean mayWrite) {
        long start = FolioUse.firstPageOf(Long.numberOfTrailingZeros(used), order);
        long end = FolioUse.firstPageOf(Long.SIZE - Long.numberOfLeadingZeros(used), order);
        FolioList pieces = new FolioList();
        int result =
                splitter.split(folio, SplitPolicies.RANGE, start, end, MINIMUM_ORDER, SplitPolicies.ALL_ORDERS, pieces);
        if (result != Errno.OK || FolioStruct.order(folio) == order) {
            folios.unlock(folio);
            putBack(folio);
            return 0;
        }
        FolioList kept = new FolioList();
        long nrReclaimed = 0;
        if (start > 0) {
            nrReclaimed += reclaimLocked(folio, file, mayWrite);
        } else {
            folios.unlock(folio);
            kept.append(folio);
        }
        for (long piece = pieces.poll(); piece != 0; piece = pieces.poll()) {
            long first = (piece - folio) / PageStruct.BYTES;
            if (first >= start && first < end) {
                kept.append(piece);
            } else if (folios.tryLock(piece)) {
                nrReclaimed += reclaimLocked(piece, file, mayWrite);
            } else {
                putBack(piece);
            }
        }
        // After the others: those of them that could not be taken now are older.
        for (long piece = kept.poll(); piece != 0; piece = kept.poll()) {
            putBackUsed(piece, usedAgain);
        }
        return nrReclaimed;
    }

    /** Takes a locked folio, off the lists, with one reference of the caller, or puts it back; returns the pages taken. */
    private long reclaimLocked(long folio, CachedFile file, boolean mayWrite) {
        long nrPages = Geometry.pagesIn(FolioStruct.order(folio));
        boolean dirty = PageFlag.DIRTY.isSet(PageStruct.flagsAcquire(folio));
        boolean locked = !dirty || !mayWrite || writeBack(folio, file);
        boolean evicted = locked && file.isOwn(folio) && file.tryEvict(folio);
        if (locked) {
            folios.unlock(folio);
        }
        if (evicted) {
            folios.unpin(folio);
            return nrPages;
        }
        putBack(folio);
        return 0;
    }

    /** Writes a locked folio back unless its file is just being cut; whether the folio is locked again afterwards. */
    private boolean writeBack(long folio, CachedFile file) {
        if (Writeback.isUnderWriteback(folio)
                || !file.writebackLock().readLock().tryLock()) {
            return true;
        }
        try {
            file.writeback().writeLocked(folio);
        } finally {
            file.writebackLock().readLock().unlock();
        }
        return folios.tryLock(folio);
    }

    /** Gives an isolated folio that was used another round, as active if it was used again. */
    private void putBackUsed(long folio, boolean usedAgain) {
        if (usedAgain) {
            lru.setActive(folio, true);
        }
        putBack(folio);
    }

    private void putBack(long folio) {
        lru.add(folio);
        folios.unpin(folio);
    }
}
