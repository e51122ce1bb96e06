/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;

/**
 * Splits a very large folio uniformly in two stages, 1 GiB -> 2 MiB -> 4 KiB, so that no reader waits for the whole of
 * it: a freeze makes at most 512 pieces. (The kernel's plan for guest memory.)
 *
 * <p>How long the first freeze lasts depends on what else is kept of each page. With {@link HeadMapKind#HEAD_BITS} it
 * writes the heads of its pieces, their bits, and up to 65 index nodes. With {@link HeadMapKind#TAIL_WORDS} it also
 * writes a word in every tail of the folio, up to 2^18, as it does for every page where the pages' owners are recorded;
 * and it reads the flags of every page of a folio with a poisoned one. The freezes of the second stage do the same for
 * 512 pages each.
 *
 * <p>Between the stages the pieces are ordinary folios: others may pin, lock, split or drop them. What somebody holds
 * stays as large as it is; the rest is split all the same.
 *
 * <p>Thread-safe. Blocks on what {@link FolioSplitter} blocks on, but on no folio lock: it takes those of the other
 * pieces only if they are free, as the caller has one already, perhaps that of a later folio.
 */
public final class StagedSplitter {
    /** A freeze ends after this many pieces, as log2: two stages are enough for the largest folio. */
    public static final int STAGE_ORDERS = 9;

    private final PageArena arena;
    private final Folios folios;
    private final HeadMap headMap;
    private final FolioLock folioLock;
    private final FolioOwners owners;
    private final Lifetime lifetime;
    private final FolioSplitter splitter;

    /**
     * Makes the staged splitter of an engine.
     *
     * @param context what it shares with the rest of the engine
     * @param splitter splits each stage
     */
    public StagedSplitter(FolioContext context, FolioSplitter splitter) {
        arena = context.arena();
        folios = context.folios();
        headMap = context.headMap();
        folioLock = context.folioLock();
        owners = context.owners();
        lifetime = context.lifetime();
        this.splitter = splitter;
    }

    /**
     * Splits into folios of one order. The lock and the caller's reference end up on the folio that holds {@code page},
     * also if that lies beyond the end of the file, or a {@link SplitObserver} throws: that ends it after the split of
     * which it was told.
     *
     * @param page handle of a page of a folio of the page cache that the caller has locked and holds one reference to
     * @param newOrder log2 pages of the pieces
     * @return 0 if no piece that is left is larger; EINVAL if the folio is anonymous; else the first result of
     *     {@link FolioSplitter#splitUniform} that was not 0, or EAGAIN for a piece that somebody else has locked or
     *     changed. If the first stage was refused nothing has changed, otherwise some pieces are 9 orders larger than
     *     wanted, or as others have made them meanwhile
     * @throws IllegalArgumentException if the page is not of this engine or the order not in 0..18
     * @throws IllegalStateException if the folio is not locked
     */
    public int splitUniform(long page, int newOrder) {
        Geometry.requireOrder(newOrder);
        arena.requirePage(page);
        lifetime.enter();
        try {
            long folio = headMap.headOf(page);
            splitter.requireLocked(folio);
            return isRefused(PageStruct.mapping(folio), newOrder) ? Errno.EINVAL : splitInStages(folio, page, newOrder);
        } finally {
            lifetime.exit();
        }
    }

    /** Whether the last stage would be refused for good, though the first might not be. */
    private boolean isRefused(long mapping, int newOrder) {
        return FolioSplitter.isAnonymous(mapping)
                || (mapping != 0 && newOrder < owners.of(mapping).minimumOrder());
    }

    private int splitInStages(long folio, long page, int newOrder) {
        int order = FolioStruct.order(folio);
        // Before the first stage, which leaves neither to the caller's piece if that lies beyond the end.
        long mapping = PageStruct.mapping(folio);
        long index = PageStruct.index(folio);
        int stageOrder = stageOrder(order, newOrder);
        int result = splitter.splitUniform(page, stageOrder);
        if (result != Errno.OK || stageOrder == newOrder) {
            return result;
        }
        long nrStagePages = Geometry.pagesIn(stageOrder);
        for (long offset = 0; offset < Geometry.pagesIn(order); offset += nrStagePages) {
            long piece = folio + offset * PageStruct.BYTES;
            boolean isCallers = page >= piece && page < piece + nrStagePages * PageStruct.BYTES;
            int pieceResult = isCallers
                    ? splitCallers(piece, page, newOrder)
                    : splitOther(piece, index + offset, mapping, stageOrder, newOrder);
            result = result == Errno.OK ? pieceResult : result;
        }
        return result;
    }

    /** Order of the pieces of the first stage. The second is a full one, so that few splits are needed in all. */
    private static int stageOrder(int order, int newOrder) {
        return order - newOrder <= STAGE_ORDERS ? newOrder : newOrder + STAGE_ORDERS;
    }

    /**
     * Splits the piece that has the caller's lock and reference. If the first stage has dropped it, nobody else has it.
     */
    private int splitCallers(long piece, long page, int newOrder) {
        return PageStruct.mapping(piece) == 0
                ? splitter.splitDropped(page, newOrder)
                : splitter.splitUniform(page, newOrder);
    }

    /** Splits a piece on which the caller has neither lock nor reference any more; 0 also if it is no longer there. */
    private int splitOther(long piece, long index, long mapping, int stageOrder, int newOrder) {
        long head = folios.tryPinFolioOf(piece);
        if (head == 0) {
            // Frozen, or free: then it has no mapping any more, as has what the first stage dropped beyond the end.
            return PageStruct.mapping(piece) == mapping ? Errno.EAGAIN : Errno.OK;
        }
        try {
            if (!folioLock.tryLock(head)) {
                return Errno.EAGAIN;
            }
            try {
                boolean isThere = PageStruct.mapping(head) == mapping
                        && PageStruct.index(head) + (piece - head) / PageStruct.BYTES == index;
                if (!isThere) {
                    return Errno.OK;
                }
                return FolioStruct.order(head) == stageOrder ? splitter.splitUniform(head, newOrder) : Errno.EAGAIN;
            } finally {
                folioLock.unlock(head);
            }
        } finally {
            folios.put(head, 1);
        }
    }
}
