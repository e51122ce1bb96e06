/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Splits a folio of 1 GiB and merges it back, in two stages, until it is stopped; what a reader holds just then is
 * tried again. Controls do something else in place of it.
 */
final class SplitLoop implements Runnable {
    /** Order of the folio. */
    static final int ORDER = Geometry.PUD_ORDER;

    /** What {@link #currentSplit} returns between splits. */
    static final long NO_SPLIT = 0;

    private static final int STAGE_ORDER = Geometry.PMD_ORDER;
    private static final long CONTROL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Quire engine;
    private final StallWriter writer;
    private final FreezeTimes freezes;
    private final long folio;
    private volatile boolean stopped;
    private volatile long currentSplit;

    SplitLoop(Quire engine, AddressSpace space, StallWriter writer, FreezeTimes freezes) {
        this.engine = engine;
        this.writer = writer;
        this.freezes = freezes;
        try (RcuReader reader = engine.newReader()) {
            folio = space.newLookup(reader).pin(0);
        }
    }

    /** Number of the split that is under way, from 1 on, or {@link #NO_SPLIT}. */
    long currentSplit() {
        return currentSplit;
    }

    /** Asks the thread that runs this to come to an end. */
    void stop() {
        stopped = true;
    }

    @Override
    public void run() {
        engine.folios().lock(folio);
        try {
            for (long number = 1; !stopped; number++) {
                currentSplit = number;
                work();
                currentSplit = NO_SPLIT;
                if (engine.folios().order(folio) < ORDER) {
                    mergeAll();
                }
            }
        } finally {
            // Else closing the engine would wait for the lock.
            currentSplit = NO_SPLIT;
            engine.folios().unlock(folio);
            engine.folios().unpin(folio);
        }
    }

    private void work() {
        switch (writer) {
            case IDLE -> LockSupport.parkNanos(CONTROL_NANOS);
            case COMPUTING -> {
                long start = System.nanoTime();
                while (System.nanoTime() - start < CONTROL_NANOS) {
                    Thread.onSpinWait();
                }
            }
            case ELSEWHERE, ONE_SHOT, STAGED -> splitWhole();
        }
    }

    /** Splits as soon as nobody holds the folio. Of the pieces in between, those that are held may stay whole. */
    private void splitWhole() {
        while (engine.folios().order(folio) == ORDER && !stopped) {
            freezes.beforeSplit();
            int result = writer == StallWriter.STAGED
                    ? engine.stagedSplitter().splitUniform(folio, 0)
                    : engine.splitter().splitUniform(folio, 0);
            if (result != Errno.OK && result != Errno.EAGAIN) {
                throw new IllegalStateException("split refused: result=" + Errno.name(result));
            }
        }
    }

    private void mergeAll() {
        mergeUntilDone(folio, STAGE_ORDER);
        long strideBytes = Geometry.pagesIn(STAGE_ORDER) * PageStruct.BYTES;
        long end = folio + Geometry.pagesIn(ORDER) * PageStruct.BYTES;
        for (long piece = folio + strideBytes; piece < end; piece += strideBytes) {
            mergeOther(piece);
        }
        mergeUntilDone(folio, ORDER);
    }

    private void mergeOther(long page) {
        long head = engine.folios().tryPinFolioOf(page);
        while (head == 0) {
            Thread.onSpinWait();
            head = engine.folios().tryPinFolioOf(page);
        }
        try {
            if (head == page) {
                mergeUnlocked(page);
            }
        } finally {
            engine.folios().unpin(head);
        }
    }

    private void mergeUnlocked(long page) {
        engine.folios().lock(page);
        try {
            mergeUntilDone(page, STAGE_ORDER);
        } finally {
            engine.folios().unlock(page);
        }
    }

    private void mergeUntilDone(long first, int order) {
        while (engine.merger().merge(first, order) == Errno.EAGAIN) {
            Thread.onSpinWait();
        }
    }
}
