/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * One file with its cached folios, shared by all who have it open (struct inode with its i_data).
 *
 * <p>Locks, outer to inner:
 * <ol>
 *   <li>the inode lock: writes and changes of the size and of holes come one at a time (i_rwsem);
 *   <li>the writeback lock: shared by whoever writes back, exclusive for whoever cuts ranges off, so that no bytes arrive
 *       where the file was just cut (the kernel waits for writeback folio by folio instead);
 *   <li>folio locks: filling a folio, writing to it and deciding to write it back.
 * </ol>
 * Readers of cached pages take none of them.
 *
 * <p>A cut is made in the file first and then in the cache. So what the file refuses leaves the cache as it was. And who fills
 * a folio meanwhile needs no lock against it: a folio is in the index before its bytes are read, so either the cut finds it
 * there, and waits until it is filled, or the bytes are read after the file was cut. (The kernel cuts the cache first and keeps
 * fills away with its invalidate_lock.)
 */
final class CachedFile {
    private static final long UPTODATE = PageFlag.UPTODATE.mask();

    private final AddressSpace space;
    private final BackingFile backing;
    private final Folios folios;
    private final LruLists lru;
    private final PageArena arena;
    private final FolioReclaimer reclaimer;
    private final Writeback writeback;
    private final WritebackErrors errors = new WritebackErrors();
    private final ReentrantLock inodeLock = new ReentrantLock();
    private final ReentrantReadWriteLock writebackLock = new ReentrantReadWriteLock();

    /** One sync of the file at a time: what it is asked to keep is what another one has not been told of. Taken before folio locks. */
    private final ReentrantLock syncLock = new ReentrantLock();

    CachedFile(MappingContext context, BackingFile backing, FolioReclaimer reclaimer) throws IOException {
        this.backing = backing;
        this.reclaimer = reclaimer;
        folios = context.folios();
        lru = context.accounting().lru();
        arena = context.arena();
        long sizeBytes = backing.sizeBytes();
        FileRange.requireSize(sizeBytes);
        space = AddressSpace.openFor(this, context);
        space.extend(sizeBytes);
        writeback = new Writeback(this, context, space);
    }

    AddressSpace space() {
        return space;
    }

    BackingFile backing() {
        return backing;
    }

    Writeback writeback() {
        return writeback;
    }

    WritebackErrors errors() {
        return errors;
    }

    FolioReclaimer reclaimer() {
        return reclaimer;
    }

    ReentrantLock inodeLock() {
        return inodeLock;
    }

    ReentrantReadWriteLock writebackLock() {
        return writebackLock;
    }

    /** Size of the file as its readers see it; acquire: what was written before it grew is seen. */
    long sizeBytes() {
        return AddressSpaceStruct.sizeBytesAcquire(space.address());
    }

    /** Sets the size; the caller holds the inode lock and, to make the file smaller, the writeback lock. */
    void sizeBytes(long sizeBytes) {
        AddressSpaceStruct.sizeBytesRelease(space.address(), sizeBytes);
    }

    // ---- bytes of the file into the cache

    /**
     * Brings pages in that are not cached, and perhaps what follows them. Errors of the file are left to who looks at the
     * pages: they are then cached, but not up to date.
     *
     * @throws OutOfMemoryError if there is no memory for the first page
     */
    void fill(Readahead readahead, long index, long nrPages) {
        // A read larger than memory must use what it has brought in before it brings in more, or it would bring it in
        // again.
        long wanted = Math.min(nrPages, readahead.largestWindowPages());
        int nrFruitless = 0;
        while (readahead.read(index, wanted) != Errno.OK && !space.indexed().contains(index)) {
            nrFruitless = reclaimer.reclaimForAllocation(1, nrFruitless);
        }
    }

    /** Adds a folio and then reads its bytes (filemap_add_folio, read_folio); the order keeps them apart from cuts. */
    int addAndRead(long folio, long startIndex) {
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
    int addLocked(long folio, long startIndex) {
        folios.lock(folio);
        int result = space.indexed().add(folio, startIndex);
        if (result == Errno.OK) {
            lru.add(folio);
        } else {
            folios.unlock(folio);
        }
        return result;
    }

    /** Reads the bytes of a locked folio; what lies beyond the end of the file is zero. */
    void read(long folio) throws IOException {
        long offsetBytes = PageStruct.index(folio) << Geometry.PAGE_SHIFT;
        long folioBytes = Geometry.bytesIn(FolioStruct.order(folio));
        long frame = arena.frameOf(folio);
        int nrRead = 0;
        int nrBytes = (int) Math.clamp(sizeBytes() - offsetBytes, 0, folioBytes);
        if (nrBytes > 0) {
            ByteBuffer into = NativeMemory.segment(frame, nrBytes).asByteBuffer();
            backing.read(into, offsetBytes);
            nrRead = into.position();
        }
        NativeMemory.fill(frame + nrRead, folioBytes - nrRead, (byte) 0);
        // RMW, so release: who finds the flag set (acquire) sees the bytes.
        PageStruct.getAndSetFlags(folio, UPTODATE);
    }

    /** Whether the bytes of a pinned folio are valid; acquire: then they are seen. */
    static boolean isUptodate(long folio) {
        return (PageStruct.flagsAcquire(folio) & UPTODATE) != 0;
    }

    static void setUptodate(long folio) {
        PageStruct.getAndSetFlags(folio, UPTODATE);
    }

    /** Waits until the folio at an index is filled, and reads it again if that has failed (filemap_update_page). */
    void readAgain(FolioLookup lookup, long index) throws IOException {
        long folio = lookup.pin(index);
        if (folio != 0) {
            try {
                folios.lock(folio);
                readUnlessUptodate(folio);
            } finally {
                folios.unpin(folio);
            }
        }
    }

    private void readUnlessUptodate(long folio) throws IOException {
        try {
            if (isOwn(folio) && !isUptodate(folio)) {
                read(folio);
            }
        } finally {
            folios.unlock(folio);
        }
    }

    /** Whether a locked folio is still in this file. */
    boolean isOwn(long folio) {
        return PageStruct.mapping(folio) == space.address();
    }

    // ---- size and holes

    /** Sets the size. If the file refuses, nothing has changed. */
    void truncate(long newSizeBytes, SplitPolicy policy) throws IOException {
        inodeLock.lock();
        try {
            long before = sizeBytes();
            if (newSizeBytes < before) {
                shrink(newSizeBytes, policy);
            } else if (newSizeBytes > before) {
                backing.resize(newSizeBytes);
                // Nothing else to do: behind the end, the last page of a file is zero.
                sizeBytes(newSizeBytes);
            }
        } finally {
            inodeLock.unlock();
        }
    }

    private void shrink(long newSizeBytes, SplitPolicy policy) throws IOException {
        writebackLock.writeLock().lock();
        try {
            backing.resize(newSizeBytes);
            // The size before the pages: what a split leaves beyond it is dropped by the split itself.
            sizeBytes(newSizeBytes);
            space.truncation().removeRange(newSizeBytes, Long.MAX_VALUE, policy);
        } finally {
            writebackLock.writeLock().unlock();
        }
    }

    /**
     * Makes a range read as zero, as far as the file reaches. If the file fails to, some of it may read as zero already; what
     * is cached of the range is as before, and dirty.
     */
    void punchHole(long offsetBytes, long lengthBytes, SplitPolicy policy) throws IOException {
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

    private void punchHoleWithin(long offsetBytes, long endBytes, SplitPolicy policy) throws IOException {
        writebackLock.writeLock().lock();
        try {
            zeroInFile(offsetBytes, endBytes);
            space.truncation().removeRange(offsetBytes, endBytes, policy);
        } finally {
            writebackLock.writeLock().unlock();
        }
    }

    private void zeroInFile(long offsetBytes, long endBytes) throws IOException {
        boolean zeroed = false;
        try {
            backing.zero(offsetBytes, endBytes - offsetBytes);
            zeroed = true;
        } finally {
            if (!zeroed) {
                // What is cached is what the file had, and will have again once it is written back.
                markDirty(offsetBytes >>> Geometry.PAGE_SHIFT, (endBytes - 1) >>> Geometry.PAGE_SHIFT);
            }
        }
    }

    private void markDirty(long firstIndex, long lastIndex) {
        long folio = space.indexed().pinNext(firstIndex, lastIndex);
        while (folio != 0) {
            folios.lock(folio);
            long next = PageStruct.index(folio) + Geometry.pagesIn(FolioStruct.order(folio));
            if (isOwn(folio) && isUptodate(folio)) {
                writeback.markDirty(folio);
            }
            folios.unlock(folio);
            folios.unpin(folio);
            folio = space.indexed().pinNext(next, lastIndex);
        }
    }

    // ---- the cache into the file

    /**
     * Writes all that is dirty, and has the file keep it; errors go to {@link #errors}. If the file cannot keep it, all that was
     * written since it last could, and is cached still, is dirty again. (The kernel leaves it clean; then a second sync succeeds
     * though the bytes are nowhere.)
     */
    void sync() {
        writeback.writeAll();
        if (backing.isWritable()) {
            syncLock.lock();
            try {
                syncWritten();
            } finally {
                syncLock.unlock();
            }
        }
    }

    private void syncWritten() {
        UnsyncedRange written = writeback.unsynced().take();
        boolean synced = false;
        try {
            backing.sync();
            synced = true;
        } catch (IOException | RuntimeException e) {
            errors.record(e);
        } finally {
            if (!synced) {
                // What is on its way now may have reached the file before it failed.
                writeback.awaitAll();
                written.addAll(writeback.unsynced().take());
                if (!written.isEmpty()) {
                    markDirty(written.first(), written.last());
                }
            }
        }
    }

    /** Drops clean folios that lie in a range of pages and that nobody holds; returns their pages (invalidate_mapping_pages). */
    long evict(long firstIndex, long endIndex) {
        long nrEvicted = 0;
        long next = firstIndex;
        long folio = next < endIndex ? space.indexed().pinNext(next, endIndex - 1) : 0;
        while (folio != 0) {
            long start = PageStruct.index(folio);
            long nrPages = Geometry.pagesIn(FolioStruct.order(folio));
            next = start + nrPages;
            if (start >= firstIndex && next <= endIndex && folios.tryLock(folio)) {
                nrEvicted += isOwn(folio) && tryEvict(folio) ? nrPages : 0;
                folios.unlock(folio);
            }
            folios.unpin(folio);
            folio = next < endIndex ? space.indexed().pinNext(next, endIndex - 1) : 0;
        }
        return nrEvicted;
    }

    /** Takes a locked folio of this file, which the caller has pinned, out of the cache if it is clean and nobody else's. */
    boolean tryEvict(long folio) {
        long busy = PageFlag.DIRTY.mask() | PageFlag.WRITEBACK.mask();
        return (PageStruct.flagsAcquire(folio) & busy) == 0 && space.indexed().tryEvict(folio);
    }

    /** Whether something is newer than the file, or may turn out to be. */
    boolean isDirty() {
        return writeback.isPending();
    }

    /** Drops all that is cached and closes the file; nobody has it open any more. */
    void close() throws IOException {
        space.close();
        backing.close();
    }
}
