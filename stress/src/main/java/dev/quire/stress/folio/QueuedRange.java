/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.folio;

import dev.quire.engine.folio.DeferredSplitQueue;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.stress.PinCheck;
import dev.quire.stress.Progress;

/**
 * A {@link PageRange} whose folio is put on the deferred-split queue of the engine, and off it, while the actors run.
 * The queue is that of all states: a shrinker may also split what an earlier state has left there.
 */
final class QueuedRange {
    /** Added to the result of a shrinker that found folios on the queue and could not split any of them. */
    static final int GAVE_UP = 10;

    private static final int NR_ROUNDS = 4;

    /** Bounds how long a shrinker waits for a user that does not get a processor. */
    private static final int MAX_ROUNDS = 64;

    private static final int NR_SCANNED = 4;

    private final SharedEngine engine;
    private final PageRange range;

    /** What the actor does who puts the folio on the queue. */
    private final Progress user = new Progress();

    QueuedRange(SharedEngine engine) {
        this.engine = engine;
        range = new PageRange(engine);
    }

    /** A number that differs from state to state. */
    int slot() {
        return range.slot();
    }

    // ---- what users do

    /** Puts the folio of the first page on the queue four times; how often it was there afterwards. */
    int enqueueOften() {
        int nrQueued = range.guard(() -> {
            int nrTimes = 0;
            for (int round = 0; round < NR_ROUNDS; round++) {
                nrTimes += add();
            }
            return nrTimes;
        });
        user.complete();
        return nrQueued;
    }

    /** Puts the folio of the first page on the queue, and drops all that is cached; 1 if it was on the queue then. */
    int enqueueAndDrop() {
        int nrQueued = range.guard(() -> {
            int added = add();
            range.drop();
            return added;
        });
        user.complete();
        return nrQueued;
    }

    /** Puts the folio of the first page on the queue; 1 if it was not there before, 0 if it was. */
    int enqueue() {
        return range.guard(() -> {
            int isNew = isMarkedQueued() ? 0 : 1;
            return add() == 1 ? isNew : PinCheck.WRONG;
        });
    }

    /** Puts the folio of the first page on the queue; 1 if it is there, 0 if it is too small or frozen. */
    private int add() {
        Folios folios = engine.quire.folios();
        long folio = folios.tryPinFolioOf(range.first());
        if (folio == 0) {
            return 0;
        }
        boolean queued = queue().add(folio, true);
        folios.unpin(folio);
        return queued ? 1 : 0;
    }

    // ---- what shrinkers do

    /**
     * Splits what is on the queue, until the user has done its part; 1 if it has split something, {@link #GAVE_UP}
     * more.
     */
    int shrinkBesideUser() {
        return range.guard(() -> {
            int hasSplit = 0;
            int gaveUp = 0;
            for (int round = 0; round == 0 || (round < MAX_ROUNDS && !user.isComplete()); round++) {
                boolean isEmpty = queue().nrFolios() == 0;
                if (engine.quire.shrinker().shrink(NR_SCANNED) > 0) {
                    hasSplit = 1;
                } else if (!isEmpty) {
                    gaveUp = GAVE_UP;
                }
            }
            return hasSplit + gaveUp;
        });
    }

    // ---- the end of the state

    /** Drops what is cached and gives the range back; 1 if it was one folio, on the queue once. */
    int recycleQueued() {
        // Whoever is on the queue twice is also linked wrongly, or those are that were next to it.
        return recycle() == 1 ? 1 : 0;
    }

    /** Drops what is cached and gives the range back; the number of folios, 0 if they or the queue are not in order. */
    int recycle() {
        if (range.nrFolios() > 1 || (!range.isBroken() && isQueued())) {
            return range.recycle();
        }
        range.abandon();
        return 0;
    }

    /**
     * Gives the range back after {@link #enqueueAndDrop}; 1 if nothing is left of the folio, 0 otherwise. Nothing is
     * on the queue then, because all actors have finished, and all states have dropped their folios.
     */
    int recycleDropped() {
        boolean isForgotten =
                queue().nrFolios() == 0 && engine.quire.accounting().counters().nrPartiallyMapped() == 0;
        if (isForgotten && !range.isBroken() && range.isEmpty()) {
            range.recycleEmpty();
            return 1;
        }
        range.abandon();
        return 0;
    }

    private boolean isQueued() {
        return isMarkedQueued() && Links.isOnQueue(engine.quire.arena(), range.first());
    }

    private boolean isMarkedQueued() {
        return PageFlag.DEFERRED_SPLIT.isSet(FolioStruct.flags1(range.first()));
    }

    private DeferredSplitQueue queue() {
        return engine.quire.accounting().deferredSplits();
    }
}
