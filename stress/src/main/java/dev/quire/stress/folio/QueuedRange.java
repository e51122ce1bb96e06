/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.folio;

import dev.quire.engine.folio.DeferredSplitQueue;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;

/**
 * A {@link PageRange} whose folio is put on the deferred-split queue of the engine, and off it, while the actors run. The queue
 * is that of all states: a shrinker may also split what an earlier state has left there.
 */
final class QueuedRange {
    /** Added to the result of a shrinker that found folios on the queue and could not split any of them. */
    static final int GAVE_UP = 10;

    private static final int NR_ROUNDS = 4;
    private static final int NR_SCANNED = 4;

    private final SharedEngine engine;
    private final PageRange range;

    QueuedRange(SharedEngine engine) {
        this.engine = engine;
        range = new PageRange(engine);
    }

    /** A number that differs from state to state. */
    long slot() {
        return range.slot();
    }

    /** Puts the folio of the first page on the queue four times; how often it was there afterwards. */
    int enqueueOften() {
        int nrQueued = 0;
        for (int round = 0; round < NR_ROUNDS; round++) {
            nrQueued += enqueue();
        }
        return nrQueued;
    }

    /** Puts the folio of the first page on the queue; 1 if it is there, 0 if it is too small or frozen. */
    int enqueue() {
        Folios folios = engine.quire.folios();
        long folio = folios.tryPinFolioOf(range.first());
        if (folio == 0) {
            return 0;
        }
        boolean queued = queue().add(folio, true);
        folios.unpin(folio);
        return queued ? 1 : 0;
    }

    /** Splits what is on the queue, four times; 1 if it has split something, {@link #GAVE_UP} more. */
    int shrinkOften() {
        int hasSplit = 0;
        int gaveUp = 0;
        for (int round = 0; round < NR_ROUNDS; round++) {
            boolean isEmpty = queue().nrFolios() == 0;
            if (engine.quire.shrinker().shrink(NR_SCANNED) > 0) {
                hasSplit = 1;
            } else if (!isEmpty) {
                gaveUp = GAVE_UP;
            }
        }
        return hasSplit + gaveUp;
    }

    /** Drops all that is cached; the last references free it. */
    void drop() {
        range.drop();
    }

    /** Drops what is cached and gives the range back; the number of folios, 0 if they or the queue are not in order. */
    int recycle() {
        if (range.nrFolios() > 1 || isQueued()) {
            return range.recycle();
        }
        range.abandon();
        return 0;
    }

    /**
     * Gives the range back after {@link #drop}; 1 if nothing is left of the folio, 0 otherwise. Nothing is on the queue then,
     * because all actors have finished, and all states have dropped their folios.
     */
    int recycleDropped() {
        boolean isForgotten =
                queue().nrFolios() == 0 && engine.quire.accounting().counters().nrPartiallyMapped() == 0;
        if (isForgotten && range.isEmpty()) {
            range.recycleEmpty();
            return 1;
        }
        range.abandon();
        return 0;
    }

    private boolean isQueued() {
        return PageFlag.DEFERRED_SPLIT.isSet(FolioStruct.flags1(range.first()))
                && Links.isOnQueue(engine.quire.arena(), range.first());
    }

    private DeferredSplitQueue queue() {
        return engine.quire.accounting().deferredSplits();
    }
}
