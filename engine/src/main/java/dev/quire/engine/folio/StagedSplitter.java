/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;

/**
 * Splits a very large folio uniformly in stages, 1 GiB -> 2 MiB -> 4 KiB, so that no reader waits for the whole of it: a
 * folio is frozen only while it is cut into at most 512 pieces. (The kernel's plan for guest memory.)
 *
 * <p>Between stages the pieces are ordinary folios: others may pin, split or drop them. What somebody holds stays as large
 * as it is; the rest is split all the same. Thread-safe; blocks on folio locks and the index lock.
 */
public final class StagedSplitter {
    /** A freeze ends after this many pieces, as log2. */
    public static final int STAGE_ORDERS = 9;

    private final Folios folios;
    private final FolioSplitter splitter;

    /**
     * Makes the staged splitter of an engine.
     *
     * @param folios the folios
     * @param splitter splits each stage
     */
    public StagedSplitter(Folios folios, FolioSplitter splitter) {
        this.folios = folios;
        this.splitter = splitter;
    }

    /**
     * Splits into folios of one order. The lock and the caller's reference end up on the folio that holds {@code page}.
     *
     * @param page handle of a page of a folio of the page cache that the caller has locked and holds one reference to
     * @param newOrder log2 pages of the pieces
     * @return 0; else the first result of {@link FolioSplitter#splitUniform} that was not 0: if it is that of the first
     *     stage nothing has changed, otherwise some pieces are larger than wanted, each a multiple of 9 orders
     *     above {@code newOrder}
     * @throws IllegalArgumentException if the page is not of this engine or the order not in 0..18
     * @throws IllegalStateException if the folio is not locked
     */
    public int splitUniform(long page, int newOrder) {
        Geometry.requireOrder(newOrder);
        long folio = folios.headOf(page);
        int order = folios.order(folio);
        int stageOrder = nextStage(order, newOrder);
        int result = splitter.splitUniform(page, stageOrder);
        if (result != Errno.OK || stageOrder == newOrder) {
            return result;
        }
        long mapping = PageStruct.mapping(folios.headOf(page));
        long strideBytes = Geometry.pagesIn(stageOrder) * PageStruct.BYTES;
        long end = folio + Geometry.pagesIn(order) * PageStruct.BYTES;
        for (long piece = folio; piece < end; piece += strideBytes) {
            boolean isCallers = page >= piece && page < piece + strideBytes;
            int pieceResult =
                    isCallers ? splitUniform(page, newOrder) : splitOther(piece, stageOrder, newOrder, mapping);
            result = result == Errno.OK ? pieceResult : result;
        }
        return result;
    }

    /** The last stages are full ones, so that few splits are needed in all. */
    private static int nextStage(int order, int newOrder) {
        int nrOrders = order - newOrder;
        return nrOrders <= STAGE_ORDERS ? newOrder : newOrder + (nrOrders - 1) / STAGE_ORDERS * STAGE_ORDERS;
    }

    /** Splits a piece on which the caller has neither lock nor reference any more, if it is still there. */
    private int splitOther(long piece, int order, int newOrder, long mapping) {
        if (folios.tryPinFolioOf(piece) != piece) {
            return Errno.EAGAIN;
        }
        folios.lock(piece);
        boolean isThere = PageStruct.mapping(piece) == mapping && FolioStruct.order(piece) == order;
        int result = isThere ? splitUniform(piece, newOrder) : Errno.EAGAIN;
        folios.unlock(piece);
        folios.unpin(piece);
        return result;
    }
}
