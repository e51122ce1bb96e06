/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.FolioSplitter;
import dev.quire.engine.folio.PartialSplit;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.struct.PageTableStruct;
import dev.quire.engine.xarray.SplitPlan;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Splits a partly mapped anonymous folio along what of it is mapped, so that the rest is freed. The kernel always
 * splits it to order 0, since it does not look where the mappings are.
 *
 * <ul>
 *   <li>{@code UNIFORM} and {@code STAGED}, for which these folios are small enough to be split at once: to order 0.
 *   <li>{@code NON_UNIFORM}: down to order 0 around the first page of each unmapped run and around the page after it,
 *       as truncation splits a file's folio.
 *   <li>{@code RANGE}: the fewest folios of which each is mapped as a whole or not at all.
 * </ul>
 *
 * <p>What is unmapped once the split has its plan is missed; its piece, mapped in part, is on the queue afterwards. Not
 * thread-safe: the shrinker calls it for one folio after the other.
 */
final class MappedPages implements PartialSplit, RangeOperation {
    private final PageTableContext context;
    private final FolioSplitter splitter;
    private final SplitPolicies policy;
    private final SplitPolicy cutAtBoundaries = this::plan;
    private final BitSet mapped = new BitSet();

    /** Pages at which a run of unmapped pages begins or ends. */
    private final BitSet boundaries = new BitSet();

    private long folio;
    private long nrPageMappings;
    private long firstPfn;
    private int nrPages;
    private final AtomicLong nrFoliosSplit = new AtomicLong();
    private final AtomicLong nrPagesFreed = new AtomicLong();

    MappedPages(PageTableContext context, FolioSplitter splitter, SplitPolicies policy) {
        this.context = context;
        this.splitter = splitter;
        this.policy = policy;
    }

    /** Folios split so far. */
    long nrFoliosSplit() {
        return nrFoliosSplit.get();
    }

    /** Unmapped pages of the folios split so far. */
    long nrPagesFreed() {
        return nrPagesFreed.get();
    }

    @Override
    public int split(long folio) {
        if (FolioMapcounts.total(folio) == 0) {
            // Since it was queued the rest was unmapped too: all of it is freed with the last reference. Or it never
            // was mapped, or has been truncated: only the owner of what is mapped is sure to have a list of regions.
            return Errno.ENOENT;
        }
        collect(folio);
        if (mapped.isEmpty()) {
            return Errno.ENOENT;
        }
        // All of it is mapped: it is split because little of it is used.
        boolean toPages =
                policy == SplitPolicies.UNIFORM || policy == SplitPolicies.STAGED || mapped.cardinality() == nrPages;
        int result = toPages
                ? splitter.splitUniform(folio, 0)
                : splitter.split(folio, cutAtBoundaries, 0, nrPages, 0, SplitPolicies.ANONYMOUS_ORDERS, false);
        if (result == Errno.OK && Geometry.pagesIn(FolioStruct.order(folio)) == nrPages) {
            // All of it is mapped again, or nothing is any more: the last plan has left it whole.
            return Errno.ENOENT;
        }
        if (result == Errno.OK) {
            nrFoliosSplit.incrementAndGet();
            // As the plan has found it, which may have looked again.
            nrPagesFreed.addAndGet(nrPages - mapped.cardinality());
        }
        return result;
    }

    private void collect(long folio) {
        this.folio = folio;
        // Before the walk: what is unmapped beside it makes the plan look again.
        nrPageMappings = FolioMapcounts.nrPageMappings(folio);
        firstPfn = context.arena.pfnOf(folio);
        nrPages = Math.toIntExact(Geometry.pagesIn(FolioStruct.order(folio)));
        mapped.clear();
        boundaries.clear();
        long index = PageStruct.index(folio);
        context.reverseMap.listOf(PageStruct.mapping(folio)).walk(index, index + nrPages, this);
        for (int page = mapped.nextClearBit(0); page < nrPages; page = mapped.nextClearBit(page)) {
            boundaries.set(page);
            page = mapped.nextSetBit(page);
            if (page < 0) {
                return;
            }
            boundaries.set(page);
        }
    }

    @Override
    public void entries(TableTree tree, long firstSlot, long address, int nrEntries) {
        for (long i = 0; i < nrEntries; i++) {
            long entry = PageTableStruct.entryAcquire(firstSlot + i * Long.BYTES);
            if (PageTableEntry.isPresent(entry)) {
                note(PageTableEntry.pfn(entry), 1);
            }
        }
    }

    @Override
    public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
        long leaf = PageTableStruct.entryAcquire(slot);
        note(PageTableEntry.pfn(leaf), Geometry.pagesIn(TableTree.orderOf(level)));
        return true;
    }

    /** Notes pages that a leaf maps, if they are the folio's. */
    private void note(long pfn, long nrLeafPages) {
        long page = pfn - firstPfn;
        if (page >= 0 && page < nrPages) {
            mapped.set((int) page, (int) Math.min(page + nrLeafPages, nrPages));
        }
    }

    private void plan(SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
        // The splitter has noted what is mapped now; from here on it queues the pieces that lose a part of that.
        if (FolioMapcounts.nrPageMappings(folio) != nrPageMappings) {
            collect(folio);
        }
        plan.reset(order);
        cut(plan, 0, order, allowedOrders);
    }

    private void cut(SplitPlan plan, int block, int order, long allowedOrders) {
        int blockEnd = block + (1 << order);
        if (order == 0 || !isCut(block, blockEnd)) {
            plan.append(order, 1);
            return;
        }
        int smaller = SplitPolicies.nextAllowed(order, 0, allowedOrders);
        for (int piece = block; piece < blockEnd; piece += 1 << smaller) {
            cut(plan, piece, smaller, allowedOrders);
        }
    }

    /** Whether a block must become smaller; a boundary at its first page does not divide it. */
    private boolean isCut(int block, int blockEnd) {
        int from = policy == SplitPolicies.NON_UNIFORM ? block : block + 1;
        int boundary = boundaries.nextSetBit(from);
        return boundary >= 0 && boundary < blockEnd;
    }
}
