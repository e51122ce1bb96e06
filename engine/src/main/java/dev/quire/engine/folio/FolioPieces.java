/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;

/**
 * Writes page structs of heads: of a new folio, and of the pieces of a split one. Nobody can reach the structs yet, or
 * their references are frozen, so all stores are plain; the caller publishes them.
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
            // Only its owner splits such a folio: SplitChecks refuses it to others.
            | PageFlag.PRIVATE.mask()
            | PageFlag.DROPBEHIND.mask()
            | PageFlag.ARCH_2.mask()
            | PageFlag.ARCH_3.mask()
            | PageFlag.YOUNG.mask()
            | PageFlag.IDLE.mask();

    /** What page 1 says of one folio and of none of its pieces: they are looked at anew, or are not so any more. */
    private static final long SECOND_FLAGS_OF_ONE_FOLIO =
            PageFlag.HAS_HWPOISONED.mask() | PageFlag.PARTIALLY_MAPPED.mask() | PageFlag.DEFERRED_SPLIT.mask();

    private FolioPieces() {}

    /**
     * Writes the struct of an order-0 head. The compound word is the head map's, the reference count the
     * publisher's.
     */
    static void writeSmall(long page, long flags, long mapping, long index, long privateWord, long memcgData) {
        PageStruct.flags(page, (PageStruct.flags(page) & PageFlag.FRAME_FLAGS) | flags);
        PageStruct.mapping(page, mapping);
        PageStruct.index(page, index);
        PageStruct.privateWord(page, privateWord);
        PageStruct.mapcount(page, PageStruct.MAPCOUNT_NONE);
        PageStruct.memcgData(page, memcgData);
    }

    /**
     * Writes the structs of a head of any order; {@code secondFlags} are flags of page 1 beside those that every large
     * folio has. Returns the bytes stored.
     */
    static long write(
            long head,
            int order,
            long flags,
            long secondFlags,
            long mapping,
            long index,
            long privateWord,
            long memcgData) {
        if (order == 0) {
            writeSmall(head, flags, mapping, index, privateWord, memcgData);
            return PageStruct.BYTES;
        }
        writeSmall(head, flags | PageFlag.HEAD.mask(), mapping, index, privateWord, memcgData);
        long frameFlags = FolioStruct.flags1(head) & PageFlag.FRAME_FLAGS;
        FolioStruct.flags1Opaque(head, order | frameFlags | PageFlag.LARGE_RMAPPABLE.mask() | secondFlags);
        FolioStruct.clearMapcounts(head);
        FolioStruct.nrPages(head, (int) Geometry.pagesIn(order));
        return 2 * PageStruct.BYTES;
    }

    /**
     * Gives the first piece of a split folio its new order, and what page 1 then says of it, leaving all else. Returns
     * the bytes stored.
     */
    static long shrink(long head, int order, long secondFlags) {
        if (order == 0) {
            PageStruct.getAndClearFlags(head, PageFlag.HEAD.mask());
            return Long.BYTES;
        }
        long dropped = FolioStruct.ORDER_MASK | SECOND_FLAGS_OF_ONE_FOLIO;
        FolioStruct.flags1Opaque(head, (FolioStruct.flags1(head) & ~dropped) | order | secondFlags);
        FolioStruct.nrPages(head, (int) Geometry.pagesIn(order));
        return 2 * Long.BYTES;
    }

    /** Whether a folio knows of a poisoned page of its own. */
    static boolean isPoisoned(long head, int order) {
        return order > 0
                ? PageFlag.HAS_HWPOISONED.isSet(FolioStruct.flags1(head))
                : PageFlag.HWPOISON.isSet(PageStruct.flags(head));
    }

    /** {@code HAS_HWPOISONED} for page 1 of a piece with a poisoned page, else 0; looks at every page of the piece. */
    static long poisonOf(long head, int order) {
        long end = head + Geometry.pagesIn(order) * PageStruct.BYTES;
        for (long page = head; page < end; page += PageStruct.BYTES) {
            if (PageFlag.HWPOISON.isSet(PageStruct.flags(page))) {
                return PageFlag.HAS_HWPOISONED.mask();
            }
        }
        return 0;
    }

    /** {@code HAS_HWPOISONED} for page 1 of what adjacent folios become together if one knows of poison, else 0. */
    static long poisonOfPieces(long firstFolio, int order) {
        long end = firstFolio + Geometry.pagesIn(order) * PageStruct.BYTES;
        boolean poisoned = false;
        long folio = firstFolio;
        while (folio < end) {
            int pieceOrder = FolioStruct.order(folio);
            poisoned |= isPoisoned(folio, pieceOrder);
            folio += Geometry.pagesIn(pieceOrder) * PageStruct.BYTES;
        }
        return poisoned ? PageFlag.HAS_HWPOISONED.mask() : 0;
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
