/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Writes bytes into a file's folios, one after the other (generic_perform_write). Pages that a write covers wholly need
 * not be read first; they come in folios as large as the write, their place and the largest order allow.
 *
 * <p>For the thread of one opener.
 */
final class BufferedWrite {
    private final Inode file;
    private final FolioLookup lookup;
    private final Folios folios;
    private final PageArena arena;
    private final int maximumOrder;

    BufferedWrite(Inode file, MappingContext context, FolioLookup lookup, int maximumOrder) {
        this.file = file;
        this.lookup = lookup;
        this.maximumOrder = maximumOrder;
        folios = context.folios();
        arena = context.arena();
    }

    /**
     * Writes all of a segment, or what it can before something fails.
     *
     * @return bytes written, which are all, or more than 0
     * @throws IOException if the first page has to be read, and cannot be; then nothing has changed
     * @throws OutOfMemoryError if there is no memory for the first page; then nothing has changed
     */
    long write(MemorySegment from, long offsetBytes) throws IOException {
        long length = from.byteSize();
        long done = 0;
        file.inodeLock().lock();
        try {
            long oldSize = file.sizeBytes();
            boolean leavesGap = length > 0 && offsetBytes > oldSize;
            if (leavesGap) {
                file.zeroBeforeGrowing(offsetBytes);
            }
            while (done < length) {
                done += writeToFolio(from, done, offsetBytes + done, length - done);
                if (leavesGap && file.sizeBytes() > oldSize) {
                    file.noteGrown(oldSize);
                    leavesGap = false;
                }
            }
        } catch (IOException | OutOfMemoryError e) {
            if (done == 0) {
                throw e;
            }
        } finally {
            file.inodeLock().unlock();
        }
        return done;
    }

    /** Writes what one folio takes; 0 if the folio had to be dropped, and another is to be made. */
    private long writeToFolio(MemorySegment from, long at, long offsetBytes, long remainingBytes) throws IOException {
        long folio = lockFolio(offsetBytes, remainingBytes);
        try {
            long start = PageStruct.index(folio) << Geometry.PAGE_SHIFT;
            long folioBytes = Geometry.bytesIn(FolioStruct.order(folio));
            long within = offsetBytes - start;
            long nrBytes = Math.min(folioBytes - within, remainingBytes);
            if (nrBytes < folioBytes && !Inode.isUptodate(folio) && !file.readOrDrop(folio)) {
                return 0;
            }
            copyIn(from, at, folio, within, nrBytes);
            Inode.setUptodate(folio);
            FolioUse.touch(folio, FolioStruct.order(folio), within, nrBytes);
            if (offsetBytes + nrBytes > file.sizeBytes()) {
                // Before the folio is unlocked: who writes it back, or splits it, knows that it is not beyond the end.
                file.sizeBytes(offsetBytes + nrBytes);
            }
            file.markDirty(folio);
            return nrBytes;
        } finally {
            folios.unlock(folio);
            folios.unpin(folio);
        }
    }

    /**
     * Copies to a locked folio. If that fails halfway, as from a mapped file that has become shorter, what was copied
     * is written.
     */
    private void copyIn(MemorySegment from, long at, long folio, long within, long nrBytes) {
        boolean copied = false;
        try {
            NativeMemory.copyIn(from, at, arena.frameOf(folio) + within, nrBytes);
            copied = true;
        } finally {
            if (!copied && Inode.isUptodate(folio)) {
                long size = file.sizeBytes() - (PageStruct.index(folio) << Geometry.PAGE_SHIFT);
                if (size < within + nrBytes) {
                    // What lies behind the end is zero, for when the file grows.
                    file.zeroFrom(folio, Math.max(size, within));
                }
                file.markDirty(folio);
            }
        }
    }

    /** Pins and locks the folio that a byte goes to; makes one if there is none. */
    private long lockFolio(long offsetBytes, long remainingBytes) throws IOException {
        long index = offsetBytes >>> Geometry.PAGE_SHIFT;
        int nrFruitless = 0;
        while (true) {
            long folio = lookup.pin(index);
            if (folio != 0) {
                folios.lock(folio);
                if (file.isOwn(folio)) {
                    return folio;
                }
                // No cut has taken it out, that waits for the inode lock; but a reader who could not read it.
                folios.unlock(folio);
                folios.unpin(folio);
                continue;
            }
            if (file.swapIn(lookup, index)) {
                continue;
            }
            folio = file.space().indexed().allocate(orderFor(index, offsetBytes, remainingBytes));
            int result = folio == 0 ? Errno.ENOMEM : add(folio, index);
            if (result == Errno.OK) {
                return folio;
            }
            if (result == Errno.ENOMEM) {
                nrFruitless = file.reclaimer().reclaimForAllocation(1, nrFruitless);
            }
        }
    }

    /** Adds a new folio, locked; if that fails, because a reader was faster or memory is out, it is gone. */
    private int add(long folio, long index) {
        int result = Errno.EBUSY;
        try {
            result = file.addLocked(folio, Geometry.alignDown(index, FolioStruct.order(folio)));
        } finally {
            if (result != Errno.OK) {
                folios.unpin(folio);
            }
        }
        return result;
    }

    /** Large only where the write covers all pages of the folio, and nothing is cached. */
    private int orderFor(long index, long offsetBytes, long remainingBytes) {
        long endIndex = (offsetBytes + remainingBytes) >>> Geometry.PAGE_SHIFT;
        boolean startsPage = (offsetBytes & (Geometry.PAGE_BYTES - 1)) == 0;
        if (!startsPage || endIndex <= index + 1) {
            return 0;
        }
        long holeEnd = file.space().indexed().holeEnd(index, endIndex);
        // Not empty but by a race; then adding the folio finds out.
        return IndexedFolios.largestOrder(index, Math.max(holeEnd, index + 1), maximumOrder);
    }
}
