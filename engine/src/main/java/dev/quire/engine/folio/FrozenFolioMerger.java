/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaCursor;

/** The part of a merge between the store to the index and the end of the freeze, and what must be known before it. */
final class FrozenFolioMerger {
    private final HeadMap headMap;
    private final FolioAccounting accounting;

    FrozenFolioMerger(FolioContext context) {
        headMap = context.headMap();
        accounting = context.accounting();
    }

    /**
     * Whether the index has the pages of the block, as whole folios, one after the other. The index lock is held, so that none
     * of them is split or merged meanwhile.
     */
    static boolean isOneBlock(long folio, int newOrder, XaCursor cursor) {
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
     * Makes frozen folios one, to which the index leads already. References of the old heads stay 0, so that who still knows
     * one of them as a head cannot take a reference.
     *
     * @param folio the first of them
     * @param newOrder log2 pages of them all
     * @param ownFlags flags of the new folio beside those that it inherits from any of them
     * @param nrReferences references of the new folio
     */
    void join(long folio, int newOrder, long ownFlags, int nrReferences) {
        long flags = ownFlags;
        boolean poisoned = false;
        long nrPages = Geometry.pagesIn(newOrder);
        accounting.merge(folio, newOrder);
        long offset = 0;
        while (offset < nrPages) {
            long piece = folio + offset * PageStruct.BYTES;
            flags |= PageStruct.flags(piece) & FolioPieces.INHERITED_FLAGS;
            poisoned |= isPoisoned(piece);
            offset += Geometry.pagesIn(FolioStruct.order(piece));
        }
        headMap.join(folio, newOrder);
        FolioPieces.write(
                folio,
                newOrder,
                flags,
                poisoned ? PageFlag.HAS_HWPOISONED.mask() : 0,
                PageStruct.mapping(folio),
                PageStruct.index(folio),
                0,
                PageStruct.memcgData(folio));
        // Last, as in a split (I15): the index and the map lead to this folio, and it covers what they say.
        References.unfreeze(folio, nrReferences);
    }

    private static boolean isPoisoned(long folio) {
        return FolioStruct.order(folio) > 0
                ? PageFlag.HAS_HWPOISONED.isSet(FolioStruct.flags1(folio))
                : PageFlag.HWPOISON.isSet(PageStruct.flags(folio));
    }
}
