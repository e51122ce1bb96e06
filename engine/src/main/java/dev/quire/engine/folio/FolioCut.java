/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.xarray.SplitPlan;

/**
 * Says of which folios the pages of an owner should consist: what a {@link FolioRestructurer} brings about. A pure
 * function of the index; the folios it names are naturally aligned and do not overlap. It is asked before anything
 * changes, under the lock of the owner's index, and what it has answered is kept: when nothing can be taken back it is
 * not asked any more.
 */
public interface FolioCut {
    /**
     * Order of the folio that should hold a page.
     *
     * @param index offset of the page, in pages
     * @return log2 pages
     */
    int orderAt(long index);

    /**
     * Writes the folios that a block should consist of, each of which lies inside it.
     *
     * @param plan where the folios go; overwritten. What is written to it later has no effect
     * @param startIndex first page of the block, a multiple of its size
     * @param order log2 pages of the block, at least {@code orderAt(startIndex)}
     */
    void plan(SplitPlan plan, long startIndex, int order);

    /**
     * Order of the equal pieces that a folio is split into first if it must be split; those of them that agree with the
     * cut, or are not asked for, can be had again before the others are split. So is each of the others, in further
     * stages if this says so. Asked once for each order, however many folios have it.
     *
     * @param order log2 pages of the folio
     * @return log2 pages of the pieces, no less than those of any folio that it should consist of, and no more than
     *     {@code order}, which says that it is split at once
     */
    default int stageOrder(int order) {
        return order;
    }

    /**
     * Whether the meaning of a page changes, so that nobody may hold its folio even if that stays as large as it is.
     *
     * @param startIndex first page of the folio, a multiple of its size
     * @param order log2 pages of the folio
     * @return true if any page of it changes
     */
    boolean changes(long startIndex, int order);
}
