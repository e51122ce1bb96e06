/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.folio.SwapTable;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Pages of shared memory, each of which is in a folio, in swap, or a hole (mm/shmem.c).
 *
 * <p>Out (I22): the bytes of a locked folio are written to slots while readers go on reading them; then, if nobody
 * holds the folio, one store puts the slots in its place. So a reader finds the folio, or slots that hold its bytes. A
 * folio that was never written to is all zero, and leaves a hole.
 *
 * <p>In: a new folio claims the slots of a whole entry by entering the swap cache, reads them, and takes the entry's
 * place in one store if the entry is still there. Others who want it wait for that folio's lock. While slots are
 * claimed they are not given out again, so an entry that is found again is the one that was read, not another that was
 * written to the same slots. (As on the kernel's synchronous swap devices: a large entry comes back as one folio, a
 * single page is split off it only if there is no memory for that.)
 *
 * <p>Cuts exclude swapping out by the writeback lock, and bring pages in first that they cut through. What is on its
 * way in finds its entry gone.
 */
final class SwapBackedFile extends Inode {
    private static final int SINGLE_PAGE = 0;
    private static final long DIRTY = PageFlag.DIRTY.mask();

    private final Folios folios;
    private final LruLists lru;
    private final SwapTable swapTable;
    private final SwapArea swapArea;
    private final SwapEntries entries;
    private final int maximumOrder;
    private final AtomicLong nrWriteErrors = new AtomicLong();
    private volatile @Nullable IOException lastWriteError;

    SwapBackedFile(
            MappingContext context, FolioReclaimer reclaimer, SwapArea swapArea, long sizeBytes, int maximumOrder) {
        super(context, reclaimer, sizeBytes, true);
        this.swapArea = swapArea;
        this.maximumOrder = maximumOrder;
        folios = context.folios();
        lru = context.accounting().lru();
        swapTable = context.swapTable();
        entries = space().swapEntries();
    }

    /** Errors of swapping out so far. */
    long nrWriteErrors() {
        return nrWriteErrors.get();
    }

    /** The last of them; null if there was none. */
    @Nullable
    IOException lastWriteError() {
        return lastWriteError;
    }

    // ---- in

    @Override
    boolean isWritable() {
        return true;
    }

    @Override
    boolean isHole(FolioLookup lookup, long index) {
        return lookup.isEmpty(index);
    }

    @Override
    void fill(FolioLookup lookup, Readahead readahead, long index, long nrPages) throws IOException {
        if (!swapIn(lookup, index)) {
            addPage(index);
        }
    }

    /** A hole is filled with a folio as large as there is room for, up to what one leaf maps. */
    @Override
    void bringIn(@Nullable Readahead readahead, long index) throws IOException {
        if (!swapIn(index) && !addLarge(index)) {
            addPage(index);
        }
    }

    /**
     * Fills a hole around a page with a large folio that does not reach behind the end; false if there is no room for
     * one, or no memory.
     */
    private boolean addLarge(long index) {
        long endIndex = FileRange.pagesOf(sizeBytes());
        for (int order = Math.min(maximumOrder, Geometry.PMD_ORDER); order > SINGLE_PAGE; order--) {
            long start = Geometry.alignDown(index, order);
            long end = start + Geometry.pagesIn(order);
            if (end <= endIndex && space().indexed().holeEnd(start, end) == end) {
                long folio = folios.allocate(order);
                int result = folio == 0 ? Errno.ENOMEM : addAndGiveUp(folio, start);
                if (result == Errno.OK) {
                    return true;
                }
            }
        }
        return false;
    }

    private int addAndGiveUp(long folio, long startIndex) {
        try {
            return addAndRead(folio, startIndex);
        } finally {
            folios.unpin(folio);
        }
    }

    /** What is new is zero. */
    @Override
    void read(long folio) {
        zeroFrom(folio, 0);
        setUptodate(folio);
    }

    @Override
    boolean swapIn(FolioLookup lookup, long index) throws IOException {
        return !lookup.isEmpty(index) && swapIn(index);
    }

    private boolean swapIn(long index) throws IOException {
        int nrFruitless = 0;
        int order = entries.orderAt(index);
        while (order >= 0) {
            int result = swapInEntry(index, order);
            if (result == Errno.OK) {
                return true;
            }
            boolean splitOff = result == Errno.ENOMEM && order > 0 && splitOff(index);
            if (result == Errno.ENOMEM && !splitOff) {
                nrFruitless = reclaimer().reclaimForAllocation(1, nrFruitless);
            }
            order = entries.orderAt(index);
        }
        return false;
    }

    /**
     * Makes a page of a large entry an entry of its own, so that it can come in alone; false without memory for that.
     */
    private boolean splitOff(long index) {
        long slot = entries.slotAt(index);
        // If it is not there any more, the next look tells.
        return slot == SwapTable.NO_SLOT || entries.splitEntry(index, slot, SINGLE_PAGE) != Errno.ENOMEM;
    }

    /** One attempt to bring an entry in as a whole; 0, ENOMEM, or EAGAIN if it has changed meanwhile. */
    private int swapInEntry(long index, int order) throws IOException {
        long folio = folios.allocate(order);
        if (folio == 0) {
            return Errno.ENOMEM;
        }
        long slot;
        folios.lock(folio);
        try {
            slot = entries.cache(folio, index);
            if (slot >= 0) {
                return readAndInsert(folio, Geometry.alignDown(index, order), slot);
            }
        } finally {
            folios.unlock(folio);
            folios.unpin(folio);
        }
        if (slot == Errno.EEXIST) {
            awaitSwapIn(index);
        }
        return Errno.EAGAIN;
    }

    /** Fills a folio that is in the swap cache, and puts it in the place of its entry. */
    private int readAndInsert(long folio, long startIndex, long slot) throws IOException {
        boolean inserted = false;
        try {
            swapArea.read(folio, slot);
            PageStruct.getAndSetFlags(folio, DIRTY);
            setUptodate(folio);
            int result = entries.swapIn(folio, startIndex, slot);
            inserted = result == Errno.OK;
            if (inserted) {
                lru.add(folio);
            }
            return result == Errno.EEXIST ? Errno.EAGAIN : result;
        } finally {
            if (!inserted) {
                swapTable.remove(folio);
            }
        }
    }

    /**
     * Waits for who is bringing a page in. Entries only get smaller, so whoever claims a part of one claims all of it.
     */
    private void awaitSwapIn(long index) {
        long slot = entries.slotAt(index);
        long folio = slot == SwapTable.NO_SLOT ? 0 : swapTable.pin(slot);
        if (folio != 0) {
            folios.lock(folio);
            folios.unlock(folio);
            folios.unpin(folio);
        }
    }

    // ---- out

    @Override
    void markDirty(long folio) {
        PageStruct.getAndSetFlags(folio, DIRTY);
    }

    /** There is nowhere that it is kept. */
    @Override
    void sync() {}

    /** Swaps a folio out, in pieces if there is no run of slots for it. */
    @Override
    long evictPinned(long folio) {
        boolean isolated = lru.isolate(folio);
        folios.unpin(folio);
        return isolated ? reclaimer().reclaimWhole(folio) : 0;
    }

    @Override
    boolean writeForEviction(long folio) {
        return true;
    }

    @Override
    boolean mayLeave(long folio) {
        return swapArea.isOn();
    }

    @Override
    int tryEvict(long folio) {
        if (!swapArea.isOn()) {
            return Errno.EBUSY;
        }
        if (!writebackLock().tryLockShared()) {
            return Errno.EAGAIN;
        }
        try {
            if (!isUptodate(folio)) {
                // Who was to write the first bytes to it has failed.
                read(folio);
            }
            if (!PageFlag.DIRTY.isSet(PageStruct.flagsAcquire(folio))) {
                return space().indexed().tryEvict(folio) ? Errno.OK : Errno.EBUSY;
            }
            return swapOut(folio);
        } finally {
            writebackLock().unlockShared();
        }
    }

    private int swapOut(long folio) {
        int order = FolioStruct.order(folio);
        long nrPages = Geometry.pagesIn(order);
        // Exact for who has pinned a page to write to it, and may have unpinned it when the folio is replaced: the
        // folio was unmapped, and what maps it cannot come back while it is locked. Who pins by a leaf finds it gone
        // after taking the reference, or took it before the leaf gave its own back, which this load (acquire) sees.
        // For others a hint, to spare the write: replacing the folio is exact.
        if (References.count(folio) != nrPages + 1) {
            return Errno.EBUSY;
        }
        // So that it is zero in swap, where nobody zeroes it when the file grows.
        zeroBehindEnd(folio, Long.MAX_VALUE);
        long slot = swapArea.allocate(order);
        if (slot == SwapTable.NO_SLOT) {
            return order > 0 && swapArea.hasFreeSlots() ? Errno.ENOSPC : Errno.EBUSY;
        }
        boolean replaced = false;
        try {
            // In this order: whoever finds the slots in the index reads them.
            replaced = write(folio, slot) && entries.tryReplace(folio, slot);
        } finally {
            if (!replaced) {
                swapTable.free(slot, nrPages);
            }
        }
        if (replaced) {
            PageStruct.getAndClearFlags(folio, DIRTY);
        }
        return replaced ? Errno.OK : Errno.EBUSY;
    }

    private boolean write(long folio, long slot) {
        try {
            swapArea.write(folio, slot);
            return true;
        } catch (IOException e) {
            // Not thrown: who reclaims may be in a call on something else, and must go on.
            lastWriteError = e;
            // RMW, after the error: who sees the number raised (volatile load) sees the error.
            nrWriteErrors.getAndIncrement();
            return false;
        }
    }

    // ---- size and holes

    @Override
    void grow(long newSizeBytes) {
        zeroBeforeGrowing(newSizeBytes);
        sizeBytes(newSizeBytes);
    }

    /** Swapping out needs no mark: it writes what is there, and zero behind the end as it is then. */
    @Override
    void noteGrown(long oldSizeBytes) {}

    @Override
    void shrink(long newSizeBytes, SplitPolicy policy) throws IOException {
        cut(newSizeBytes, newSizeBytes, () -> {
            sizeBytes(newSizeBytes);
            space().truncation().removeRange(newSizeBytes, Long.MAX_VALUE, policy);
        });
    }

    @Override
    void punchHoleWithin(long offsetBytes, long endBytes, SplitPolicy policy) throws IOException {
        cut(offsetBytes, endBytes, () -> space().truncation().removeRange(offsetBytes, endBytes, policy));
    }

    /**
     * Cuts at two places, with everything prepared that the cut may want: pages that it cuts through are where they can
     * be zeroed (shmem_get_partial_folio), and swap entries begin and end where it does. Those pages are held until
     * nobody swaps out any more: with little memory, each could come in only in the place of the other, for ever.
     */
    private void cut(long startBytes, long endBytes, Runnable removal) throws IOException {
        int nrFruitless = 0;
        int result = Errno.EAGAIN;
        long[] held = new long[2];
        while (result != Errno.OK) {
            try {
                held[0] = bringInPageCutAt(startBytes);
                held[1] = bringInPageCutAt(endBytes);
                result = tryCut(startBytes, endBytes, held, removal);
                if (result == Errno.ENOMEM) {
                    // Without the lock, which swapping out needs.
                    nrFruitless = reclaimer().reclaimForAllocation(1, nrFruitless);
                }
            } finally {
                unpinAll(held);
            }
        }
    }

    /** One attempt: 0; ENOMEM; or EAGAIN if a page that is cut through was swapped out again before it was held. */
    private int tryCut(long startBytes, long endBytes, long[] held, Runnable removal) {
        writebackLock().lockExclusive();
        try {
            int result = prepareCutAt(startBytes);
            result = result == Errno.OK ? prepareCutAt(endBytes) : result;
            if (result == Errno.OK) {
                // Before the removal, which splits them.
                unpinAll(held);
                removal.run();
            }
            return result;
        } finally {
            writebackLock().unlockExclusive();
        }
    }

    /** Brings a page in that is cut through, and pins its folio; 0 if there is no such page, or it is a hole. */
    private long bringInPageCutAt(long atBytes) throws IOException {
        if (isPageBoundary(atBytes)) {
            return 0;
        }
        long index = atBytes >>> Geometry.PAGE_SHIFT;
        swapIn(index);
        return space().indexed().pinNext(index, index);
    }

    /** Gives back what is held, and forgets it. */
    private void unpinAll(long[] held) {
        for (int i = 0; i < held.length; i++) {
            long folio = held[i];
            held[i] = 0;
            if (folio != 0) {
                folios.unpin(folio);
            }
        }
    }

    private int prepareCutAt(long atBytes) {
        long index = atBytes >>> Geometry.PAGE_SHIFT;
        if (isPageBoundary(atBytes)) {
            return entries.splitter().splitBefore(index);
        }
        return entries.orderAt(index) < 0 ? Errno.OK : Errno.EAGAIN;
    }

    private static boolean isPageBoundary(long atBytes) {
        return (atBytes & (Geometry.PAGE_BYTES - 1)) == 0;
    }

    /** Drops everything, in memory and in swap; nobody has it open any more. */
    void close() {
        writebackLock().lockExclusive();
        try {
            space().close();
        } finally {
            writebackLock().unlockExclusive();
        }
    }
}
