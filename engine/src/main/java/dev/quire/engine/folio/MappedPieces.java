/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;

/**
 * The pieces of a block that is to be merged, some of which are mapped: locks them, takes them out of all page tables,
 * and maps again what they have become, or what they have stayed.
 *
 * <p>The caller has locked the first piece, holds references as {@link FolioMerger#merge} says, and calls, one after
 * the other: {@link #lock}; {@link #unmap}, without the index lock; then {@link #unlockFrozen} once all pieces are
 * frozen, or {@link #unlock}; with {@link #remap} after the first and before the second.
 */
final class MappedPieces {
    private final Folios folios;
    private final FolioLock folioLock;
    private final FolioMappers mappers;

    MappedPieces(FolioContext context) {
        folios = context.folios();
        folioLock = context.folioLock();
        mappers = context.mappers();
    }

    /**
     * Locks all pieces but the first, and takes references to those of a cache; for these the caller holds the index
     * lock. EBUSY if one is locked or frozen; EAGAIN if one has references that its kind and its mappings do not
     * explain: racy, to spare the page tables when the freeze would fail; EOVERFLOW if the whole would be mapped too
     * often.
     */
    int lock(long folio, int newOrder, PieceHold hold) {
        boolean cached = hold == PieceHold.CACHED;
        long nrPages = Geometry.pagesIn(newOrder);
        long nrPageMappings = 0;
        for (long offset = 0; offset < nrPages; ) {
            long piece = folio + offset * PageStruct.BYTES;
            long nrPiecePages = Geometry.pagesIn(FolioStruct.order(piece));
            if (References.count(piece) != hold.references(offset, nrPiecePages) + FolioMapcounts.total(piece)) {
                return Errno.EAGAIN;
            }
            nrPageMappings += FolioMapcounts.nrPageMappings(piece);
            offset += nrPiecePages;
        }
        if (nrPageMappings > FolioMapcounts.MAX_PAGE_MAPPINGS) {
            return Errno.EOVERFLOW;
        }
        long nrLocked = lockPieces(folio, nrPages, cached);
        if (nrLocked == nrPages) {
            return Errno.OK;
        }
        unlockPieces(folio, nrLocked, cached);
        return Errno.EBUSY;
    }

    /** Locks piece after piece; returns the pages of those that are locked, the first included. */
    private long lockPieces(long folio, long nrPages, boolean cached) {
        long offset = Geometry.pagesIn(FolioStruct.order(folio));
        while (offset < nrPages) {
            long piece = folio + offset * PageStruct.BYTES;
            if (cached && !References.tryGet(piece)) {
                break;
            }
            if (!folioLock.tryLock(piece)) {
                if (cached) {
                    folios.put(piece, 1);
                }
                break;
            }
            offset += Geometry.pagesIn(FolioStruct.order(piece));
        }
        return offset;
    }

    /** Takes the locked pieces out of all page tables; false if somebody maps one meanwhile. */
    boolean unmap(long folio, int newOrder) {
        return mappers.unmap(folio, Geometry.pagesIn(newOrder));
    }

    /** Maps what is there now, one folio or several, where the pieces were mapped, and wakes who waits for that. */
    void remap(long folio, int newOrder) {
        mappers.remap(folio, Geometry.pagesIn(newOrder));
    }

    /**
     * Queues what is mapped in part now, be it the whole or pieces: as long as no leaf was there, an unmap may have
     * taken a piece for wholly unmapped, and off the queue. The caller has references to all of it.
     */
    static void requeue(long folio, int newOrder, DeferredSplitQueue deferredSplits) {
        long end = folio + Geometry.pagesIn(newOrder) * PageStruct.BYTES;
        for (long piece = folio; piece < end; piece += Geometry.pagesIn(FolioStruct.order(piece)) * PageStruct.BYTES) {
            deferredSplits.afterUnmap(piece);
        }
    }

    /** Unlocks the pieces but the first, all of which are frozen; nobody finds their locks any more. */
    void unlockFrozen(long folio, int newOrder) {
        unlockPieces(folio, Geometry.pagesIn(newOrder), false);
    }

    /** Unlocks the pieces but the first, and gives back the references that were taken. */
    void unlock(long folio, int newOrder, boolean cached) {
        unlockPieces(folio, Geometry.pagesIn(newOrder), cached);
    }

    private void unlockPieces(long folio, long nrPages, boolean giveBack) {
        long offset = Geometry.pagesIn(FolioStruct.order(folio));
        while (offset < nrPages) {
            long piece = folio + offset * PageStruct.BYTES;
            offset += Geometry.pagesIn(FolioStruct.order(piece));
            folioLock.unlock(piece);
            if (giveBack) {
                folios.put(piece, 1);
            }
        }
    }
}
