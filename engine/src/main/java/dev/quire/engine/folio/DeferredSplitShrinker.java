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
    /** Folios taken off the queue at once; who needs memory has no fewer looked at. */
    private static final int BATCH = 32;

    private final PageArena arena;
    private final Folios folios;
    private final FolioLock folioLock;
    private final Lifetime lifetime;
    private final DeferredSplitQueue queue;
    private final FolioSplitter splitter;
    private final long maximumZeroPages;
    private final long[] batch = new long[BATCH];

    /** Of the call that is under way, until now. */
    private long nrSplit;

    /** Pages that come back: unmapped ones of folios that were split, and all of those freed without. */
    private long nrPagesFreed;

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
        shrink(nrFolios, Long.MAX_VALUE, Long.MAX_VALUE, partialSplit);
        return nrSplit;
    }

    /**
     * Splits some folios from the front of the queue in another way than to order 0: looks at a batch of 32 and another
     * until one was split, or each folio that was queued has been looked at once.
     *
     * @param partialSplit splits them, as in the other method
     * @return number of folios that were split; 0 if none that was queued could be
     */
    public synchronized long shrinkSome(PartialSplit partialSplit) {
        shrink(Long.MAX_VALUE, 1, Long.MAX_VALUE, partialSplit);
        return nrSplit;
    }

    /**
     * Splits folios from the front of the queue to order 0, as the kernel does, for somebody who needs memory. One of
     * which nothing is mapped any more is freed without a split.
     */
    @Override
    public boolean relieve(long nrPages) {
        return relieve(nrPages, this::splitMapped);
    }

    /**
     * Splits folios from the front of the queue, in another way than to order 0, for somebody who needs memory: a batch
     * of 32 and another, until as many pages come back as are wanted, or each folio that was queued has been looked at
     * once. Waits for another thread that does the same.
     *
     * @param nrPages pages that are wanted, at least 1
     * @param partialSplit splits them; what it throws comes through, after all folios that were not split are back
     * @return whether there may be more free memory once readers have left their sections; false if no folio was split
     *     by this call, or freed without a split because this had the last reference
     * @throws IllegalArgumentException if no page is wanted
     */
    public synchronized boolean relieve(long nrPages, PartialSplit partialSplit) {
        if (nrPages < 1) {
            throw new IllegalArgumentException("nrPages out of range: nrPages=" + nrPages + ", min=1");
        }
        shrink(Long.MAX_VALUE, Long.MAX_VALUE, nrPages, partialSplit);
        // A folio of which pages are mapped twice may seem to have none that is not.
        return nrSplit > 0 || nrPagesFreed > 0;
    }

    /** Goes on from batch to batch until as many folios were split, or as many pages come back, as are wanted. */
    private void shrink(long nrFolios, long nrSplitWanted, long nrPagesWanted, PartialSplit partialSplit) {
        lifetime.enter();
        try {
            nrSplit = 0;
            nrPagesFreed = 0;
            // What goes back to the queue is for the next call.
            long nrLeft = Math.min(nrFolios, queue.nrFolios());
            int nrTaken = queue.take(batch, nrLeft);
            while (nrTaken > 0) {
                shrinkBatch(nrTaken, partialSplit);
                nrLeft -= nrTaken;
                boolean enough = nrSplit >= nrSplitWanted || nrPagesFreed >= nrPagesWanted;
                nrTaken = enough ? 0 : queue.take(batch, nrLeft);
            }
        } finally {
            lifetime.exit();
        }
    }

    private int splitMapped(long folio) {
        return FolioMapcounts.total(folio) == 0 ? Errno.ENOENT : splitter.splitUniform(folio, 0);
    }

    /**
     * Splits the folios that were taken; if a split throws, it and those after it are as if they had not been taken.
     */
    private void shrinkBatch(int nrTaken, PartialSplit partialSplit) {
        int nrDone = 0;
        try {
            for (; nrDone < nrTaken; nrDone++) {
                shrinkOne(batch[nrDone], partialSplit);
            }
        } finally {
            for (; nrDone < nrTaken; nrDone++) {
                putBack(batch[nrDone]);
            }
        }
    }

    private void shrinkOne(long folio, PartialSplit partialSplit) {
        long nrUnmapped = nrUnmapped(folio);
        boolean wanted = isPartiallyMapped(folio) || isUnderused(folio);
        boolean split = wanted && folioLock.tryLock(folio) && splitLocked(folio, partialSplit);
        if (!split && isPartiallyMapped(folio)) {
            queue.requeue(folio);
        }
        if (split) {
            nrSplit++;
            nrPagesFreed += nrUnmapped;
            folios.put(folio, 1);
            return;
        }
        long nrPages = Geometry.pagesIn(FolioStruct.order(folio));
        nrPagesFreed += folios.put(folio, 1) ? nrPages : 0;
    }

    /** Pages that a split frees, or fewer. What is cached stays with its file, mapped or not. */
    private static long nrUnmapped(long folio) {
        long nrPages = Geometry.pagesIn(FolioStruct.order(folio));
        return FolioSplitter.isAnonymous(PageStruct.mapping(folio))
                ? Math.max(nrPages - FolioMapcounts.nrPageMappings(folio), 0)
                : 0;
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
