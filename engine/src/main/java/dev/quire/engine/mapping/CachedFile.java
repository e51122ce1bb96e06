/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.RankedLock;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One file with its cached folios, shared by all who have it open.
 *
 * <p>A cut is made in the file first and then in the cache. So what the file refuses leaves the cache as it was. And
 * who fills a folio meanwhile needs no lock against it: a folio is in the index before its bytes are read, so either
 * the cut finds it there, and waits until it is filled, or the bytes are read after the file was cut. (The kernel cuts
 * the cache first and keeps fills away with its invalidate_lock.)
 */
final class CachedFile extends Inode {
    private static final long NEWER_THAN_FILE = PageFlag.DIRTY.mask() | PageFlag.WRITEBACK.mask();

    private final CheckedFile backing;
    private final Folios folios;
    private final PageArena arena;
    private final Writeback writeback;

    /** One sync of the file at a time: what it is asked to keep is what another one has not been told of. */
    private final RankedLock syncLock;

    CachedFile(MappingContext context, CheckedFile backing, FolioReclaimer reclaimer) throws IOException {
        super(context, reclaimer, backing.sizeBytes(), false);
        this.backing = backing;
        folios = context.folios();
        arena = context.arena();
        syncLock = new RankedLock(context.lockOrder(), LockRank.FILE_SYNC);
        writeback = new Writeback(this, context, space());
    }

    CheckedFile backing() {
        return backing;
    }

    Writeback writeback() {
        return writeback;
    }

    // ---- bytes of the file into the cache

    @Override
    boolean isWritable() throws IOException {
        return backing.isWritable();
    }

    @Override
    boolean isHole(FolioLookup lookup, long index) {
        return false;
    }

    @Override
    boolean swapIn(FolioLookup lookup, long index) {
        return false;
    }

    @Override
    void fill(FolioLookup lookup, Readahead readahead, long index, long nrPages) {
        fill(readahead, index, nrPages);
    }

    @Override
    void bringIn(@Nullable Readahead readahead, long index) {
        if (readahead == null) {
            addPage(index);
        } else {
            fill(readahead, index, 1);
        }
    }

    /**
     * The same, for who has no lookup. Errors of the file are left to who looks at the pages: they are then cached, but
     * not up to date.
     */
    void fill(Readahead readahead, long index, long nrPages) {
        // A read larger than memory must use what it has brought in before it brings in more, or it would bring it in
        // again.
        long wanted = Math.min(nrPages, readahead.largestWindowPages());
        int nrFruitless = 0;
        while (readahead.read(index, wanted) != Errno.OK && !space().indexed().contains(index)) {
            nrFruitless = reclaimer().reclaimForAllocation(1, nrFruitless);
        }
    }

    @Override
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
        zeroFrom(folio, nrRead);
        setUptodate(folio);
    }

    // ---- size and holes

    @Override
    void grow(long newSizeBytes) throws IOException {
        backing.resize(newSizeBytes);
        // Nothing is written back between the two: what is stored behind the end after it was made zero is the file's,
        // and its folio stays dirty until the size says so.
        writebackLock().lockExclusive();
        try {
            zeroBeforeGrowing(newSizeBytes);
            sizeBytes(newSizeBytes);
        } finally {
            writebackLock().unlockExclusive();
        }
    }

    @Override
    void noteGrown(long oldSizeBytes) {
        long index = oldSizeBytes >>> Geometry.PAGE_SHIFT;
        markRangeDirty(index, index);
    }

    @Override
    void shrink(long newSizeBytes, SplitPolicy policy) throws IOException {
        writebackLock().lockExclusive();
        try {
            backing.resize(newSizeBytes);
            // The size before the pages: what a split leaves beyond it is dropped by the split itself.
            sizeBytes(newSizeBytes);
            space().truncation().removeRange(newSizeBytes, Long.MAX_VALUE, policy);
        } finally {
            writebackLock().unlockExclusive();
        }
    }

    /**
     * If the file fails, some of the range may be zero in it already; what is cached of the range is as before, and
     * dirty.
     */
    @Override
    void punchHoleWithin(long offsetBytes, long endBytes, SplitPolicy policy) throws IOException {
        writebackLock().lockExclusive();
        try {
            growTo(endBytes);
            zeroInFile(offsetBytes, endBytes);
            space().truncation().removeRange(offsetBytes, endBytes, policy);
        } finally {
            writebackLock().unlockExclusive();
        }
    }

    /**
     * Lets the file reach as far as a hole that takes its end: what was written there makes it grow when it is written
     * back, and is dropped by the hole before.
     */
    private void growTo(long endBytes) throws IOException {
        if (endBytes == sizeBytes() && backing.sizeBytes() < endBytes) {
            backing.resize(endBytes);
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
                markRangeDirty(offsetBytes >>> Geometry.PAGE_SHIFT, (endBytes - 1) >>> Geometry.PAGE_SHIFT);
            }
        }
    }

    private void markRangeDirty(long firstIndex, long lastIndex) {
        long folio = space().indexed().pinNext(firstIndex, lastIndex);
        while (folio != 0) {
            folios.lock(folio);
            long next = PageStruct.index(folio) + Geometry.pagesIn(FolioStruct.order(folio));
            if (isOwn(folio) && isUptodate(folio)) {
                writeback.markDirty(folio);
            }
            folios.unlock(folio);
            folios.unpin(folio);
            folio = space().indexed().pinNext(next, lastIndex);
        }
    }

    // ---- the cache into the file

    @Override
    void markDirty(long folio) {
        writeback.markDirty(folio);
    }

    /**
     * Writes all that is dirty, and has the file keep it. If the file cannot keep it, all that was written since it
     * last could, and is cached still, is dirty again. (The kernel leaves it clean; then a second sync succeeds though
     * the bytes are nowhere.)
     */
    @Override
    void sync() {
        writeback.writeAll();
        try {
            if (!backing.isWritable()) {
                return;
            }
        } catch (IOException e) {
            errors().record(e);
            return;
        }
        syncLock.lock();
        try {
            syncWritten();
        } finally {
            syncLock.unlock();
        }
    }

    private void syncWritten() {
        UnsyncedRange written = writeback.unsynced().take();
        boolean synced = false;
        try {
            backing.sync();
            synced = true;
        } catch (IOException e) {
            errors().record(e);
        } finally {
            if (!synced) {
                // What is on its way now may have reached the file before it failed.
                writeback.awaitAll();
                written.addAll(writeback.unsynced().take());
                if (!written.isEmpty()) {
                    markRangeDirty(written.first(), written.last());
                }
            }
        }
    }

    /** Drops a clean folio (invalidate_mapping_pages). */
    @Override
    long evictPinned(long folio) {
        long nrEvicted = 0;
        if (folios.tryLock(folio)) {
            nrEvicted = isOwn(folio) && tryEvict(folio) == Errno.OK ? Geometry.pagesIn(FolioStruct.order(folio)) : 0;
            folios.unlock(folio);
        }
        folios.unpin(folio);
        return nrEvicted;
    }

    /** Writes a dirty folio back, unless the file is just being cut. */
    @Override
    boolean writeForEviction(long folio) {
        if (!PageFlag.DIRTY.isSet(PageStruct.flagsAcquire(folio))
                || Writeback.isUnderWriteback(folio)
                || !writebackLock().tryLockShared()) {
            return true;
        }
        try {
            writeback.writeLocked(folio);
        } finally {
            writebackLock().unlockShared();
        }
        return folios.tryLock(folio);
    }

    @Override
    boolean mayLeave(long folio) {
        return (PageStruct.flagsAcquire(folio) & NEWER_THAN_FILE) == 0;
    }

    /** A clean folio goes, the file has its bytes. */
    @Override
    int tryEvict(long folio) {
        long flags = PageStruct.flagsAcquire(folio);
        if (PageFlag.WRITEBACK.isSet(flags)) {
            return Errno.EAGAIN;
        }
        if (PageFlag.DIRTY.isSet(flags)) {
            return isBeingCut() ? Errno.EAGAIN : Errno.EBUSY;
        }
        return space().indexed().tryEvict(folio) ? Errno.OK : Errno.EBUSY;
    }

    @Override
    void awaitTransfer() {
        super.awaitTransfer();
        writeback.awaitOne();
    }

    /** Whether something is newer than the file, or may turn out to be. */
    boolean isDirty() {
        return writeback.isPending();
    }

    /**
     * Drops all that is cached and closes the file; nobody has it open any more. What somebody has unpinned as written
     * since it was last written back is not on its way to the file then, nor ever will be.
     */
    void close() throws IOException {
        writebackLock().lockExclusive();
        try {
            space().close();
        } finally {
            writebackLock().unlockExclusive();
        }
        backing.close();
    }
}
