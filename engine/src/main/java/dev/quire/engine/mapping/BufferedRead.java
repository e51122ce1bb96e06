/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Reads bytes from a file's folios, one after the other, and brings in what is not cached, and what follows
 * (filemap_read).
 *
 * <p>For the thread of one opener. Reading what is cached takes no lock and allocates nothing.
 */
final class BufferedRead {
    /** What a read returns at the end of the file. */
    static final long END = -1;

    private static final long NO_FOLIO = 0;

    /** No folio either, but a page that reads as zero. */
    private static final long HOLE = 1;

    private final Inode file;
    private final Lifetime lifetime;
    private final Folios folios;
    private final PageArena arena;
    private final FolioLookup lookup;
    private final Readahead readahead;

    /** The folio last read: reading on in it is no new use. */
    private long lastRead = NO_FOLIO;

    BufferedRead(Inode file, MappingContext context, FolioLookup lookup, int maximumOrder) {
        this.file = file;
        this.lookup = lookup;
        lifetime = context.lifetime();
        folios = context.folios();
        arena = context.arena();
        readahead = new Readahead(file.space(), maximumOrder);
    }

    /**
     * Reads as much as there is room for, or as the file has, or can be read.
     *
     * @return bytes read; {@link #END} if there is room and the file ends at or before the offset
     * @throws IOException if the first page cannot be read
     * @throws OutOfMemoryError if there is no memory for the first page
     */
    long read(MemorySegment into, long offsetBytes) throws IOException {
        long length = into.byteSize();
        long done = 0;
        try {
            while (done < length) {
                long nrRead = readFromFolio(into, done, offsetBytes + done, length - done);
                if (nrRead == END) {
                    return done == 0 ? END : done;
                }
                done += nrRead;
            }
        } catch (IOException | OutOfMemoryError e) {
            if (done == 0) {
                throw e;
            }
        }
        return done;
    }

    /** Reads what one folio has; {@link #END} if the file ends there. */
    private long readFromFolio(MemorySegment into, long at, long offsetBytes, long maximumBytes) throws IOException {
        long folio = pinUptodate(offsetBytes, maximumBytes, false);
        if (folio == NO_FOLIO) {
            return END;
        }
        if (folio == HOLE) {
            return readZeroes(into, at, offsetBytes, maximumBytes);
        }
        long nrBytes;
        try {
            long within = offsetBytes - (PageStruct.index(folio) << Geometry.PAGE_SHIFT);
            int order = FolioStruct.order(folio);
            // The size after the folio: what it had beyond a smaller one is zero by now, but it is not the file's.
            nrBytes = Math.min(Geometry.bytesIn(order) - within, file.sizeBytes() - offsetBytes);
            nrBytes = Math.min(nrBytes, maximumBytes);
            if (nrBytes <= 0) {
                return END;
            }
            NativeMemory.copyOut(arena.frameOf(folio) + within, into, at, nrBytes);
            noteUse(folio, order, within, nrBytes);
        } finally {
            folios.unpin(folio);
        }
        readOn(offsetBytes, nrBytes);
        return nrBytes;
    }

    /** Reads what a page has that is a hole; {@link #END} if the file ends there. */
    private long readZeroes(MemorySegment into, long at, long offsetBytes, long maximumBytes) {
        long pageEnd = (offsetBytes | (Geometry.PAGE_BYTES - 1)) + 1;
        long nrBytes = Math.min(Math.min(pageEnd, file.sizeBytes()) - offsetBytes, maximumBytes);
        if (nrBytes <= 0) {
            return END;
        }
        into.asSlice(at, nrBytes).fill((byte) 0);
        return nrBytes;
    }

    private void noteUse(long folio, int order, long within, long nrBytes) {
        FolioUse.touch(folio, order, within, nrBytes);
        if (folio != lastRead) {
            FolioUse.markAccessed(folio);
            lastRead = folio;
        }
    }

    /** Brings the next window in when a read enters the last one. */
    private void readOn(long offsetBytes, long nrBytes) {
        long index = offsetBytes >>> Geometry.PAGE_SHIFT;
        long nrPages = FileRange.pagesOf(offsetBytes + nrBytes) - index;
        if (readahead.isDue(index, nrPages)) {
            readahead.read(index, nrPages);
        }
    }

    /**
     * Pins the folio that has a byte, with all its bytes valid; {@link #NO_FOLIO} at the end of the file. Where the
     * file has a hole, {@link #HOLE} or a new folio of zeroes.
     */
    private long pinUptodate(long offsetBytes, long maximumBytes, boolean fillsHoles) throws IOException {
        long index = offsetBytes >>> Geometry.PAGE_SHIFT;
        while (offsetBytes < file.sizeBytes()) {
            long folio = lookup.pin(index);
            if (folio == NO_FOLIO) {
                if (!fillsHoles && file.isHole(lookup, index)) {
                    return HOLE;
                }
                long endBytes = Math.min(offsetBytes + maximumBytes, file.sizeBytes());
                file.fill(lookup, readahead, index, Math.max(FileRange.pagesOf(endBytes) - index, 1));
            } else if (Inode.isUptodate(folio)) {
                return folio;
            } else {
                folios.unpin(folio);
                file.readAgain(lookup, index);
            }
        }
        return NO_FOLIO;
    }

    /**
     * Pins the folio that has a byte, and shows its bytes from there on.
     *
     * @throws IOException if the page cannot be read
     * @throws IndexOutOfBoundsException if the file ends at or before the offset, or it is negative
     * @throws OutOfMemoryError if there is no memory for the page
     */
    FolioView view(long offsetBytes) throws IOException {
        long folio = offsetBytes < 0 ? NO_FOLIO : pinUptodate(offsetBytes, 1, true);
        long lengthBytes = 0;
        long within = 0;
        if (folio != NO_FOLIO) {
            within = offsetBytes - (PageStruct.index(folio) << Geometry.PAGE_SHIFT);
            long folioBytes = Geometry.bytesIn(FolioStruct.order(folio));
            lengthBytes = Math.min(folioBytes - within, file.sizeBytes() - offsetBytes);
        }
        if (lengthBytes <= 0) {
            if (folio != NO_FOLIO) {
                folios.unpin(folio);
            }
            throw new IndexOutOfBoundsException(
                    "no byte there: offsetBytes=" + offsetBytes + ", sizeBytes=" + file.sizeBytes());
        }
        noteUse(folio, FolioStruct.order(folio), within, lengthBytes);
        return new FolioView(folios, lifetime, folio, arena.frameOf(folio) + within, offsetBytes, lengthBytes);
    }
}
