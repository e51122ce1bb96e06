/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaCursor;

/**
 * Freezes the folios of a range that a cut concerns: all of them, or none if somebody holds one. The index lock is
 * held.
 */
final class FolioFreezer {
    /** After a hundred of them each is a yield: some milliseconds, in which any passing reference is given back. */
    private static final int MAX_ATTEMPTS = 10_000;

    private final XaCursor cursor;
    private long refusedIndex;

    FolioFreezer(XaCursor cursor) {
        this.cursor = cursor;
    }

    /**
     * Freezes a folio that no index has, and to which the caller holds a reference; without any lock. References that
     * others take to whatever page they look at are waited for. False if somebody holds the folio for longer than
     * those.
     */
    static boolean freezeNew(long folio) {
        for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
            if (References.freeze(folio, 1)) {
                return true;
            }
            References.pauseWhileFrozen(attempt);
        }
        return false;
    }

    /** Freezes those in [first, end), which are folios all: 0; or EAGAIN or EBUSY, at {@link #refusedIndex}. */
    int freeze(long first, long end, FolioCut cut) {
        boolean complete = false;
        refusedIndex = first;
        try {
            cursor.set(first);
            for (long folio = cursor.find(end - 1); folio != 0; folio = cursor.find(end - 1)) {
                refusedIndex = PageStruct.index(folio);
                int result = isConcerned(folio, cut) ? freeze(folio, cut.orderAt(refusedIndex)) : Errno.OK;
                if (result != Errno.OK) {
                    return result;
                }
            }
            complete = true;
            return Errno.OK;
        } finally {
            if (!complete) {
                // Refused: those before are as the cut has said a moment ago.
                unfreeze(first, refusedIndex, cut);
            }
        }
    }

    /** First index of the folio that could not be frozen. */
    long refusedIndex() {
        return refusedIndex;
    }

    private static int freeze(long folio, int wantedOrder) {
        if (!References.freeze(folio, ownReferences(folio))) {
            return Errno.EAGAIN;
        }
        // Not before: who begins to write a folio back, or charges it, holds a reference meanwhile.
        boolean canMerge = wantedOrder <= FolioStruct.order(folio)
                || (!PageFlag.WRITEBACK.isSet(PageStruct.flags(folio))
                        && PageStruct.memcgData(folio) == PageStruct.memcgData(firstOfBlock(folio, wantedOrder)));
        if (canMerge) {
            return Errno.OK;
        }
        unfreeze(folio);
        return Errno.EBUSY;
    }

    /** The first folio of the block that a folio is to be merged into; frozen before it. */
    private static long firstOfBlock(long folio, int order) {
        return folio - (PageStruct.index(folio) & (Geometry.pagesIn(order) - 1)) * PageStruct.BYTES;
    }

    private void unfreeze(long first, long end, FolioCut cut) {
        if (first >= end) {
            return;
        }
        cursor.set(first);
        for (long folio = cursor.find(end - 1); folio != 0; folio = cursor.find(end - 1)) {
            if (isConcerned(folio, cut)) {
                unfreeze(folio);
            }
        }
    }

    /** Gives a folio in an index back as it is. */
    static void unfreeze(long folio) {
        References.unfreeze(folio, ownReferences(folio));
    }

    /** The same answer until the folio is restructured. */
    static boolean isConcerned(long folio, FolioCut cut) {
        return FolioCutChecks.concerns(cut, PageStruct.index(folio), FolioStruct.order(folio));
    }

    /** The owner holds one reference per page. */
    private static int ownReferences(long folio) {
        return (int) Geometry.pagesIn(FolioStruct.order(folio));
    }
}
