/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.RankedLock;
import dev.quire.engine.lock.RankedReadWriteLock;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What is open as an {@link OpenFile}: bytes in folios, found through an address space, and a way to bring in what is
 * not in memory and to let go of what is (struct inode with its i_data, file operations and address_space_operations).
 *
 * <p>Locks, outer to inner:
 * <ol>
 *   <li>the inode lock ({@link LockRank#INODE}): writes and changes of the size and of holes come one at a time
 *       (i_rwsem);
 *   <li>the writeback lock ({@link LockRank#WRITEBACK}): shared by whoever writes folios to where they come from,
 *       exclusive for whoever cuts ranges off, so that nothing arrives where something was just cut (the kernel waits
 *       for writeback folio by folio instead);
 *   <li>folio locks: filling a folio, writing to it and deciding to write it back.
 * </ol>
 * Readers of pages in memory take none of them.
 */
abstract sealed class Inode permits CachedFile, SwapBackedFile {
    private static final int SINGLE_PAGE = 0;
    private static final long UPTODATE = PageFlag.UPTODATE.mask();

    private final AddressSpace space;
    private final Folios folios;
    private final LruLists lru;
    private final PageArena arena;
    private final FolioReclaimer reclaimer;
    private final WritebackErrors errors = new WritebackErrors();
    private final RankedLock inodeLock;
    private final RankedReadWriteLock writebackLock;

    Inode(MappingContext context, FolioReclaimer reclaimer, long sizeBytes, boolean swapBacked) {
        this.reclaimer = reclaimer;
        folios = context.folios();
        lru = context.accounting().lru();
        arena = context.arena();
        inodeLock = new RankedLock(context.lockOrder(), LockRank.INODE);
        writebackLock = new RankedReadWriteLock(context.lockOrder(), LockRank.WRITEBACK);
        FileRange.requireSize(sizeBytes);
        space = AddressSpace.openFor(this, context, swapBacked);
        space.extend(sizeBytes);
    }

    final AddressSpace space() {
        return space;
    }

    final WritebackErrors errors() {
        return errors;
    }

    final FolioReclaimer reclaimer() {
        return reclaimer;
    }

    final RankedLock inodeLock() {
        return inodeLock;
    }

    final RankedReadWriteLock writebackLock() {
        return writebackLock;
    }

    /** Size as its readers see it; acquire: what was written before it grew is seen. */
    final long sizeBytes() {
        return AddressSpaceStruct.sizeBytesAcquire(space.address());
    }

    /** Sets the size; the caller holds the inode lock and, to make it smaller, the writeback lock. */
    final void sizeBytes(long sizeBytes) {
        AddressSpaceStruct.sizeBytesRelease(space.address(), sizeBytes);
    }

    /** Whether a locked folio is still in this address space. */
    final boolean isOwn(long folio) {
        return PageStruct.mapping(folio) == space.address();
    }

    /** Whether the bytes of a pinned folio are valid; acquire: then they are seen. */
    static boolean isUptodate(long folio) {
        return (PageStruct.flagsAcquire(folio) & UPTODATE) != 0;
    }

    static void setUptodate(long folio) {
        // RMW, so release: who finds the flag set (acquire) sees the bytes.
        PageStruct.getAndSetFlags(folio, UPTODATE);
    }

    // ---- bytes into memory

    /** Whether it may be written to. */
    abstract boolean isWritable() throws IOException;

    /** Whether a page is nowhere, and so reads as zero; false if that is not known without bringing it in. */
    abstract boolean isHole(FolioLookup lookup, long index);

    /**
     * Brings a page back that is in swap, and perhaps its neighbours.
     *
     * @return false if it is not in swap, or not any more
     * @throws IOException if it cannot be read; it is in swap as before then
     * @throws OutOfMemoryError if there is no memory for it
     */
    abstract boolean swapIn(FolioLookup lookup, long index) throws IOException;

    /**
     * Brings pages in that are not in memory, and perhaps what follows them.
     *
     * @throws IOException if the first page cannot be read, and will not be in memory
     * @throws OutOfMemoryError if there is no memory for the first page
     */
    abstract void fill(FolioLookup lookup, Readahead readahead, long index, long nrPages) throws IOException;

    /**
     * Brings a page in that is not in memory, for a fault, and perhaps its neighbours.
     *
     * @param readahead what to read ahead with; null if that is to be left to another fault
     * @throws IOException if it cannot be read, and will not be in memory
     * @throws OutOfMemoryError if there is no memory for it
     */
    abstract void bringIn(@Nullable Readahead readahead, long index) throws IOException;

    /** Reads the bytes of a locked folio, which are valid from then on; what lies beyond the end is zero. */
    abstract void read(long folio) throws IOException;

    /** Adds a folio and then reads its bytes (filemap_add_folio, read_folio); the order keeps them apart from cuts. */
    final int addAndRead(long folio, long startIndex) {
        int result = addLocked(folio, startIndex);
        if (result == Errno.OK) {
            try {
                read(folio);
            } catch (IOException e) {
                // The folio is not up to date: who wants its bytes tries again, and is told.
                return Errno.OK;
            } finally {
                folios.unlock(folio);
            }
        }
        return result;
    }

    /** Adds a new folio, locked and not yet up to date; if that fails it is unlocked again. */
    final int addLocked(long folio, long startIndex) {
        folios.lock(folio);
        int result = Errno.EBUSY;
        try {
            result = space.indexed().add(folio, startIndex);
        } finally {
            if (result == Errno.OK) {
                lru.add(folio);
            } else {
                folios.unlock(folio);
            }
        }
        return result;
    }

    /**
     * Waits until the folio at an index is filled, and reads it again if that has failed (filemap_update_page); one
     * that is large is then dropped, and the page read alone.
     */
    final void readAgain(FolioLookup lookup, long index) throws IOException {
        long folio = lookup.pin(index);
        boolean readable = true;
        if (folio != 0) {
            try {
                folios.lock(folio);
                readable = readUnlessUptodate(folio);
            } finally {
                folios.unpin(folio);
            }
        }
        if (!readable) {
            addPage(index);
        }
    }

    private boolean readUnlessUptodate(long folio) throws IOException {
        try {
            return !isOwn(folio) || isUptodate(folio) || readOrDrop(folio);
        } finally {
            folios.unlock(folio);
        }
    }

    /**
     * Reads the bytes of a locked folio of this file that is not up to date. If that fails, and the folio is large,
     * only some of its pages may be to blame: then it is dropped, so that each can come alone.
     *
     * @return false if the folio was dropped
     * @throws IOException if it cannot be read, and has one page; it stays, not up to date
     */
    final boolean readOrDrop(long folio) throws IOException {
        try {
            read(folio);
            return true;
        } catch (IOException e) {
            if (FolioStruct.order(folio) == SINGLE_PAGE) {
                throw e;
            }
            // Nobody has seen its bytes, and nothing is newer in it than in the file.
            space.indexed().remove(folio);
            return false;
        }
    }

    /** Makes a page that is not in memory a folio of its own, unless somebody else does something with it. */
    final void addPage(long index) {
        int nrFruitless = 0;
        int result = Errno.ENOMEM;
        while (result == Errno.ENOMEM) {
            long folio = folios.allocate(SINGLE_PAGE);
            if (folio != 0) {
                try {
                    result = addAndRead(folio, index);
                } finally {
                    folios.unpin(folio);
                }
            }
            if (result == Errno.ENOMEM) {
                nrFruitless = reclaimer.reclaimForAllocation(1, nrFruitless);
            }
        }
    }

    /** Makes the bytes of a locked folio zero from one of them, counted from its start, to its end. */
    final void zeroFrom(long folio, long startBytes) {
        long folioBytes = Geometry.bytesIn(FolioStruct.order(folio));
        NativeMemory.fill(arena.frameOf(folio) + startBytes, folioBytes - startBytes, (byte) 0);
    }

    /**
     * Makes what an up-to-date, locked folio has from the end of the file on zero, up to a size that the file may get
     * soon. Who writes through page tables may have left something there, in the last page.
     */
    final void zeroBehindEnd(long folio, long newSizeBytes) {
        long start = PageStruct.index(folio) << Geometry.PAGE_SHIFT;
        long folioBytes = Geometry.bytesIn(FolioStruct.order(folio));
        long from = Math.clamp(sizeBytes() - start, 0, folioBytes);
        long to = Math.clamp(newSizeBytes - start, from, folioBytes);
        NativeMemory.fill(arena.frameOf(folio) + from, to - from, (byte) 0);
    }

    /** Makes zero what the file gets when it grows to a size; the caller holds the inode lock, and then sets it. */
    final void zeroBeforeGrowing(long newSizeBytes) {
        long index = sizeBytes() >>> Geometry.PAGE_SHIFT;
        long folio = space.indexed().pinNext(index, index);
        if (folio != 0) {
            folios.lock(folio);
            if (isOwn(folio) && isUptodate(folio)) {
                zeroBehindEnd(folio, newSizeBytes);
            }
            folios.unlock(folio);
            folios.unpin(folio);
        }
    }

    /**
     * Has what the last page had behind its old end kept where it belongs, after a write behind it has made the file
     * longer; the caller holds the inode lock. What somebody has stored there through page tables, since it was made
     * zero, is the file's now, but a writeback may have taken the folio for clean when it was not yet.
     */
    abstract void noteGrown(long oldSizeBytes);

    // ---- bytes out of memory

    /** Notes that a locked folio has been written to. */
    abstract void markDirty(long folio);

    /** Has all that was written kept where it belongs; errors go to {@link #errors}. */
    abstract void sync();

    /**
     * Takes folios that lie in a range as a whole out of memory, unless somebody holds them; returns their pages. A
     * page lies in the range if all its bytes do that there are.
     */
    final long evict(long startBytes, long endBytes) {
        long firstIndex = FileRange.pagesOf(startBytes);
        long endIndex = endBytes < sizeBytes() ? endBytes >>> Geometry.PAGE_SHIFT : FileRange.pagesOf(endBytes);
        long nrEvicted = 0;
        long next = firstIndex;
        long folio = next < endIndex ? space.indexed().pinNext(next, endIndex - 1) : 0;
        while (folio != 0) {
            long start = PageStruct.index(folio);
            long nrPages = Geometry.pagesIn(FolioStruct.order(folio));
            next = start + nrPages;
            if (start < firstIndex || next > endIndex) {
                folios.unpin(folio);
            } else {
                nrEvicted += evictPinned(folio);
            }
            folio = next < endIndex ? space.indexed().pinNext(next, endIndex - 1) : 0;
        }
        return nrEvicted;
    }

    /**
     * Takes a folio out of memory, unless somebody holds it; returns its pages. Gives the caller's reference back
     * anyway.
     */
    abstract long evictPinned(long folio);

    /**
     * Writes a locked folio that is about to be evicted, if it must be written.
     *
     * @return whether the folio is locked still, or again
     */
    abstract boolean writeForEviction(long folio);

    /**
     * Whether a locked folio can go once nothing maps it and nobody holds it, as far as its flags tell: a hint, so that
     * it is not unmapped in vain.
     */
    abstract boolean mayLeave(long folio);

    /**
     * Takes a locked folio out of the index, which the caller has pinned, if nothing is lost and nobody else holds it.
     *
     * @return 0; EBUSY if it has to stay; EAGAIN if it may go once {@link #awaitTransfer} has returned; ENOSPC if there
     *     is no room for so large a folio, but for smaller ones
     */
    abstract int tryEvict(long folio);

    /**
     * Waits until no range is being cut off, and then until one of the folios that are on their way out has arrived.
     * Takes the writeback lock: the caller holds none that ranks after it, and no folio.
     */
    void awaitTransfer() {
        writebackLock.lockShared();
        writebackLock.unlockShared();
    }

    /** Whether ranges are being cut off just now, or somebody waits to do so: a hint. */
    final boolean isBeingCut() {
        boolean free = writebackLock.tryLockShared();
        if (free) {
            writebackLock.unlockShared();
        }
        return !free;
    }

    // ---- size and holes

    /** Sets the size. If that fails, nothing has changed. */
    final void truncate(long newSizeBytes, SplitPolicy policy) throws IOException {
        inodeLock.lock();
        try {
            long before = sizeBytes();
            if (newSizeBytes < before) {
                shrink(newSizeBytes, policy);
            } else if (newSizeBytes > before) {
                grow(newSizeBytes);
            }
        } finally {
            inodeLock.unlock();
        }
    }

    /** Makes it larger, with zeroes; the caller holds the inode lock. */
    abstract void grow(long newSizeBytes) throws IOException;

    /** Makes it smaller, or throws and changes nothing; the caller holds the inode lock. */
    abstract void shrink(long newSizeBytes, SplitPolicy policy) throws IOException;

    /** Makes a range read as zero, as far as there is any. */
    final void punchHole(long offsetBytes, long lengthBytes, SplitPolicy policy) throws IOException {
        inodeLock.lock();
        try {
            long end = Math.min(offsetBytes + lengthBytes, sizeBytes());
            if (offsetBytes < end) {
                punchHoleWithin(offsetBytes, end, policy);
            }
        } finally {
            inodeLock.unlock();
        }
    }

    /** Makes a range, of which all is there, read as zero; the caller holds the inode lock. */
    abstract void punchHoleWithin(long offsetBytes, long endBytes, SplitPolicy policy) throws IOException;
}
