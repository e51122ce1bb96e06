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
 * it: a freeze makes at most 512 pieces. (The kernel's plan for guest memory.) {@link SplitPolicies#STAGED} and other
 * policies with stages are carried out in the same way by {@link FolioSplitter#split}.
 *
 * <p>How long the first freeze lasts depends on what else is kept of each page. With {@link HeadMapKind#HEAD_BITS} it
 * writes the heads of its pieces, their bits, and up to 65 index nodes. With {@link HeadMapKind#TAIL_WORDS} it also
 * writes a word in every tail of the folio, up to 2^18, as it does for every page where the pages' owners are recorded;
 * and it reads the flags of every page of a folio with a poisoned one. The freezes of the second stage do the same for
 * 512 pages each.
 *
 * <p>Between the stages the pieces are ordinary folios: others may pin, lock, split or drop them. What somebody holds
 * stays as large as it is; the rest is split all the same. A mapped anonymous folio is unmapped and mapped again by
 * each stage, the first for every page: who touches one then waits for longer than the freeze.
 *
 * <p>Thread-safe. Blocks on what {@link FolioSplitter} blocks on, but on no folio lock: it takes those of the other
 * pieces only if they are free, as the caller has one already, perhaps that of a later folio.
 */
public final class StagedSplitter {
    private final PageArena arena;
    private final Folios folios;
    private final HeadMap headMap;
    private final FolioLock folioLock;
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
        lifetime = context.lifetime();
        this.splitter = splitter;
    }

    /**
     * Splits into folios of one order. The lock and the caller's reference end up on the folio that holds {@code page},
     * also if that lies beyond the end of the file, or a {@link SplitObserver} throws: that ends it after the split of
     * which it was told. {@link SplitStages#uniform} prints it beforehand.
     *
     * @param page handle of a page of a folio that the caller has locked and holds one reference to
     * @param newOrder log2 pages of the pieces
     * @return 0 if no piece that is left is larger; else the first result of {@link FolioSplitter#splitUniform} that
     *     was not 0, or EAGAIN for a piece that somebody else has locked or changed. If the first stage was refused
     *     nothing has changed, otherwise some pieces are 9 orders larger than wanted, or as others have made them
     *     meanwhile
     * @throws IllegalArgumentException if the page is not of this engine or the order not in 0..18
     * @throws IllegalStateException if the folio is not locked, or this is called by who is told of a stage of another
     */
    public int splitUniform(long page, int newOrder) {
        Geometry.requireOrder(newOrder);
        arena.requirePage(page);
        lifetime.enter();
        try {
            long folio = headMap.headOf(page);
            splitter.requireLocked(folio);
            return FolioStruct.order(folio) - newOrder <= SplitPolicies.STAGE_ORDERS
                    ? splitter.splitUniform(page, newOrder)
                    : splitter.splitUniformInStages(page, newOrder);
        } finally {
            lifetime.exit();
        }
    }

    /** Splits the blocks that the freeze of a larger one has left to be split; the first result that is not 0. */
    int splitFurther(StagedSplit staged, long start, int order) {
        int blockOrder = staged.plan.stageBelow(order);
        int result = Errno.OK;
        if (blockOrder < 0) {
            return result;
        }
        long end = start + Geometry.pagesIn(order);
        for (long offset = start; offset < end; offset += Geometry.pagesIn(blockOrder)) {
            if (staged.plan.isSplit(offset, blockOrder)) {
                int blockResult = splitBlock(staged, offset, blockOrder);
                if (blockResult == Errno.OK) {
                    blockResult = splitFurther(staged, offset, blockOrder);
                }
                result = result == Errno.OK ? blockResult : result;
            }
        }
        return result;
    }

    private int splitBlock(StagedSplit staged, long offset, int order) {
        long piece = staged.folio + offset * PageStruct.BYTES;
        boolean isCallers =
                staged.lockAt >= piece && staged.lockAt < piece + Geometry.pagesIn(order) * PageStruct.BYTES;
        if (isCallers) {
            return splitter.splitStage(staged, staged.lockAt, offset);
        }
        return staged.keepsPieces()
                ? splitUnlocked(staged, piece, piece, offset, order)
                : splitOther(staged, piece, offset, order);
    }

    /** Splits a piece on which the caller has neither lock nor reference any more; 0 also if it is no longer there. */
    private int splitOther(StagedSplit staged, long piece, long offset, int order) {
        long head = folios.tryPinFolioOf(piece);
        if (head == 0) {
            // Frozen, or free: then it has no mapping any more, as has what the first stage dropped beyond the end.
            return PageStruct.mapping(piece) == staged.mapping ? Errno.EAGAIN : Errno.OK;
        }
        try {
            return splitUnlocked(staged, head, piece, offset, order);
        } finally {
            folios.put(head, 1);
        }
    }

    private int splitUnlocked(StagedSplit staged, long head, long piece, long offset, int order) {
        if (!folioLock.tryLock(head)) {
            return Errno.EAGAIN;
        }
        try {
            boolean isThere = PageStruct.mapping(head) == staged.mapping
                    && PageStruct.index(head) + (piece - head) / PageStruct.BYTES == staged.index + offset;
            // What is dropped beyond the end of its file, or was cut off meanwhile, is still the caller's if it is
            // kept.
            boolean isKept = staged.keepsPieces() && PageStruct.mapping(head) == 0;
            if (!isThere && !isKept) {
                return Errno.OK;
            }
            return FolioStruct.order(head) == order ? splitter.splitStage(staged, head, offset) : Errno.EAGAIN;
        } finally {
            folioLock.unlock(head);
        }
    }
}
