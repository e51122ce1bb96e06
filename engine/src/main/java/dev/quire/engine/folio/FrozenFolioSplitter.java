/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.struct.XaNodeStruct;
import dev.quire.engine.xarray.PieceCursor;
import dev.quire.engine.xarray.XaCursor;

/**
 * The part of a split between freezing a folio and unfreezing it: the order in which readers may see the changes.
 *
 * <p>Locks, outer to inner, each only if there is something to guard: index, swap table, LRU lists; the deferred-split
 * queue and, for what is freed, none of them. Everything that can fail comes before the freeze.
 */
final class FrozenFolioSplitter {
    private final HeadMap headMap;
    private final FolioAccounting accounting;
    private final SwapTable swapTable;

    FrozenFolioSplitter(FolioContext context) {
        headMap = context.headMap();
        accounting = context.accounting();
        swapTable = context.swapTable();
    }

    /** Splits a folio that an index has. */
    int splitIndexed(FolioSplit split, FolioOwner owner) {
        long nrNodes = XaCursor.nodesNeeded(split.plan);
        int result;
        int round = 0;
        do {
            result = splitIfNodes(split, owner, nrNodes);
        } while (result == Errno.ENOMEM && owner.index().pool().awaitReclaim(nrNodes, round++));
        return result;
    }

    private int splitIfNodes(FolioSplit split, FolioOwner owner, long nrNodes) {
        // Racy, for the order of the results, which is the other way round for uniform splits: the freeze is exact.
        if (!split.uniform && References.count(split.folio) != split.cacheReferences() + 1) {
            return Errno.EAGAIN;
        }
        owner.index().lock();
        XaCursor cursor = owner.lockedCursor();
        try {
            cursor.set(PageStruct.index(split.folio));
            split.giveNodesTo(cursor);
            if (!cursor.tryReserve(nrNodes)) {
                return Errno.ENOMEM;
            }
            if (!isIndexed(split, cursor) || !freeze(split)) {
                return Errno.EAGAIN;
            }
            splitFrozen(split, owner, cursor);
            return Errno.OK;
        } finally {
            cursor.destroy();
            owner.index().unlock();
        }
    }

    private static boolean isIndexed(FolioSplit split, XaCursor cursor) {
        return cursor.load() == split.folio && cursor.getOrder() == split.order;
    }

    /**
     * Splits a folio that is frozen, and that the index has where the cursor is. The index lock is held, and the cursor
     * has the nodes.
     */
    void splitFrozen(FolioSplit split, FolioOwner owner, XaCursor cursor) {
        split.nrNodes = XaCursor.nodesNeeded(split.plan);
        begin(split);
        writePieces(split);
        // I15: every slot goes from the frozen original straight to its own final folio (a piece's word is its page
        // struct's address), so that no reader can find a piece at another piece's index.
        split.nrBytesStored += split.nrNodes * XaNodeStruct.BYTES + nrTopSlots(split.order) * Long.BYTES;
        int result = cursor.split(split.plan, split.folio, split.folio, PageStruct.BYTES);
        if (result != Errno.OK) {
            throw new IllegalStateException("index refused a checked split: result=" + Errno.name(result));
        }
        dropBeyondEnd(split, owner, cursor);
        // Last (I15): until here whoever looks up the first index cannot get a folio that no longer covers what it did.
        end(split);
    }

    private static long nrTopSlots(int order) {
        return 1L << order % XaNodeStruct.SLOT_SHIFT;
    }

    private static void dropBeyondEnd(FolioSplit split, FolioOwner owner, XaCursor cursor) {
        long nrPages = Geometry.pagesIn(split.order);
        if (!split.isDropped(nrPages - 1)) {
            return;
        }
        long firstIndex = PageStruct.index(split.folio);
        PieceCursor piece = split.plan.firstPiece();
        while (piece.next()) {
            if (split.isDropped(piece.offset())) {
                cursor.setOrder(firstIndex + piece.offset(), piece.order());
                cursor.store(0);
                split.nrPagesDropped += Geometry.pagesIn(piece.order());
            }
        }
        owner.addNrPages(-split.nrPagesDropped);
    }

    /** Splits a folio that no index has. */
    int splitUnindexed(FolioSplit split) {
        if (!freeze(split)) {
            return Errno.EAGAIN;
        }
        begin(split);
        writePieces(split);
        end(split);
        return Errno.OK;
    }

    /**
     * Freezes the folio, unless it has come onto an LRU list, where the pieces for a list of the caller's do not
     * belong.
     */
    private static boolean freeze(FolioSplit split) {
        int expected = split.cacheReferences() + 1;
        if (!References.freeze(split.folio, expected)) {
            return false;
        }
        if (split.list != null && PageFlag.LRU.isSet(PageStruct.flags(split.folio))) {
            References.unfreeze(split.folio, expected);
            return false;
        }
        return true;
    }

    /**
     * The head map first: each piece is unfrozen once it is written, and from then on somebody may map pages of it,
     * whose leaves ask the map once and trust it (I15). Who finds a piece before can take no reference, and looks
     * again. Nor does a page that the map takes for a tail have a link of a list, where its tails have their words.
     */
    private void writePieces(FolioSplit split) {
        split.nrBytesStored += headMap.split(split.folio, split.plan);
        split.writePieces();
    }

    private void begin(FolioSplit split) {
        split.afterFreeze();
        accounting.split(split);
        if (split.swapCached) {
            swapTable.lock();
        }
        if (split.onLru) {
            // From before a piece can be found: who then isolates or frees one waits until it is linked.
            accounting.lru().lock();
        }
    }

    private void end(FolioSplit split) {
        if (split.swapCached) {
            split.replaceInSwapCache(swapTable);
        }
        if (split.list != null) {
            split.appendPieces(split.list);
        }
        split.unfreezeFirst();
        if (split.onLru) {
            accounting.lru().subtractPages(split.flags, split.nrPagesOffLru);
            accounting.lru().unlock();
        }
        if (split.swapCached) {
            swapTable.unlock();
        }
    }
}
