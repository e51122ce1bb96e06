/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaCursor;

/**
 * Makes the folios of one aligned block one folio again, together with their entries in the index, while others read:
 * the other direction of {@link FolioSplitter}. Nothing is copied. (The kernel has no such operation: it collapses by
 * copying.)
 *
 * <p>All pieces are frozen first; from then on until the new folio is unfrozen a reader that finds one of them cannot take
 * a reference and looks again. Then one store at the large order replaces all entries, the map of heads follows, and the
 * head, which carries all references of the block, is unfrozen last. If a piece cannot be frozen, because somebody holds
 * it, those frozen before it are unfrozen again, and nothing has changed.
 *
 * <p>The freeze lasts as long as there are pieces: a block of 1 GiB is better merged in two stages, 4 KiB to 2 MiB and 2 MiB
 * to 1 GiB.
 *
 * <p>Thread-safe. Blocks on the index lock only. Allocates nothing.
 */
public final class FolioMerger {
    /** What keeps a piece from being merged: it is in use in a way that its references do not tell. */
    private static final long BUSY_FLAGS =
            PageFlag.WRITEBACK.mask() | PageFlag.PRIVATE.mask() | PageFlag.HWPOISON.mask() | PageFlag.LRU.mask();

    /** What all pieces must agree on. */
    private static final long COMMON_FLAGS =
            PageFlag.UPTODATE.mask() | PageFlag.SWAPBACKED.mask() | PageFlag.SWAPCACHE.mask();

    private final PageArena arena;
    private final FolioLock folioLock;
    private final FolioOwners owners;
    private final FrozenFolioMerger frozenMerger;
    private final Lifetime lifetime;

    /**
     * Makes the merger of an engine.
     *
     * @param context what it shares with the rest of the engine
     */
    public FolioMerger(FolioContext context) {
        arena = context.arena();
        folioLock = context.folioLock();
        owners = context.owners();
        frozenMerger = new FrozenFolioMerger(context);
        lifetime = context.lifetime();
    }

    /**
     * Merges the block that starts with a folio of the page cache. The lock and the caller's reference stay on it.
     *
     * @param folio head of the first folio of the block, which the caller has locked and holds one reference to; nobody
     *     holds references to the others but the page cache
     * @param newOrder log2 pages of the block
     * @return 0; EINVAL (the folio is as large already, or its page number or index is not aligned to the block, or the
     *     other pages of the block are not those at the indices that follow); EBUSY (no folio of the page cache, or under
     *     writeback, with file system data, poisoned, on an LRU list, or of different states or memory groups); EAGAIN (somebody holds a piece); ENOMEM (the
     *     index would have to grow). Then nothing has changed
     * @throws IllegalArgumentException if the handle is not of this engine or the order not in 0..18
     * @throws IllegalStateException if the folio is not locked
     */
    public int merge(long folio, int newOrder) {
        Geometry.requireOrder(newOrder);
        arena.requirePage(folio);
        lifetime.enter();
        try {
            if (!folioLock.isLocked(folio)) {
                throw new IllegalStateException(
                        "the first folio to merge is not locked: folio=0x" + Long.toHexString(folio));
            }
            long mapping = PageStruct.mapping(folio);
            if (mapping == 0 || FolioSplitter.isAnonymous(mapping)) {
                return Errno.EBUSY;
            }
            boolean isAligned = Geometry.isAligned(arena.pfnOf(folio), newOrder)
                    && Geometry.isAligned(PageStruct.index(folio), newOrder);
            if (!isAligned || newOrder <= FolioStruct.order(folio)) {
                return Errno.EINVAL;
            }
            return mergeIndexed(folio, newOrder, owners.of(mapping));
        } finally {
            lifetime.exit();
        }
    }

    private int mergeIndexed(long folio, int newOrder, FolioOwner owner) {
        owner.index().lock();
        try {
            XaCursor cursor = owner.lockedCursor();
            if (!FrozenFolioMerger.isOneBlock(folio, newOrder, cursor)) {
                return Errno.EINVAL;
            }
            long nrFrozen = freeze(folio, newOrder);
            int result = nrFrozen < Geometry.pagesIn(newOrder) ? Errno.EAGAIN : storeFrozen(folio, newOrder, cursor);
            if (result == Errno.OK) {
                // The lock stays on the block, and so does the caller's reference.
                frozenMerger.join(folio, newOrder, PageFlag.LOCKED.mask(), references(0, Geometry.pagesIn(newOrder)));
            } else {
                unfreeze(folio, nrFrozen);
            }
            return result;
        } finally {
            owner.index().unlock();
        }
    }

    private static int storeFrozen(long folio, int newOrder, XaCursor cursor) {
        // Not before: who puts a folio on a list, or begins to write it back, holds a reference meanwhile.
        if (!areAlike(folio, newOrder)) {
            return Errno.EBUSY;
        }
        cursor.setOrder(PageStruct.index(folio), newOrder);
        cursor.store(folio);
        return cursor.error();
    }

    /** Whether frozen pieces are in no other use, and agree in what a folio has only once. */
    private static boolean areAlike(long folio, int newOrder) {
        long nrPages = Geometry.pagesIn(newOrder);
        long common = PageStruct.flags(folio) & COMMON_FLAGS;
        long group = PageStruct.memcgData(folio);
        long offset = 0;
        while (offset < nrPages) {
            long piece = folio + offset * PageStruct.BYTES;
            long flags = PageStruct.flags(piece);
            boolean isBusy = (flags & BUSY_FLAGS) != 0 || isPoisoned(piece);
            if (isBusy || (flags & COMMON_FLAGS) != common || PageStruct.memcgData(piece) != group) {
                return false;
            }
            offset += Geometry.pagesIn(FolioStruct.order(piece));
        }
        return true;
    }

    private static boolean isPoisoned(long folio) {
        return FolioStruct.order(folio) > 0 && PageFlag.HAS_HWPOISONED.isSet(FolioStruct.flags1(folio));
    }

    /** Freezes piece after piece; returns the pages of those that are frozen. */
    private static long freeze(long folio, int newOrder) {
        long nrPages = Geometry.pagesIn(newOrder);
        long offset = 0;
        while (offset < nrPages) {
            long piece = folio + offset * PageStruct.BYTES;
            long nrPiecePages = Geometry.pagesIn(FolioStruct.order(piece));
            if (!References.freeze(piece, references(offset, nrPiecePages))) {
                break;
            }
            offset += nrPiecePages;
        }
        return offset;
    }

    private static void unfreeze(long folio, long nrFrozen) {
        long offset = 0;
        while (offset < nrFrozen) {
            long piece = folio + offset * PageStruct.BYTES;
            long nrPiecePages = Geometry.pagesIn(FolioStruct.order(piece));
            References.unfreeze(piece, references(offset, nrPiecePages));
            offset += nrPiecePages;
        }
    }

    /** The page cache holds one reference per page, the caller one to the first folio. */
    private static int references(long offset, long nrPages) {
        return (int) nrPages + (offset == 0 ? 1 : 0);
    }
}
