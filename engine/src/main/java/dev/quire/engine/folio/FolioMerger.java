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
 * <p>All pieces are frozen first; from then on until the new folio is unfrozen a reader that finds one of them cannot
 * take a reference and looks again. Then, for folios of the page cache, one store at the large order replaces all
 * entries; the map of heads follows, and the head, which carries all references of the block, is unfrozen last. If a
 * piece cannot be frozen, because somebody holds it, those frozen before it are unfrozen again, and nothing has
 * changed.
 *
 * <p>What is mapped is unmapped before, as for a split, with all pieces locked: anonymous pieces leave migration
 * entries, which become mappings of the new folio, or, if nothing is merged, of the pieces again; a large entry where a
 * whole one fits. Pieces of a file are faulted in again by whoever needs them, whether they were merged or not.
 *
 * <p>The new folio is dirty, referenced, active, unevictable and so on if any piece was; idle, or to be dropped after
 * it is written, only if all were. It is on an LRU list if a piece was, once, in the place of the first one of that
 * list. It is on the deferred-split queue if only a part of it is mapped. It has the memory group that all pieces had,
 * and the tag of the first.
 *
 * <p>The freeze lasts as long as there are pieces: a block of 1 GiB is better merged in two stages, 4 KiB to 2 MiB and
 * 2 MiB to 1 GiB.
 *
 * <p>Thread-safe. Blocks on the locks of the index, the LRU lists and the deferred-split queue, and of the regions and
 * page tables that map the pieces, as far as they have to do with them. Allocates nothing after a thread's first merge
 * of what is mapped.
 */
public final class FolioMerger {
    /** What keeps a piece from being merged: it is in use in a way that its references do not tell. */
    private static final long BUSY_FLAGS =
            PageFlag.WRITEBACK.mask() | PageFlag.PRIVATE.mask() | PageFlag.HWPOISON.mask();

    /** What all pieces must agree on. */
    private static final long COMMON_FLAGS =
            PageFlag.UPTODATE.mask() | PageFlag.SWAPBACKED.mask() | PageFlag.SWAPCACHE.mask();

    /** What the whole is only if all of its pieces are. */
    private static final long FLAGS_OF_ALL = PageFlag.IDLE.mask() | PageFlag.DROPBEHIND.mask();

    /** What the whole is if any of its pieces is. */
    private static final long FLAGS_OF_ANY = (FolioPieces.INHERITED_FLAGS & ~FLAGS_OF_ALL) | PageFlag.LRU.mask();

    private final PageArena arena;
    private final HeadMap headMap;
    private final FolioLock folioLock;
    private final FolioOwners owners;
    private final FolioAccounting accounting;
    private final Lifetime lifetime;
    private final MappedPieces mappedPieces;

    /**
     * Makes the merger of an engine.
     *
     * @param context what it shares with the rest of the engine
     */
    public FolioMerger(FolioContext context) {
        arena = context.arena();
        headMap = context.headMap();
        folioLock = context.folioLock();
        owners = context.owners();
        accounting = context.accounting();
        lifetime = context.lifetime();
        mappedPieces = new MappedPieces(context);
    }

    /**
     * Merges the block that starts with a folio, of the page cache or anonymous. The lock and the caller's reference
     * stay on it.
     *
     * @param folio head of the first folio of the block, which the caller has locked and holds one reference to. Of
     *     folios of the page cache nobody holds references to the others but the page cache and page tables. Of
     *     anonymous folios, which page tables alone do not keep, the caller holds exactly one reference to each of the
     *     others, too, and gives them up
     * @param newOrder log2 pages of the block
     * @return 0; EINVAL (the folio is as large already, or its page number or index is not aligned to the block, or the
     *     block does not end in the arena, or the other pages of the block are not those of the same owner at the
     *     indices that follow, or order 1 for anonymous memory); EBUSY (a folio of nobody; or a piece is under
     *     writeback, with file system data, poisoned, locked, or anonymous and in the swap cache; or pieces are of
     *     different states or memory groups); EOVERFLOW (together they are mapped more than
     *     {@link FolioMapcounts#MAX_PAGE_MAPPINGS} times); EAGAIN (somebody holds a piece); ENOMEM (the index would
     *     have to grow). Then nothing has changed, but that pieces of a file may be mapped no more after EAGAIN, EBUSY
     *     or ENOMEM
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
            if (mapping == 0) {
                return Errno.EBUSY;
            }
            if (newOrder <= FolioStruct.order(folio) || !isBlock(folio, newOrder)) {
                return Errno.EINVAL;
            }
            return FolioSplitter.isAnonymous(mapping)
                    ? mergeAnonymous(folio, newOrder)
                    : mergeIndexed(folio, newOrder, owners.of(mapping));
        } finally {
            lifetime.exit();
        }
    }

    private boolean isBlock(long folio, int newOrder) {
        long pfn = arena.pfnOf(folio);
        return Geometry.isAligned(pfn, newOrder)
                && Geometry.isAligned(PageStruct.index(folio), newOrder)
                && pfn + Geometry.pagesIn(newOrder) <= arena.nrPages();
    }

    private int mergeIndexed(long folio, int newOrder, FolioOwner owner) {
        owner.index().lock();
        try {
            if (!isIndexedBlock(folio, newOrder, owner.lockedCursor())) {
                return Errno.EINVAL;
            }
            if (!isMapped(folio, newOrder)) {
                return freezeAndStore(folio, newOrder, owner.lockedCursor(), PieceHold.CACHED);
            }
            int result = lockMapped(folio, newOrder, PieceHold.CACHED);
            if (result != Errno.OK) {
                return result;
            }
        } finally {
            owner.index().unlock();
        }
        return mergeMappedIndexed(folio, newOrder, owner);
    }

    /** Merges pieces that are all locked; what is locked stays in the index, and nobody maps it. */
    private int mergeMappedIndexed(long folio, int newOrder, FolioOwner owner) {
        int result = Errno.EAGAIN;
        if (mappedPieces.unmap(folio, newOrder)) {
            owner.index().lock();
            try {
                result = freezeAndStore(folio, newOrder, owner.lockedCursor(), PieceHold.CACHED_LOCKED);
            } finally {
                owner.index().unlock();
            }
        }
        if (result != Errno.OK) {
            mappedPieces.unlock(folio, newOrder, true);
        }
        return result;
    }

    /** Merges pieces that nothing maps; the index lock is held. */
    private int freezeAndStore(long folio, int newOrder, XaCursor cursor, PieceHold hold) {
        long nrFrozen = freeze(folio, newOrder, hold);
        int result = nrFrozen < Geometry.pagesIn(newOrder) ? Errno.EAGAIN : storeFrozen(folio, newOrder, cursor, hold);
        if (result == Errno.OK) {
            joinFrozen(folio, newOrder, hold);
        } else {
            unfreeze(folio, nrFrozen, hold);
        }
        return result;
    }

    private static int storeFrozen(long folio, int newOrder, XaCursor cursor, PieceHold hold) {
        // Not before: who puts a folio on a list, or begins to write it back, holds a reference meanwhile.
        if (!areAlike(folio, newOrder, hold)) {
            return Errno.EBUSY;
        }
        cursor.setOrder(PageStruct.index(folio), newOrder);
        cursor.store(folio);
        return cursor.error();
    }

    private int mergeAnonymous(long folio, int newOrder) {
        // A first look, without a hold on anything but what the caller says that it holds: spares others a freeze.
        if (newOrder == 1 || !isAnonymousBlock(folio, newOrder)) {
            return Errno.EINVAL;
        }
        if (PageFlag.isSwapCached(PageStruct.flagsAcquire(folio))) {
            return Errno.EBUSY;
        }
        return isMapped(folio, newOrder)
                ? mergeMappedAnonymous(folio, newOrder)
                : freezeAndJoin(folio, newOrder, PieceHold.ANONYMOUS);
    }

    private int mergeMappedAnonymous(long folio, int newOrder) {
        int result = lockMapped(folio, newOrder, PieceHold.ANONYMOUS);
        if (result != Errno.OK) {
            return result;
        }
        result = mappedPieces.unmap(folio, newOrder)
                ? freezeAndJoin(folio, newOrder, PieceHold.ANONYMOUS_LOCKED)
                : Errno.EAGAIN;
        // Whatever became of it: the entries wait for a folio, the new one or their old ones.
        mappedPieces.remap(folio, newOrder);
        MappedPieces.requeue(folio, newOrder, accounting.deferredSplits());
        if (result != Errno.OK) {
            mappedPieces.unlock(folio, newOrder, false);
        }
        return result;
    }

    /** Looks at mapped pieces, and locks them, before they are unmapped: what can be told then costs nobody a fault. */
    private int lockMapped(long folio, int newOrder, PieceHold hold) {
        return areAlike(folio, newOrder, hold) ? mappedPieces.lock(folio, newOrder, hold) : Errno.EBUSY;
    }

    /** Merges anonymous pieces that nothing maps. */
    private int freezeAndJoin(long folio, int newOrder, PieceHold hold) {
        long nrFrozen = freeze(folio, newOrder, hold);
        int result = Errno.EAGAIN;
        if (nrFrozen == Geometry.pagesIn(newOrder) && isAnonymousBlock(folio, newOrder)) {
            result = areAlike(folio, newOrder, hold) ? Errno.OK : Errno.EBUSY;
        }
        if (result == Errno.OK) {
            joinFrozen(folio, newOrder, hold);
        } else {
            unfreeze(folio, nrFrozen, hold);
        }
        return result;
    }

    /** Whether the index, whose lock is held, has the pages of the block, as whole folios, one after the other. */
    static boolean isIndexedBlock(long folio, int newOrder, XaCursor cursor) {
        long firstIndex = PageStruct.index(folio);
        long nrPages = Geometry.pagesIn(newOrder);
        cursor.set(firstIndex);
        long offset = 0;
        while (offset < nrPages) {
            long piece = folio + offset * PageStruct.BYTES;
            if (cursor.find(firstIndex + nrPages - 1) != piece || cursor.index() != firstIndex + offset) {
                return false;
            }
            offset += Geometry.pagesIn(FolioStruct.order(piece));
        }
        return true;
    }

    /**
     * Whether the pages of the block are whole folios of one owner, at indices that follow each other; exact once
     * frozen.
     */
    private boolean isAnonymousBlock(long folio, int newOrder) {
        long mapping = PageStruct.mapping(folio);
        long firstIndex = PageStruct.index(folio);
        long nrPages = Geometry.pagesIn(newOrder);
        long offset = 0;
        while (offset < nrPages) {
            long piece = folio + offset * PageStruct.BYTES;
            boolean isHead = headMap.headOf(piece) == piece;
            if (!isHead || PageStruct.mapping(piece) != mapping || PageStruct.index(piece) != firstIndex + offset) {
                return false;
            }
            offset += Geometry.pagesIn(FolioStruct.order(piece));
        }
        return offset == nrPages;
    }

    private static boolean isMapped(long folio, int newOrder) {
        return FolioMapcounts.isAnyMapped(folio, Geometry.pagesIn(newOrder));
    }

    /** Whether pieces are in no other use, and agree in what a folio has only once; exact once they are frozen. */
    private static boolean areAlike(long folio, int newOrder, PieceHold hold) {
        long nrPages = Geometry.pagesIn(newOrder);
        long common = PageStruct.flags(folio) & COMMON_FLAGS;
        long group = PageStruct.memcgData(folio);
        long offset = 0;
        while (offset < nrPages) {
            long piece = folio + offset * PageStruct.BYTES;
            long flags = PageStruct.flags(piece);
            boolean isLocked = PageFlag.LOCKED.isSet(flags) && offset > 0 && !hold.isLocked();
            boolean isBusy =
                    (flags & BUSY_FLAGS) != 0 || FolioPieces.isPoisoned(piece, FolioStruct.order(piece)) || isLocked;
            if (isBusy || (flags & COMMON_FLAGS) != common || PageStruct.memcgData(piece) != group) {
                return false;
            }
            offset += Geometry.pagesIn(FolioStruct.order(piece));
        }
        return true;
    }

    /** Freezes piece after piece; returns the pages of those that are frozen. */
    private static long freeze(long folio, int newOrder, PieceHold hold) {
        long nrPages = Geometry.pagesIn(newOrder);
        long offset = 0;
        while (offset < nrPages) {
            long piece = folio + offset * PageStruct.BYTES;
            int order = FolioStruct.order(piece);
            int references = hold.references(offset, Geometry.pagesIn(order));
            if (!References.freeze(piece, references)) {
                break;
            }
            if (FolioStruct.order(piece) != order) {
                // Split in between, which only an index lock would have kept away.
                References.unfreeze(piece, references);
                break;
            }
            offset += Geometry.pagesIn(order);
        }
        return offset;
    }

    private static void unfreeze(long folio, long nrFrozen, PieceHold hold) {
        long offset = 0;
        while (offset < nrFrozen) {
            long piece = folio + offset * PageStruct.BYTES;
            long nrPiecePages = Geometry.pagesIn(FolioStruct.order(piece));
            References.unfreeze(piece, hold.references(offset, nrPiecePages));
            offset += nrPiecePages;
        }
    }

    /** Joins frozen pieces of which the caller has the first one locked; none is poisoned. */
    private void joinFrozen(long folio, int newOrder, PieceHold hold) {
        if (hold.isLocked()) {
            // While they have lock bits: what was the flags word of the second page's folio will hold the new order.
            mappedPieces.unlockFrozen(folio, newOrder);
        }
        join(folio, newOrder, PageFlag.LOCKED.mask(), 0, hold.references(0, Geometry.pagesIn(newOrder)));
    }

    /**
     * Everything between the last step that can fail and the end of the freeze. References of the old heads stay 0, so
     * that who still knows one of them as a head cannot take a reference.
     *
     * @param folio head of the first piece
     * @param newOrder log2 pages of the block
     * @param ownFlags flags of the new folio beside those that follow from its pieces
     * @param secondFlags flags of its page 1 beside those that every large folio has
     * @param references references of the new folio
     */
    void join(long folio, int newOrder, long ownFlags, long secondFlags, int references) {
        long flags = ownFlags | mergedFlags(folio, newOrder);
        accounting.merge(folio, newOrder, flags);
        headMap.join(folio, newOrder);
        FolioPieces.write(
                folio,
                newOrder,
                flags,
                secondFlags,
                PageStruct.mapping(folio),
                PageStruct.index(folio),
                0,
                PageStruct.memcgData(folio));
        // Last, as in a split (I15): the index and the map lead to this folio, and it covers what they say.
        References.unfreeze(folio, references);
    }

    private static long mergedFlags(long folio, int newOrder) {
        long nrPages = Geometry.pagesIn(newOrder);
        long ofAny = 0;
        long ofAll = -1;
        long offset = 0;
        while (offset < nrPages) {
            long piece = folio + offset * PageStruct.BYTES;
            long flags = PageStruct.flags(piece);
            ofAny |= flags;
            ofAll &= flags;
            offset += Geometry.pagesIn(FolioStruct.order(piece));
        }
        return (ofAny & FLAGS_OF_ANY) | (ofAll & FLAGS_OF_ALL);
    }
}
