/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.MemoryPressure;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.Region;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Maps pages of a cached file, or of shared memory, where a region shows them, with as much of their folio as fits
 * (filemap_fault, shmem_fault, filemap_map_pages, finish_fault, do_set_pmd; do_shared_fault and do_wp_page for writes).
 *
 * <p>A page is brought in as for a reader. It is mapped under the lock of its folio, once that is known to be in the
 * index still, up to date, and before the end of the file: who cuts it off, evicts it or splits it unmaps it under the
 * same lock before, so no leaf is ever left that shows what is gone.
 *
 * <p>Nor is a leaf writable unless its folio is dirty (I18): a fault for writing makes it so first, one for reading
 * maps a clean folio without letting anybody write, and writeback takes the leave back before it takes the folio for
 * clean. As {@link OpenFile#write}, a fault for writing does not wait for a writeback: the folio is dirty again then.
 *
 * <p>Thread-safe, blocking as a reader of what is not cached is. Allocates nothing on the heap where the page is
 * cached, but for waiting.
 */
final class FileFault {
    private static final int PMD_PAGES = 1 << Geometry.PMD_ORDER;

    /** Searches for memory in a row, the first of them for what is free in a moment, after which there is none. */
    private static final int MAX_VAIN_SEARCHES = 2;

    private final Inode file;
    private final Folios folios;
    private final MemoryPressure pressure;
    private final Rcu rcu;
    private final PageTables tables;
    private final long start;
    private final long firstIndex;
    private final long endIndex;
    private final boolean writable;

    /** Guarded by its lock, which nobody waits for: of faults that come at the same time one reads ahead. */
    private final Readahead readahead;

    private final ReentrantLock readaheadLock = new ReentrantLock();

    FileFault(
            Inode file, MappingContext context, PageTables tables, Region region, boolean writable, int maximumOrder) {
        this.file = file;
        this.tables = tables;
        this.writable = writable;
        folios = context.folios();
        pressure = context.pressure();
        rcu = context.rcu();
        start = region.start();
        firstIndex = region.firstIndex();
        endIndex = firstIndex + region.nrPages();
        readahead = new Readahead(file.space(), maximumOrder);
    }

    /**
     * Maps the page that belongs at an address of the region; to be written to only if the region is writable. The
     * caller holds no lock that ranks after {@link LockRank#MEMORY_MAP}.
     *
     * @return 0 if it is mapped now; EFAULT if it lies behind the end of the file; EOVERFLOW if its folio is mapped too
     *     often; ENOMEM if there is no memory, nor any to reclaim but the page's folio
     * @throws IOException if it cannot be read
     */
    int handle(long address, boolean forWriting) throws IOException {
        long index = firstIndex + ((address - start) >>> Geometry.PAGE_SHIFT);
        int nrVain = 0;
        int result = Errno.EAGAIN;
        try {
            while (result == Errno.EAGAIN && index < endOfFile()) {
                result = tryMap(index, forWriting, nrVain);
                if (result == Errno.ENOENT) {
                    // It is in the index but cannot be read with its neighbours.
                    file.addPage(index);
                    result = Errno.EAGAIN;
                } else if (result > 0) {
                    nrVain = result;
                    result = Errno.EAGAIN;
                }
            }
        } catch (OutOfMemoryError e) {
            return Errno.ENOMEM;
        }
        return result == Errno.EAGAIN ? Errno.EFAULT : result;
    }

    private long endOfFile() {
        return FileRange.pagesOf(file.sizeBytes());
    }

    /**
     * Looks for memory for page tables; what was freed before counts as free, whether or not readers have left. The
     * caller holds the folio that is to be mapped: if that were taken, it would come in again, and find no memory for
     * its page tables again.
     *
     * @param nrVain how many searches in a row were in vain before
     * @return how many are by now
     */
    private int findMemory(int nrVain) {
        if (nrVain > 0 && pressure.relieve(1)) {
            return nrVain;
        }
        // Another thread may have got memory for itself meanwhile, and more than it took.
        rcu.barrier();
        return nrVain + 1;
    }

    /**
     * One attempt; EAGAIN if the page was brought in, or has changed meanwhile; ENOENT if it has to come alone; if
     * there was no memory for page tables, but may be now, how many searches for it were in vain, as a number above 0.
     */
    private int tryMap(long index, boolean forWriting, int nrVain) throws IOException {
        long folio = file.space().indexed().pinNext(index, index);
        if (folio == 0) {
            bringIn(index);
            return Errno.EAGAIN;
        }
        int result;
        long end;
        try {
            folios.lock(folio);
            try {
                result = mapLocked(folio, index, forWriting);
            } finally {
                folios.unlock(folio);
            }
            end = PageStruct.index(folio) + Geometry.pagesIn(FolioStruct.order(folio));
            if (result == Errno.ENOMEM && nrVain < MAX_VAIN_SEARCHES) {
                result = findMemory(nrVain);
            }
        } finally {
            folios.unpin(folio);
        }
        if (result == Errno.OK) {
            readOn(index, Math.min(end, endIndex));
        }
        return result;
    }

    private int mapLocked(long folio, long index, boolean forWriting) throws IOException {
        if (!file.isOwn(folio)) {
            return Errno.EAGAIN;
        }
        if (!Inode.isUptodate(folio) && !file.readOrDrop(folio)) {
            return Errno.ENOENT;
        }
        // The size under the lock: who cuts stores it before, and unmaps what it leaves of the folio after.
        long end = endOfFile();
        if (index >= end) {
            return Errno.EFAULT;
        }
        if (forWriting) {
            file.markDirty(folio);
        }
        int result = forWriting && tables.allowWriting(addressOf(index), folio, index - PageStruct.index(folio))
                ? Errno.OK
                : mapAround(folio, index, end);
        if (result == Errno.OK) {
            noteUse(folio, index);
        }
        return result;
    }

    private static void noteUse(long folio, long index) {
        long startBytes = (index - PageStruct.index(folio)) << Geometry.PAGE_SHIFT;
        FolioUse.touch(folio, FolioStruct.order(folio), startBytes, Geometry.PAGE_BYTES);
        FolioUse.markAccessed(folio);
    }

    /**
     * Maps the page, and around it what is vacant: of a large folio all that one leaf or one table has room for. Pages
     * behind the end of the file are never mapped: who touches one faults. What is dirty already may be written to.
     */
    private int mapAround(long folio, long index, long endOfFile) {
        int order = FolioStruct.order(folio);
        long folioStart = PageStruct.index(folio);
        long low = Math.max(folioStart, firstIndex);
        long high = Math.min(folioStart + Geometry.pagesIn(order), Math.min(endOfFile, endIndex));
        boolean mayWrite = writable && PageFlag.DIRTY.isSet(PageStruct.flagsAcquire(folio));
        int result = order < Geometry.PMD_ORDER ? Errno.EEXIST : mapLarge(folio, index, low, high, mayWrite);
        for (int window = Math.min(order, Geometry.PMD_ORDER); result == Errno.EEXIST && window >= 0; window--) {
            long block = Geometry.alignDown(index, window);
            long from = Math.max(block, low);
            long to = Math.min(block + Geometry.pagesIn(window), high);
            result = tables.map(addressOf(from), folio, from - folioStart, to - from, mayWrite);
        }
        // If something is mapped there, somebody else was faster.
        return result == Errno.EEXIST ? Errno.OK : result;
    }

    /** Maps 2 MiB of a folio with one leaf; EEXIST if they do not fit. */
    private int mapLarge(long folio, long index, long low, long high, boolean mayWrite) {
        long block = Geometry.alignDown(index, Geometry.PMD_ORDER);
        boolean fits = block >= low
                && block + PMD_PAGES <= high
                && Geometry.isAligned(addressOf(block) >>> Geometry.PAGE_SHIFT, Geometry.PMD_ORDER);
        return fits
                ? tables.mapHuge(addressOf(block), folio, block - PageStruct.index(folio), Geometry.PMD_ORDER, mayWrite)
                : Errno.EEXIST;
    }

    private long addressOf(long index) {
        return start + ((index - firstIndex) << Geometry.PAGE_SHIFT);
    }

    /** Brings a page in that is not cached, and what follows, unless another fault does that just now. */
    private void bringIn(long index) throws IOException {
        if (!readaheadLock.tryLock()) {
            file.bringIn(null, index);
            return;
        }
        try {
            file.bringIn(readahead, index);
        } finally {
            readaheadLock.unlock();
        }
    }

    /** Brings the next window in when a fault enters the last one; the next fault comes behind what was mapped. */
    private void readOn(long index, long end) {
        if (readaheadLock.tryLock()) {
            try {
                if (readahead.isDue(index, end - index)) {
                    readahead.read(index, end - index);
                }
            } finally {
                readaheadLock.unlock();
            }
        }
    }
}
