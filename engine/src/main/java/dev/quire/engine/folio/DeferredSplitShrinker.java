/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;

/**
 * Splits queued folios, to order 0 unless told otherwise, when memory is short (deferred_split_scan): those of which a
 * part is unmapped, whose unmapped pages are freed thereby, and those that hold little but zeroes (thp_underused). The
 * page cache and guest memory have it do so when they need memory, before anything that is cached is taken.
 *
 * <p>Takes folios off the queue with a reference each, and works on them without the queue's lock. One whose lock is
 * taken, or whose split fails, goes back to the queue if it is still partially mapped. Thread-safe: shrinkers run one
 * at a time.
 */
public final class DeferredSplitShrinker implements MemoryRelief {
    private static final int BATCH = 64;

    /** Folios looked at for one who needs memory. */
    private static final int RELIEF_FOLIOS = 32;

    private final PageArena arena;
    private final Folios folios;
    private final FolioLock folioLock;
    private final Lifetime lifetime;
    private final DeferredSplitQueue queue;
    private final FolioSplitter splitter;
    private final long maximumZeroPages;
    private final long[] batch = new long[BATCH];

    /**
     * Makes a shrinker.
     *
     * @param context what it shares with the rest of the engine
     * @param splitter splits the folios
     * @param maximumZeroPages a queued folio with more pages that hold nothing but zeroes is split, though all of it
     *     may be mapped; {@code Long.MAX_VALUE} splits only what is partially mapped
     */
    public DeferredSplitShrinker(FolioContext context, FolioSplitter splitter, long maximumZeroPages) {
        arena = context.arena();
        folios = context.folios();
        folioLock = context.folioLock();
        lifetime = context.lifetime();
        queue = context.accounting().deferredSplits();
        this.splitter = splitter;
        this.maximumZeroPages = maximumZeroPages;
    }

    /**
     * Splits folios from the front of the queue.
     *
     * @param nrFolios most folios to look at
     * @return number of folios that were split
     */
    public long shrink(long nrFolios) {
        return shrink(nrFolios, folio -> splitter.splitUniform(folio, 0));
    }

    /**
     * Splits folios from the front of the queue in another way than to order 0.
     *
     * @param nrFolios most folios to look at
     * @param partialSplit splits them; what it throws comes through, after all folios that were not split are back
     * @return number of folios that were split
     */
    public synchronized long shrink(long nrFolios, PartialSplit partialSplit) {
        lifetime.enter();
        try {
            long nrSplit = 0;
            // What goes back to the queue is for the next call.
            long nrLeft = Math.min(nrFolios, queue.nrFolios());
            int nrTaken = queue.take(batch, nrLeft);
            while (nrTaken > 0) {
                nrSplit += shrinkBatch(nrTaken, partialSplit);
                nrLeft -= nrTaken;
                nrTaken = queue.take(batch, nrLeft);
            }
            return nrSplit;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Splits some folios from the front of the queue to order 0, as the kernel does, for somebody who needs memory.
     * One of which nothing is mapped any more is freed without a split.
     */
    @Override
    public boolean relieve(long nrPages) {
        if (queue.nrFolios() == 0) {
            return false;
        }
        long nrPendingBefore = folios.nrPendingReclaim();
        return shrink(RELIEF_FOLIOS, this::splitMapped) > 0 || folios.nrPendingReclaim() > nrPendingBefore;
    }

    private int splitMapped(long folio) {
        return FolioMapcounts.total(folio) == 0 ? Errno.ENOENT : splitter.splitUniform(folio, 0);
    }

    /**
     * Splits the folios that were taken; if a split throws, it and those after it are as if they had not been taken.
     */
    private long shrinkBatch(int nrTaken, PartialSplit partialSplit) {
        long nrSplit = 0;
        int nrDone = 0;
        try {
            for (; nrDone < nrTaken; nrDone++) {
                nrSplit += shrinkOne(batch[nrDone], partialSplit) ? 1 : 0;
            }
            return nrSplit;
        } finally {
            for (; nrDone < nrTaken; nrDone++) {
                putBack(batch[nrDone]);
            }
        }
    }

    private boolean shrinkOne(long folio, PartialSplit partialSplit) {
        boolean wanted = isPartiallyMapped(folio) || isUnderused(folio);
        boolean split = wanted && folioLock.tryLock(folio) && splitLocked(folio, partialSplit);
        if (!split && isPartiallyMapped(folio)) {
            queue.requeue(folio);
        }
        folios.put(folio, 1);
        return split;
    }

    private boolean splitLocked(long folio, PartialSplit partialSplit) {
        try {
            return partialSplit.split(folio) == Errno.OK;
        } finally {
            folioLock.unlock(folio);
        }
    }

    /** Queues a folio again, partially mapped or not, and gives its reference back. */
    private void putBack(long folio) {
        if (isPartiallyMapped(folio)) {
            queue.requeue(folio);
        } else {
            queue.add(folio, false);
        }
        folios.put(folio, 1);
    }

    /** Whether the flag is set; a folio that somebody else has split meanwhile has no page 1 any more that says so. */
    private static boolean isPartiallyMapped(long folio) {
        return FolioStruct.order(folio) >= DeferredSplitQueue.MINIMUM_ORDER
                && PageFlag.PARTIALLY_MAPPED.isSet(FolioStruct.flags1(folio));
    }

    private boolean isUnderused(long folio) {
        if (maximumZeroPages == Long.MAX_VALUE || PageFlag.MLOCKED.isSet(PageStruct.flagsAcquire(folio))) {
            return false;
        }
        long nrZeroPages = 0;
        long frame = arena.frameOf(folio);
        long end = frame + Geometry.bytesIn(FolioStruct.order(folio));
        for (; frame < end && nrZeroPages <= maximumZeroPages; frame += Geometry.PAGE_BYTES) {
            nrZeroPages += isZero(frame) ? 1 : 0;
        }
        return nrZeroPages > maximumZeroPages;
    }

    private static boolean isZero(long frame) {
        for (long word = frame; word < frame + Geometry.PAGE_BYTES; word += Long.BYTES) {
            if (NativeMemory.getLongOpaque(word) != 0) {
                return false;
            }
        }
        return true;
    }
}
