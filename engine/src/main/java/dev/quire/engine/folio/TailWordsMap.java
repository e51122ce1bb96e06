/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.SplitPlan;

/**
 * Heads named by every tail, as in the kernel (compound_head, prep_compound_page): the compound word of a tail is the
 * address of its head plus 1. Forming, splitting and dissolving a folio of order n write up to 2^n page structs.
 */
public final class TailWordsMap implements HeadMap {
    private static final long TAIL_BIT = 1;

    /** Makes the map; it keeps nothing outside the page structs. */
    public TailWordsMap() {}

    @Override
    public long headOf(long page) {
        // Acquire: who learns of the head of a new folio sees it formed (partner: the release stores in form).
        long info = PageStruct.compoundInfoAcquire(page);
        return (info & TAIL_BIT) != 0 ? info - TAIL_BIT : page;
    }

    @Override
    public long form(long head, int order) {
        return nameHead(head, order);
    }

    @Override
    public long split(long head, SplitPlan plan) {
        // By runs: uniform splits have many pieces, and a cursor would take as long as what is stored per piece.
        long nrBytes = 0;
        long piece = head;
        for (int run = 0; run < plan.nrRuns(); run++) {
            int order = plan.runOrder(run);
            for (long count = plan.runCount(run); count > 0; count--) {
                if (piece != head) {
                    // Release, as for all of these words; what the new head says is published by its references.
                    PageStruct.compoundInfoRelease(piece, 0);
                    nrBytes += nameHead(piece, order);
                }
                piece += Geometry.pagesIn(order) * PageStruct.BYTES;
            }
        }
        return nrBytes;
    }

    @Override
    public long join(long head, int order) {
        long nrBytes = 0;
        long end = head + Geometry.pagesIn(order) * PageStruct.BYTES;
        long piece = head;
        while (piece < end) {
            int pieceOrder = FolioStruct.order(piece);
            if (piece != head) {
                // What tells a head from a tail for whoever looks at the page alone.
                FolioPieces.erase(piece, pieceOrder);
                nrBytes += PageStruct.BYTES;
            }
            piece += Geometry.pagesIn(pieceOrder) * PageStruct.BYTES;
        }
        return nrBytes + nameHead(head, order);
    }

    @Override
    public long dissolve(long head, int order) {
        return storeTails(head, order, 0);
    }

    private static long nameHead(long head, int order) {
        return storeTails(head, order, head + TAIL_BIT);
    }

    private static long storeTails(long head, int order, long word) {
        long end = head + Geometry.pagesIn(order) * PageStruct.BYTES;
        for (long tail = head + PageStruct.BYTES; tail < end; tail += PageStruct.BYTES) {
            // Release: a reader that follows the word finds an initialised head. Partner: the load in headOf.
            PageStruct.compoundInfoRelease(tail, word);
        }
        return (Geometry.pagesIn(order) - 1) * Long.BYTES;
    }
}
