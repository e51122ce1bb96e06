/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;
import org.jspecify.annotations.Nullable;

/**
 * Gives a range of one owner's pages another cut into folios, all at once or not at all: splits, merges, and a change
 * of meaning that nobody may see half done. (The restructuring that guest memory with huge pages needs when it is
 * converted.)
 *
 * <p>Prepare: the nodes of all splits are reserved, then all folios concerned are frozen, which fails if somebody holds
 * one. Commit: the caller's change, then folio after folio is split, merged or left as it is, each in its slots of the
 * index, and unfrozen. From the first change on nothing can fail, so there is nothing to roll back, and no slot is ever
 * empty. A reader that finds a folio meanwhile cannot take a reference and looks again, until that folio is unfrozen.
 *
 * <p>Readers of pages outside the range wait the least: the folios at both ends of it, which hold such pages, come
 * first, and a large one is split in the stages that its {@link FolioCut} names, after the first of which its pieces
 * can be had unless a later one concerns them. A merge has no stages: nobody may hold any of the pieces when they
 * become one, so all of them are frozen from before the first change until then.
 *
 * <p>Folio locks are not needed: who has one also has a reference. Not thread-safe: the caller excludes all other
 * changes to the range of the owner's index, reclaim and truncation among them; elsewhere others may change it with
 * another restructurer. Blocks on the index lock.
 */
public final class FolioRestructurer {
    /** Most nodes that storing one entry takes: a path from a higher top down to it. */
    private static final int MAX_PATH_NODES = (Long.SIZE + 5) / 6;

    private final FolioOwner owner;

    /** Its own, as it keeps nodes between the two halves, in which the index lock is free. */
    private final XaCursor cursor;

    private final PageArena arena;
    private final Lifetime lifetime;
    private final FolioAccounting accounting;
    private final SplitStatistics statistics;
    private final FrozenFolioSplitter frozenSplitter;
    private final FolioFreezer freezer;
    private final FolioMerger merger;
    private final FolioSplitter splitter;
    private final FrozenSplitObserver observer;
    private final AnsweredCut answers = new AnsweredCut();
    private long nrNodesWanted;
    private int firstOrder;
    private int lastOrder;
    private long rangeStart;
    private long rangeEnd;

    /** The range, grown to the ends of the folios that its first and its last page should lie in. */
    private long blocksStart;

    private long blocksEnd;
    private long refusedIndex;
    private long startNanos;
    private long freezeStartNanos;
    private long frozenNanos;
    private long besideFrozenNanos;

    /**
     * Makes the restructurer of an owner.
     *
     * @param splitter the engine's splitter: who observes and counts its splits observes and counts these
     * @param owner whose folios
     */
    public FolioRestructurer(FolioSplitter splitter, FolioOwner owner) {
        this.owner = owner;
        cursor = new XaCursor(owner.index());
        this.splitter = splitter;
        statistics = splitter.statistics();
        observer = new FrozenSplitObserver(splitter.observer());
        FolioContext context = splitter.context();
        arena = context.arena();
        lifetime = context.lifetime();
        accounting = context.accounting();
        frozenSplitter = new FrozenFolioSplitter(context);
        freezer = new FolioFreezer(cursor);
        merger = new FolioMerger(context);
    }

    /**
     * Puts a new folio into the index, in as many pieces as it should consist of; nobody ever sees it as a whole if it
     * should not be. The caller's reference becomes the owner's. Waits, not for long, for references of who goes
     * through all pages. What a {@link SplitObserver} throws comes through when the folio is in the index.
     *
     * @param folio head of a folio that belongs to nobody, unlocked, to which the caller holds a reference
     * @param startIndex offset of its first page, a multiple of its size
     * @param flags flags that each piece gets beside its own, of those that pieces of a folio inherit from it, but not
     *     that of the swap cache
     * @param cut says what it should consist of
     * @return 0; EINVAL if the owner cannot have the pieces, one or more, which are too small or reach beyond its end;
     *     EAGAIN if somebody else holds the folio; EEXIST if some page is in the index already; ENOMEM; then nothing
     *     has changed
     * @throws IllegalArgumentException if the handle is not of this engine, the index not aligned or out of range, the
     *     folio somebody's or nobody holds it, a flag is none of those, the owner is shared memory, which pays for its
     *     pages, or the cut's plan is not one for this folio; then nothing has changed
     * @throws IllegalStateException if the owner is closed, a policy or cut calls this while it is asked, or the cut
     *     splits a folio then; then nothing has changed
     */
    public int insert(long folio, long startIndex, long flags, FolioCut cut) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            FolioSplit split = begin();
            FolioCutChecks.requireInsertable(owner, folio, startIndex, flags);
            split.beginPlanning();
            try {
                FolioCutChecks.plan(cut, split, startIndex, FolioStruct.order(folio));
            } finally {
                split.endPlanning();
            }
            if (!FolioCutChecks.fits(owner, split.plan, startIndex)) {
                return Errno.EINVAL;
            }
            int result = FolioFreezer.freezeNew(folio) ? insertFrozen(split, folio, startIndex, flags) : Errno.EAGAIN;
            observer.rethrow();
            return result;
        } finally {
            lifetime.exit();
        }
    }

    /** The split of the thread, which no policy is planning. */
    private FolioSplit begin() {
        FolioSplit split = splitter.splitOfThread();
        split.requireNotPlanning();
        observer.forget();
        startNanos = now();
        return split;
    }

    private int insertFrozen(FolioSplit split, long folio, long startIndex, long flags) {
        freezeStartNanos = now();
        boolean inserted = false;
        try {
            int result = cursor.reserve(XaCursor.nodesNeeded(split.plan) + MAX_PATH_NODES) == Errno.OK
                    ? insertReserved(split, folio, startIndex, flags)
                    : Errno.ENOMEM;
            inserted = result == Errno.OK;
            return result;
        } finally {
            if (!inserted) {
                // Also if the lock was refused.
                cursor.destroy();
                References.unfreeze(folio, 1);
            }
        }
    }

    private int insertReserved(FolioSplit split, long folio, long startIndex, long flags) {
        int order = split.plan.order();
        owner.index().lock();
        try {
            requireOpen();
            cursor.setOrder(startIndex, order);
            if (cursor.findConflict() != 0) {
                return Errno.EEXIST;
            }
            accounting.lru().changeFlags(folio, flags, 0);
            PageStruct.mapping(folio, owner.address());
            PageStruct.index(folio, startIndex);
            store(folio, startIndex, order);
            owner.addNrPages(Geometry.pagesIn(order));
            if (order >= Geometry.PMD_ORDER) {
                accounting.counters().addThpPages(false, Geometry.pagesIn(order));
            }
            splitPlanned(split, folio, null);
            return Errno.OK;
        } finally {
            cursor.destroy();
            owner.index().unlock();
        }
    }

    /** Checks, under the index lock, that the index is the owner's until it is unlocked. */
    private void requireOpen() {
        if (owner.isClosed()) {
            throw new IllegalStateException("the owner is closed: owner=0x" + Long.toHexString(owner.address()));
        }
    }

    /**
     * Restructures the folios of a range, and those around it that become one folio with some of them. Of a folio that
     * is split in stages, the pieces of a stage that have nothing to do with the range stay as they are. What a
     * {@link SplitObserver} throws comes through when everything is done.
     *
     * @param startIndex first page of the range
     * @param endIndex page after the range
     * @param cut says what the pages should consist of, and which change their meaning
     * @param commit run once nothing can fail any more and nobody holds any of the folios. It takes no lock of rank
     *     {@code INDEX} or before, and waits for no reader, as readers may wait for the folios
     * @return 0; ENOMEM; EAGAIN (somebody holds a folio, perhaps only for a moment), EBUSY (a folio that would be
     *     merged is under writeback, or charged to another group; or pages are in swap), EINVAL (folios that would be
     *     merged do not lie side by side; one that would be split would have pieces smaller than the owner's minimum,
     *     or beyond its end): see {@link #refusedIndex}; then nothing has changed
     * @throws IllegalArgumentException if the range is none, or the cut names an order that is none, or folios that
     *     overlap such that one would be merged of others beyond the last, plans something else than it names, or has
     *     stages that do not lead there; then nothing has changed
     * @throws IllegalStateException if the owner is closed, a policy or cut calls this while it is asked, or the cut
     *     splits a folio then; then nothing has changed
     */
    public int restructure(long startIndex, long endIndex, FolioCut cut, Runnable commit) {
        FolioCutChecks.requireRange(startIndex, endIndex);
        lifetime.enter();
        try {
            FolioSplit split = begin();
            int result;
            split.beginPlanning();
            try {
                result = prepare(startIndex, endIndex, cut);
            } finally {
                split.endPlanning();
            }
            if (result == Errno.OK) {
                try {
                    commit.run();
                } finally {
                    recutAll();
                }
                observer.rethrow();
            }
            return result;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Where the last call of {@link #restructure} that failed met what kept it from succeeding.
     *
     * @return first index of the folio, or the first of the range if it was memory
     */
    public long refusedIndex() {
        return refusedIndex;
    }

    /**
     * How long the last call of {@link #restructure} that succeeded had folios frozen.
     *
     * @return nanoseconds from before the first freeze until the last folio was unfrozen
     */
    public long frozenNanos() {
        return frozenNanos;
    }

    /**
     * How long it had folios frozen with pages outside of its range.
     *
     * @return nanoseconds from before the first freeze until the last of these folios was unfrozen; 0 if there was none
     */
    public long besideFrozenNanos() {
        return besideFrozenNanos;
    }

    private long now() {
        return observer.isPresent() ? System.nanoTime() : 0;
    }

    // ---- prepare

    private int prepare(long startIndex, long endIndex, FolioCut cut) {
        firstOrder = FolioCutChecks.orderAt(cut, startIndex);
        lastOrder = FolioCutChecks.orderAt(cut, endIndex - 1);
        blocksStart = Geometry.alignDown(startIndex, firstOrder);
        blocksEnd = Geometry.alignDown(endIndex - 1, lastOrder) + Geometry.pagesIn(lastOrder);
        rangeStart = startIndex;
        rangeEnd = endIndex;
        refusedIndex = startIndex;
        int result;
        int round = 0;
        do {
            result = tryPrepare(cut);
        } while (result == Errno.ENOMEM && owner.index().pool().awaitReclaim(nrNodesWanted, round++));
        return result;
    }

    private int tryPrepare(FolioCut cut) {
        owner.index().lock();
        boolean frozen = false;
        try {
            requireOpen();
            int result = reserve(cut);
            if (result == Errno.OK) {
                freezeStartNanos = System.nanoTime();
                result = freezer.freeze(blocksStart, blocksEnd, answers);
                refusedIndex = result == Errno.OK ? refusedIndex : freezer.refusedIndex();
            }
            frozen = result == Errno.OK;
            return result;
        } finally {
            if (!frozen) {
                cursor.destroy();
            }
            owner.index().unlock();
        }
    }

    /**
     * Asks the cut, and reserves the nodes for all splits, and for the path of a merge in a tree that has become lower
     * meanwhile.
     */
    private int reserve(FolioCut cut) {
        answers.begin(firstOrder, blocksEnd - Geometry.pagesIn(lastOrder), lastOrder);
        long nrNodes = 0;
        boolean merges = false;
        long index = blocksStart;
        for (long folio = find(index, blocksEnd); folio != 0; folio = find(index, blocksEnd)) {
            if (XaEntry.isValue(folio)) {
                return refuse(Geometry.alignDown(cursor.index(), cursor.getOrder()), Errno.EBUSY);
            }
            index = PageStruct.index(folio);
            int order = FolioStruct.order(folio);
            int wanted = FolioCutChecks.orderAt(cut, index);
            if (wanted > order) {
                if (!canBeOne(folio, wanted)) {
                    return refuse(index, Errno.EINVAL);
                }
                FolioCutChecks.requireInBlocks(index, wanted, blocksEnd);
                merges = true;
                answers.add(index, wanted, 1, false);
            } else if (wanted < order) {
                FolioSplit split = splitter.splitOfThread();
                FolioCutChecks.plan(cut, split, index, order);
                FolioCutChecks.requireStages(cut, split.plan, answers);
                if (!FolioCutChecks.fits(owner, split.plan, index)) {
                    return refuse(index, Errno.EINVAL);
                }
                nrNodes += XaCursor.nodesNeeded(split.plan);
                answers.addPieces(cut, split.plan, index);
            } else {
                answers.add(index, order, 1, cut.changes(index, order));
            }
            index += Geometry.pagesIn(Math.max(wanted, order));
        }
        cursor.reset();
        nrNodesWanted = nrNodes + (merges ? MAX_PATH_NODES : 0);
        return cursor.tryReserve(nrNodesWanted) ? Errno.OK : Errno.ENOMEM;
    }

    private int refuse(long index, int error) {
        refusedIndex = index;
        return error;
    }

    private boolean canBeOne(long folio, int order) {
        return Geometry.isAligned(PageStruct.index(folio), order)
                && Geometry.isAligned(arena.pfnOf(folio), order)
                && FolioMerger.isIndexedBlock(folio, order, cursor);
    }

    // ---- commit

    private void recutAll() {
        owner.index().lock();
        try {
            besideFrozenNanos = 0;
            // The ends first: only there are pages outside of the range.
            long last = Geometry.alignDown(rangeEnd - 1, recutBlock(rangeEnd - 1));
            if (rangeStart < last) {
                int order = recutBlock(rangeStart);
                recut(Geometry.alignDown(rangeStart, order) + Geometry.pagesIn(order), last);
            }
            frozenNanos = System.nanoTime() - freezeStartNanos;
        } finally {
            cursor.destroy();
            owner.index().unlock();
        }
    }

    /**
     * Restructures the folio that an index lies in, or after the first stage of its split the piece of it, or all
     * folios of the larger one that it is to be part of; returns the order of that block.
     */
    private int recutBlock(long index) {
        int wanted = answers.orderAt(index);
        long folio = find(index, index + 1);
        if (folio == 0 || !FolioFreezer.isConcerned(folio, answers)) {
            return wanted;
        }
        if (isStaged(folio)) {
            int order = FolioStruct.order(folio);
            splitStage(folio);
            noteBeside(PageStruct.index(folio), order);
            folio = find(index, index + 1);
        }
        int order = Math.max(wanted, FolioStruct.order(folio));
        long start = Geometry.alignDown(index, order);
        long end = start + Geometry.pagesIn(order);
        // No pieces of a stage that are beside the blocks: they are not frozen.
        recut(Math.max(start, blocksStart), Math.min(end, blocksEnd));
        noteBeside(start, order);
        return order;
    }

    /** Takes the time at which pages outside of the range, if there are some in a block, were unfrozen. */
    private void noteBeside(long start, int order) {
        if (start < rangeStart || start + Geometry.pagesIn(order) > rangeEnd) {
            besideFrozenNanos = System.nanoTime() - freezeStartNanos;
        }
    }

    /** Restructures the folios that have pages of some blocks. */
    private void recut(long first, long end) {
        long next = first;
        for (long folio = find(next, end); folio != 0; folio = find(next, end)) {
            if (isStaged(folio)) {
                // Then its pieces, from the one with the next page on: only those are still frozen.
                splitStage(folio);
            } else {
                long index = PageStruct.index(folio);
                next = index + recutAtOnce(folio, index);
            }
        }
    }

    /** Splits, merges or unfreezes a folio; returns the pages of it, or of what it has become a part of. */
    private long recutAtOnce(long folio, long index) {
        int order = FolioStruct.order(folio);
        int wanted = answers.orderAt(index);
        if (wanted > order) {
            merge(folio, wanted);
        } else if (wanted < order) {
            FolioSplit split = splitter.splitOfThread();
            answers.plan(split.plan, index, order);
            splitPlanned(split, folio, null);
        } else if (answers.changes(index, order)) {
            FolioFreezer.unfreeze(folio);
        }
        return Geometry.pagesIn(Math.max(wanted, order));
    }

    /** Whether a folio is to be split, and not at once. */
    private boolean isStaged(long folio) {
        int order = FolioStruct.order(folio);
        return answers.orderAt(PageStruct.index(folio)) < order && answers.stageOrder(order) < order;
    }

    private void splitStage(long folio) {
        int order = FolioStruct.order(folio);
        FolioSplit split = splitter.splitOfThread();
        split.plan.resetUniform(order, answers.stageOrder(order));
        splitPlanned(split, folio, answers);
    }

    /**
     * Splits a frozen folio that is in the index as the plan says, and unfreezes the pieces but those among the blocks
     * that the next cut, if there is one, concerns.
     */
    private void splitPlanned(FolioSplit split, long folio, @Nullable FolioCut nextCut) {
        if (split.plan.nrPieces() == 1) {
            FolioFreezer.unfreeze(folio);
            return;
        }
        observer.begin(folio);
        split.begin(folio, 0);
        split.uniform = false;
        split.timed = false;
        split.owner = owner;
        split.lockAt = 0;
        split.nrCallerReferences = 0;
        split.nextCut = nextCut;
        split.nextStart = blocksStart;
        split.nextEnd = blocksEnd;
        cursor.set(PageStruct.index(folio));
        frozenSplitter.splitFrozen(split, owner, cursor);
        long nrPieces = split.plan.nrPieces();
        statistics.succeeded(split.order, nrPieces, split.nrBytesStored, split.nrNodes);
        if (observer.isPresent()) {
            long endNanos = System.nanoTime();
            observer.split(split.order, nrPieces, Errno.OK, endNanos - startNanos, endNanos - freezeStartNanos);
        }
    }

    private void merge(long folio, int order) {
        store(folio, PageStruct.index(folio), order);
        merger.join(folio, order, 0, FolioPieces.poisonOfPieces(folio, order), (int) Geometry.pagesIn(order));
    }

    private void store(long folio, long index, int order) {
        cursor.setOrder(index, order);
        cursor.store(folio);
        if (cursor.error() != Errno.OK) {
            throw new IllegalStateException(
                    "index refused a store with all nodes reserved: result=" + Errno.name(cursor.error()));
        }
    }

    private long find(long first, long end) {
        if (first >= end) {
            return 0;
        }
        cursor.set(first);
        return cursor.find(end - 1);
    }
}
