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
import dev.quire.engine.struct.XaNodeStruct;
import dev.quire.engine.xarray.XaCursor;
import org.jspecify.annotations.Nullable;

/**
 * Turns one large folio into smaller ones, together with its entry in the index, while others read
 * (split_huge_page_to_list_to_order, folio_split, __folio_split).
 *
 * <p>The caller holds the folio lock and exactly one reference beyond those that the folio's kind implies. Whoever holds
 * another makes the split fail with EAGAIN. While a split runs, the folio is frozen: a reader that finds it cannot take a
 * reference and looks again. At every moment each index leads to the frozen original or to its own final folio, never to
 * another piece, and the first folio is unfrozen last.
 *
 * <p>Afterwards each piece has the references of its kind. The lock and the caller's reference are on the first folio, or,
 * for {@link #splitUniform}, on the one that holds the page that was named. Pieces of a page-cache folio that lie beyond the
 * end of the file are dropped, but never the first. Pieces of an anonymous folio that nobody maps are freed, unless the
 * caller keeps them.
 *
 * <p>Memory for the index is reserved before anything changes: a split either happens as a whole or not at all. Results,
 * in the order in which they are checked: EINVAL (page not in the folio, or the order not below the folio's), EBUSY (the
 * folio belongs to nobody any more), EINVAL (order 1 for anonymous memory; swap cache other than uniform to order 0), EBUSY
 * (under writeback, or anonymous without owner), EINVAL (below the mapping's minimum order), EBUSY (file system data
 * attached), ENOMEM, EAGAIN (unexpected references, or the index no longer has the folio).
 *
 * <p>Thread-safe. Blocks on the index lock only. After a thread's first split it allocates nothing.
 */
public final class FolioSplitter {
    private final PageArena arena;
    private final Folios folios;
    private final HeadMap headMap;
    private final FolioLock folioLock;
    private final FolioOwners owners;
    private final Lifetime lifetime;
    private final SplitStatistics statistics;
    private final @Nullable SplitObserver observer;
    private final ThreadLocal<FolioSplit> splits = ThreadLocal.withInitial(FolioSplit::new);

    /**
     * Makes the splitter of an engine.
     *
     * @param arena where the pages are
     * @param folios the folios
     * @param headMap how a page's head is found
     * @param folioLock the folio locks
     * @param owners who owns which mapping word
     * @param lifetime guard against close
     * @param statistics counters to move
     * @param observer told of every split, or null
     */
    public FolioSplitter(
            PageArena arena,
            Folios folios,
            HeadMap headMap,
            FolioLock folioLock,
            FolioOwners owners,
            Lifetime lifetime,
            SplitStatistics statistics,
            @Nullable SplitObserver observer) {
        this.arena = arena;
        this.folios = folios;
        this.headMap = headMap;
        this.folioLock = folioLock;
        this.owners = owners;
        this.lifetime = lifetime;
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
     * Splits as a policy says.
     *
     * @param folio head of a folio that the caller has locked and holds one reference to
     * @param policy how to cut
     * @param start first page of the wanted range, relative to the folio
     * @param end page after the range
     * @param newOrder log2 pages of the smallest piece
     * @param allowedOrders bit k set if pieces of order k are allowed; {@code newOrder} always is, and order 1 never for
     *     anonymous folios
     * @param keep whether the caller gets a reference to every piece, not just to the first
     * @return 0 (also if the policy leaves the folio whole), or EINVAL, EBUSY, ENOMEM, EAGAIN
     * @throws IllegalArgumentException if a handle is not of this engine or the order not in 0..18
     * @throws IllegalStateException if the folio is not locked
     */
    public int split(
            long folio, SplitPolicy policy, long start, long end, int newOrder, long allowedOrders, boolean keep) {
        Geometry.requireOrder(newOrder);
        arena.requirePage(folio);
        lifetime.enter();
        try {
            FolioSplit split = begin(folio, newOrder);
            split.lockAt = folio;
            split.uniform = false;
            split.keep = keep;
            if (start < 0 || start >= end || end > Geometry.pagesIn(split.order) || newOrder >= split.order) {
                return fail(split, Errno.EINVAL);
            }
            boolean anonymous = isAnonymous(PageStruct.mapping(folio));
            long allowed = allowedOrders & (anonymous ? SplitPolicies.ANONYMOUS_ORDERS : SplitPolicies.ALL_ORDERS);
            policy.plan(split.plan, split.order, start, end, newOrder, allowed | Geometry.pagesIn(newOrder));
            split.uniform = split.plan.nrRuns() == 1 && split.plan.runOrder(0) == newOrder;
            return split.plan.nrPieces() == 1 ? Errno.OK : run(split);
        } finally {
            lifetime.exit();
        }
    }

    static boolean isAnonymous(long mapping) {
        return (mapping & AddressSpaceStruct.ANONYMOUS_TAG) != 0;
    }

    private FolioSplit begin(long folio, int newOrder) {
        if (!folioLock.isLocked(folio)) {
            throw new IllegalStateException("the folio to split is not locked: folio=0x" + Long.toHexString(folio));
        }
        FolioSplit split = splits.get();
        split.begin(folio, newOrder);
        split.startNanos = observer == null ? 0 : System.nanoTime();
        return split;
    }

    private int run(FolioSplit split) {
        int result = check(split);
        if (result == Errno.OK) {
            result = split.owner == null ? splitUnindexed(split) : splitIndexed(split, split.owner);
        }
        if (result != Errno.OK) {
            return fail(split, result);
        }
        finish(split);
        return Errno.OK;
    }

    /** The checks that need no lock but the folio's, in the order of the original. */
    private int check(FolioSplit split) {
        if (split.mapping == 0) {
            return Errno.EBUSY;
        }
        boolean anonymous = split.isAnonymous();
        if (anonymous && split.newOrder == 1) {
            return Errno.EINVAL;
        }
        long flags = PageStruct.flagsAcquire(split.folio);
        if (PageFlag.SWAPCACHE.isSet(flags) && anonymous && (!split.uniform || split.newOrder != 0)) {
            return Errno.EINVAL;
        }
        if (PageFlag.WRITEBACK.isSet(flags) || split.mapping == AddressSpaceStruct.ANONYMOUS_TAG) {
            return Errno.EBUSY;
        }
        return anonymous ? Errno.OK : checkFile(split, flags);
    }

    private int checkFile(FolioSplit split, long flags) {
        FolioOwner owner = owners.of(split.mapping);
        split.owner = owner;
        if (split.newOrder < owner.minimumOrder()) {
            return Errno.EINVAL;
        }
        return PageFlag.PRIVATE.isSet(flags) ? Errno.EBUSY : Errno.OK;
    }

    private int splitIndexed(FolioSplit split, FolioOwner owner) {
        owner.index().lock();
        XaCursor cursor = owner.lockedCursor();
        try {
            cursor.set(PageStruct.index(split.folio));
            if (cursor.reserve(split.plan) != Errno.OK) {
                return Errno.ENOMEM;
            }
            if (!isIndexed(split, cursor) || !References.freeze(split.folio, split.expectedReferences() + 1)) {
                return Errno.EAGAIN;
            }
            splitFrozen(split, owner, cursor);
            return Errno.OK;
        } finally {
            cursor.destroy();
            owner.index().unlock();
        }
    }

    private static boolean isIndexed(FolioSplit split, XaCursor cursor) {
        return cursor.load() == split.folio && cursor.getOrder() == split.order;
    }

    /** Everything that changes between freezing the folio and unfreezing it, in the order in which readers may see it. */
    private void splitFrozen(FolioSplit split, FolioOwner owner, XaCursor cursor) {
        split.writePieces();
        split.nrBytesStored += headMap.split(split.folio, split.plan);
        // I15: every slot goes from the frozen original straight to its own final folio (a piece's word is its page
        // struct's
        // address), so that no reader can find a piece at another piece's index.
        split.nrNodes = XaCursor.nodesNeeded(split.plan);
        split.nrBytesStored += split.nrNodes * XaNodeStruct.BYTES + nrTopSlots(split.order) * Long.BYTES;
        int result = cursor.split(split.plan, split.folio, split.folio, PageStruct.BYTES);
        if (result != Errno.OK) {
            throw new IllegalStateException("index refused a checked split: result=" + Errno.name(result));
        }
        dropBeyondEnd(split, owner, cursor);
        // Last (I15): until here whoever looks up the first index cannot get a folio that no longer covers what it did.
        split.unfreezeFirst();
    }

    private static long nrTopSlots(int order) {
        return 1L << order % XaNodeStruct.SLOT_SHIFT;
    }

    private static void dropBeyondEnd(FolioSplit split, FolioOwner owner, XaCursor cursor) {
        long nrPages = Geometry.pagesIn(split.order);
        if (!split.isDropped(nrPages - 1)) {
            return;
        }
        long firstIndex = PageStruct.index(split.folio);
        long offset = 0;
        for (int run = 0; run < split.plan.nrRuns(); run++) {
            int order = split.plan.runOrder(run);
            for (long count = split.plan.runCount(run); count > 0; count--) {
                if (split.isDropped(offset)) {
                    cursor.setOrder(firstIndex + offset, order);
                    cursor.store(0);
                    owner.addNrPages(-Geometry.pagesIn(order));
                }
                offset += Geometry.pagesIn(order);
            }
        }
    }

    private int splitUnindexed(FolioSplit split) {
        if (!References.freeze(split.folio, split.expectedReferences() + 1)) {
            return Errno.EAGAIN;
        }
        split.writePieces();
        split.nrBytesStored += headMap.split(split.folio, split.plan);
        split.unfreezeFirst();
        return Errno.OK;
    }

    /** Unlocks and gives back what the caller does not keep; touches neither mapping nor index any more. */
    private void finish(FolioSplit split) {
        split.freeUnreferenced(folios);
        if (!split.locksFirst()) {
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
            observer.split(split.order, nrPieces, result, System.nanoTime() - split.startNanos);
        }
    }
}
