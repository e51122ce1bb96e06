/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;

/**
 * Writes page structs of heads: of a new folio, and of the pieces of a split one. Nobody can reach the structs yet, or their
 * references are frozen, so all stores are plain; the caller publishes them.
 */
final class FolioPieces {
    /** What a piece inherits from the folio it was part of (__split_folio_to_order, the flags it copies). */
    static final long INHERITED_FLAGS = PageFlag.REFERENCED.mask()
            | PageFlag.SWAPBACKED.mask()
            | PageFlag.SWAPCACHE.mask()
            | PageFlag.MLOCKED.mask()
            | PageFlag.UPTODATE.mask()
            | PageFlag.DIRTY.mask()
            | PageFlag.ACTIVE.mask()
            | PageFlag.WORKINGSET.mask()
            | PageFlag.UNEVICTABLE.mask()
            | PageFlag.DROPBEHIND.mask()
            | PageFlag.ARCH_2.mask()
            | PageFlag.ARCH_3.mask()
            | PageFlag.YOUNG.mask()
            | PageFlag.IDLE.mask();

    private FolioPieces() {}

    /**
     * Writes the struct of an order-0 head. The compound word is the head map's, the reference count the
     * publisher's.
     */
    static void writeSmall(long page, long flags, long mapping, long index, long memcgData) {
        PageStruct.flags(page, (PageStruct.flags(page) & PageFlag.FRAME_FLAGS) | flags);
        PageStruct.mapping(page, mapping);
        PageStruct.index(page, index);
        PageStruct.privateWord(page, 0);
        PageStruct.mapcount(page, PageStruct.MAPCOUNT_NONE);
        PageStruct.memcgData(page, memcgData);
    }

    /** Writes the structs of a head of any order. Returns the bytes stored. */
    static long write(long head, int order, long flags, long mapping, long index, long memcgData) {
        if (order == 0) {
            writeSmall(head, flags, mapping, index, memcgData);
            return PageStruct.BYTES;
        }
        writeSmall(head, flags | PageFlag.HEAD.mask(), mapping, index, memcgData);
        FolioStruct.flags1Opaque(head, order | PageFlag.LARGE_RMAPPABLE.mask());
        FolioStruct.clearMapcounts(head);
        FolioStruct.nrPages(head, (int) Geometry.pagesIn(order));
        return 2 * PageStruct.BYTES;
    }

    /** Gives the first piece of a split folio its new order, leaving all else. Returns the bytes stored. */
    static long shrink(long head, int order) {
        if (order == 0) {
            PageStruct.getAndClearFlags(head, PageFlag.HEAD.mask());
            return Long.BYTES;
        }
        FolioStruct.flags1Opaque(head, (FolioStruct.flags1(head) & ~FolioStruct.ORDER_MASK) | order);
        FolioStruct.nrPages(head, (int) Geometry.pagesIn(order));
        return 2 * Long.BYTES;
    }

    /** Wipes what a folio left in its page structs, before its block goes back to the allocator. */
    static void erase(long head, int order) {
        PageStruct.flags(head, PageStruct.flags(head) & PageFlag.FRAME_FLAGS);
        PageStruct.mapping(head, 0);
        PageStruct.memcgData(head, 0);
        if (order > 0) {
            FolioStruct.flags1Opaque(head, FolioStruct.flags1(head) & PageFlag.FRAME_FLAGS);
            FolioStruct.nrPages(head, 0);
        }
    }
}
