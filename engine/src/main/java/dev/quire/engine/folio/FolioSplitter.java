/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import org.jspecify.annotations.Nullable;

/**
 * Turns one large folio into smaller ones, together with its entry in the index, while others read
 * (split_huge_page_to_list_to_order, folio_split, __folio_split).
 *
 * <p>The caller holds the folio lock and exactly one reference beyond those that the folio's kind implies. Whoever
 * holds another makes the split fail with EAGAIN. While a split runs, the folio is frozen: a reader that finds it
 * cannot take a reference and looks again. At every moment each index leads to the frozen original or to its own final
 * folio, never to another piece, and the first folio is unfrozen last.
 *
 * <p>Afterwards each piece has the references of its kind. The lock and the caller's reference are on the first folio,
 * or, for {@link #splitUniform}, on the one that holds the page that was named. Pieces of a page-cache folio that lie
 * beyond the end of the file are dropped, but never the first. Pieces of an anonymous folio that nobody maps are freed,
 * unless the caller keeps them. A folio that is mapped is unmapped first; an anonymous one is mapped again afterwards,
 * whether it was split or not, and its pieces stay locked until then. Pieces go on the folio's LRU list right after it,
 * and are charged to the folio's memory group.
 *
 * <p>Memory for the index is reserved before anything changes: a split, or each stage of one under a policy with
 * stages, either happens as a whole or not at all.
 * Results, in the order in which they are checked: EINVAL (page not in the folio, or the order not below the folio's),
 * EBUSY (the folio belongs to nobody any more), EINVAL (order 1 for anonymous memory; swap cache other than uniform to
 * order 0), EBUSY (under writeback, or anonymous without owner), EINVAL (below the mapping's minimum order), EBUSY
 * (file system data attached), EAGAIN (mapped, with unexpected references), ENOMEM, EAGAIN (mappings that stay,
 * unexpected references, or the index no longer has the folio).
 *
 * <p>Thread-safe. Blocks on the locks of the index, the swap table, the LRU lists and the deferred-split queue, as far
 * as the folio has to do with them. After a thread's first split it allocates nothing.
 */
public final class FolioSplitter {
    private final FolioContext context;
    private final PageArena arena;
    private final Folios folios;
    private final HeadMap headMap;
    private final FolioLock folioLock;
    private final FolioAccounting accounting;
    private final FolioMappers mappers;
    private final Lifetime lifetime;
    private final SplitStatistics statistics;
    private final @Nullable SplitObserver observer;
    private final SplitChecks checks;
    private final FrozenFolioSplitter frozenSplitter;
    private final StagedSplitter stagedSplitter;
    private final ThreadLocal<FolioSplit> splits = ThreadLocal.withInitial(FolioSplit::new);

    /**
     * Makes the splitter of an engine.
     *
     * @param context what it shares with the rest of the engine
     * @param statistics counters to move
     * @param observer told of every split, or null
     */
    public FolioSplitter(FolioContext context, SplitStatistics statistics, @Nullable SplitObserver observer) {
        this.context = context;
        arena = context.arena();
        folios = context.folios();
        headMap = context.headMap();
        folioLock = context.folioLock();
        accounting = context.accounting();
        mappers = context.mappers();
        lifetime = context.lifetime();
        checks = new SplitChecks(context.owners());
        frozenSplitter = new FrozenFolioSplitter(context);
        stagedSplitter = new StagedSplitter(context, this);
        this.statistics = statistics;
        this.observer = observer;
    }

    /**
     * Splits into folios of one order. The lock and the caller's reference end up on the folio that holds {@code page}.
     *
     * @param page handle of a page of a folio that the caller has locked and holds one reference to
     * @param newOrder log2 pages of the pieces
     * @return 0, or EINVAL, EBUSY, ENOMEM, EAGAIN
     * @throws IllegalArgumentException if the page is not of this engine or the order not in 0..18
     * @throws IllegalStateException if the folio is not locked
     */
    public int splitUniform(long page, int newOrder) {
        Geometry.requireOrder(newOrder);
        arena.requirePage(page);
        lifetime.enter();
        try {
            long folio = headMap.headOf(page);
            FolioSplit split = begin(folio, newOrder);
            split.lockAt = page;
            split.uniform = true;
            if (newOrder >= split.order) {
                return fail(split, Errno.EINVAL);
            }
            split.plan.resetUniform(split.order, newOrder);
            return run(split);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Splits as a buddy allocator does around one page: as few and as large pieces as possible.
     *
     * @param folio head of a folio that the caller has locked and holds one reference to
     * @param splitAt handle of a page of the folio; the folio that holds it afterwards has order {@code newOrder}
     * @param newOrder log2 pages of the smallest piece
     * @return 0, or EINVAL, EBUSY, ENOMEM, EAGAIN
     * @throws IllegalArgumentException if a handle is not of this engine or the order not in 0..18
     * @throws IllegalStateException if the folio is not locked
     */
    public int splitNonUniform(long folio, long splitAt, int newOrder) {
        arena.requirePage(splitAt);
        arena.requirePage(folio);
        long at = (splitAt - folio) / PageStruct.BYTES;
        return split(folio, SplitPolicies.NON_UNIFORM, at, at + 1, newOrder, SplitPolicies.ALL_ORDERS, false);
    }

    /**
     * Splits as a policy says; {@link SplitStages#of} prints it beforehand. Under a policy with stages each of them is
     * a split for itself, of which an observer is told: between them the pieces without the caller's lock are ordinary
     * folios. Those that somebody else has locked or holds by then stay as they are.
     *
     * @param folio head of a folio that the caller has locked and holds one reference to
     * @param policy how to cut
     * @param start first page of the wanted range, relative to the folio
     * @param end page after the range
     * @param newOrder log2 pages of the smallest piece
     * @param allowedOrders bit k set if pieces of order k are allowed; {@code newOrder} always is, and order 1 never
     *     for anonymous folios
     * @param keep whether the caller gets a reference to every piece, not just to the first
     * @return 0 (also if the policy leaves the folio whole), or EINVAL, EBUSY, ENOMEM, EAGAIN; under a policy with
     *     stages as {@link StagedSplitter#splitUniform}: if the first stage was refused nothing has changed, otherwise
     *     the first result that was not 0, while the other pieces are split all the same
     * @throws IllegalArgumentException if a handle is not of this engine, the order not in 0..18, or the policy's plan
     *     not one for this folio with pieces and stages of allowed orders; then nothing has changed
     * @throws IllegalStateException if the folio is not locked, the policy splits another one while it plans, or who is
     *     told of a stage of another split calls this
     */
    public int split(
            long folio, SplitPolicy policy, long start, long end, int newOrder, long allowedOrders, boolean keep) {
        return split(folio, policy, start, end, newOrder, allowedOrders, keep, null);
    }

    /**
     * Splits as a policy says, as the other method, and appends every piece but the first to a list, with a reference
     * that belongs to the list: in the order of their addresses, but under a policy with stages those of each stage
     * after those of the stage before.
     *
     * @param folio head of a folio that the caller has locked and holds one reference to, and that is on no LRU list
     * @param policy how to cut
     * @param start first page of the wanted range, relative to the folio
     * @param end page after the range
     * @param newOrder log2 pages of the smallest piece
     * @param allowedOrders bit k set if pieces of order k are allowed, as in the other method
     * @param pieces where to append the pieces; a list for folios of this engine
     * @return as the other method
     * @throws IllegalArgumentException if a handle or the list is not of this engine, the order not in 0..18, or the
     *     policy's plan not one for this folio with pieces and stages of allowed orders; then nothing has changed
     * @throws IllegalStateException if the folio is not locked, or on an LRU list, the policy splits another one while
     *     it plans, or who is told of a stage of another split calls this
     */
    public int split(
            long folio, SplitPolicy policy, long start, long end, int newOrder, long allowedOrders, FolioList pieces) {
        pieces.requireOf(arena);
        return split(folio, policy, start, end, newOrder, allowedOrders, false, pieces);
    }

    private int split(
            long folio,
            SplitPolicy policy,
            long start,
            long end,
            int newOrder,
            long allowedOrders,
            boolean keep,
            @Nullable FolioList pieces) {
        Geometry.requireOrder(newOrder);
        arena.requirePage(folio);
        lifetime.enter();
        try {
            if (pieces != null && PageFlag.LRU.isSet(PageStruct.flagsAcquire(folio))) {
                throw new IllegalStateException(
                        "the folio to split is on an LRU list: folio=0x" + Long.toHexString(folio));
            }
            StagedSplit staged = splits.get().staged;
            staged.requireNotUnderWay();
            FolioSplit split = begin(folio, newOrder);
            split.lockAt = folio;
            split.uniform = false;
            split.keep = keep;
            split.list = pieces;
            if (start < 0 || start >= end || end > Geometry.pagesIn(split.order) || newOrder >= split.order) {
                return fail(split, Errno.EINVAL);
            }
            long allowed = (allowedOrders & possibleOrders(folio)) | Geometry.pagesIn(newOrder);
            split.plan(staged.plan, policy, start, end, allowed);
            if (split.plan.nrPieces() == 1) {
                return Errno.OK;
            }
            return staged.plan.stageBelow(split.order) < 0 ? run(split) : runStages(split, staged);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Splits a folio uniformly in stages, as {@link StagedSplitter#splitUniform} says.
     *
     * @param page page of a folio that the caller has locked and holds one reference to
     */
    int splitUniformInStages(long page, int newOrder) {
        StagedSplit staged = splits.get().staged;
        staged.requireNotUnderWay();
        FolioSplit split = begin(headMap.headOf(page), newOrder);
        split.lockAt = page;
        staged.plan.planUniform(split.order, newOrder, possibleOrders(split.folio));
        split.planFreeze(staged.plan, 0);
        return runStages(split, staged);
    }

    /** Splits as a stage has been planned; then, if that is done, what it has left to split. */
    private int runStages(FolioSplit split, StagedSplit staged) {
        staged.begin(split.folio, split.lockAt, split.newOrder, split.keep, split.list);
        int order = split.order;
        staged.isUnderWay = true;
        try {
            int result = run(split);
            return result == Errno.OK ? stagedSplitter.splitFurther(staged, 0, order) : result;
        } finally {
            staged.isUnderWay = false;
            // Nothing of the caller's is kept alive by a thread.
            staged.list = null;
        }
    }

    /**
     * Splits a folio that a stage before has left, as its own stage says: under the same conditions as any, but that it
     * may belong to nobody if it was dropped beyond the end of its file. Then its pieces do so as well: that with
     * {@code page}, and those that the caller keeps, stay the caller's, and the others are freed.
     *
     * @param page page of a folio that the caller has locked and holds one reference to
     * @param offset first page of the folio, relative to the whole
     */
    int splitStage(StagedSplit staged, long page, long offset) {
        FolioSplit split = begin(headMap.headOf(page), staged.newOrder);
        split.lockAt = page;
        split.keep = staged.keep;
        split.list = staged.list;
        split.planFreeze(staged.plan, offset);
        return split.mapping == 0 ? end(split, frozenSplitter.splitUnindexed(split)) : run(split);
    }

    private static long possibleOrders(long folio) {
        return isAnonymous(PageStruct.mapping(folio)) ? SplitPolicies.ANONYMOUS_ORDERS : SplitPolicies.ALL_ORDERS;
    }

    /** What the splitter shares with the rest of the engine, for who works beside it or checks its work. */
    FolioContext context() {
        return context;
    }

    SplitStatistics statistics() {
        return statistics;
    }

    @Nullable
    SplitObserver observer() {
        return observer;
    }

    /** The split of the calling thread: that which it has begun last, for an observer that is told of it. */
    FolioSplit splitOfThread() {
        return splits.get();
    }

    static boolean isAnonymous(long mapping) {
        return (mapping & AddressSpaceStruct.ANONYMOUS_TAG) != 0;
    }

    void requireLocked(long folio) {
        if (!folioLock.isLocked(folio)) {
            throw new IllegalStateException("the folio to split is not locked: folio=0x" + Long.toHexString(folio));
        }
    }

    private FolioSplit begin(long folio, int newOrder) {
        requireLocked(folio);
        FolioSplit split = splits.get();
        split.requireNotPlanning();
        if (observer != null) {
            observer.begin(folio);
        }
        split.begin(folio, newOrder);
        split.timed = observer != null;
        split.startNanos = split.timed ? System.nanoTime() : 0;
        return split;
    }

    private int run(FolioSplit split) {
        int result = checks.check(split);
        if (result == Errno.OK) {
            result = split.mapcount() == 0 ? splitUnmapped(split) : splitMapped(split);
        }
        return end(split, result);
    }

    private int end(FolioSplit split, int result) {
        if (result != Errno.OK) {
            return fail(split, result);
        }
        finish(split);
        return Errno.OK;
    }

    private int splitUnmapped(FolioSplit split) {
        return split.owner == null
                ? frozenSplitter.splitUnindexed(split)
                : frozenSplitter.splitIndexed(split, split.owner);
    }

    /** Unmaps the folio and splits it; if that fails, an anonymous folio is mapped again as a whole. */
    private int splitMapped(FolioSplit split) {
        // Racy, to spare the page tables when the freeze would fail; the freeze itself is exact.
        int expected = split.cacheReferences() + split.mapcount() + 1;
        if (References.count(split.folio) != expected) {
            return Errno.EAGAIN;
        }
        split.remapped = split.isAnonymous();
        // Before: nobody waits for a page that is gone while this waits for memory, or fails for want of it.
        if (split.owner != null && !split.reserveNodes(split.owner)) {
            return Errno.ENOMEM;
        }
        int result;
        try {
            result = mappers.unmap(split.folio) ? splitUnmapped(split) : Errno.EAGAIN;
        } finally {
            split.freeNodes();
        }
        if (result != Errno.OK && split.remapped) {
            mappers.remap(split.folio, Geometry.pagesIn(split.order));
            // While no leaf was there, an unmap elsewhere may have taken it for wholly unmapped, and off the queue.
            accounting.deferredSplits().afterUnmap(split.folio);
        }
        return result;
    }

    /**
     * Maps the pieces again, then unlocks and gives back what the caller does not keep. From the first unlock on
     * neither mapping nor index is touched: the folio that the caller keeps may lie beyond the end, and then nothing
     * keeps its owner.
     */
    private void finish(FolioSplit split) {
        if (split.owner != null) {
            accounting.dropped(split, split.owner);
        }
        if (split.remapped) {
            mappers.remap(split.folio, Geometry.pagesIn(split.order));
            split.queueUnmappedMeanwhile(accounting.deferredSplits());
            split.releaseRemapped(folios, folioLock);
        }
        split.freeUnreferenced(folios);
        if (!split.locksFirst()) {
            // That of the piece that the caller keeps, instead of this one.
            folioLock.afterBornLocked();
            folioLock.unlock(split.folio);
            folios.put(split.folio, 1);
        }
        statistics.succeeded(split.order, split.plan.nrPieces(), split.nrBytesStored, split.nrNodes);
        report(split, split.plan.nrPieces(), Errno.OK);
    }

    private int fail(FolioSplit split, int result) {
        statistics.failed(split.order);
        report(split, 1, result);
        return result;
    }

    private void report(FolioSplit split, long nrPieces, int result) {
        if (observer != null) {
            long nanos = System.nanoTime() - split.startNanos;
            observer.split(split.order, nrPieces, result, nanos, split.frozenNanos);
        }
    }
}
