/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.DeferredSplitShrinker;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Brings zeroed folios into anonymous memory, as large as rules, region and neighbours allow (do_anonymous_page,
 * alloc_anon_folio, do_huge_pmd_anonymous_page).
 *
 * <p>Where memory is short for a large folio a smaller one is taken, unless large ones were asked for; where it is
 * short for a page, partly mapped folios are split, and then cached pages taken, until there is one, or until nothing
 * helps. The kernel's setting "madvise" of transparent_hugepage/defrag does the same.
 *
 * <p>Thread-safe, blocking as {@link PageTables} is. Allocates nothing on the heap while memory is not short.
 */
final class AnonymousFault {
    private final PageTableContext context;
    private final DeferredSplitShrinker shrinker;
    private final MappedPages mappedPages;
    private final PageTables tables;
    private final AnonVma owner;
    private final LargeFolioOrders orders;
    private final AtomicLongArray nrFaultsByOrder = new AtomicLongArray(Geometry.PMD_ORDER + 1);
    private final AtomicLong nrRefused = new AtomicLong();

    AnonymousFault(
            PageTableContext context,
            DeferredSplitShrinker shrinker,
            MappedPages mappedPages,
            PageTables tables,
            AnonVma owner,
            LargeFolioOrders orders) {
        this.context = context;
        this.shrinker = shrinker;
        this.mappedPages = mappedPages;
        this.tables = tables;
        this.owner = owner;
        this.orders = orders;
    }

    long nrFaults(int order) {
        return nrFaultsByOrder.get(order);
    }

    long nrRefused() {
        return nrRefused.get();
    }

    /**
     * Maps the page at an address in a region, if need be with its neighbours; EEXIST if a page is there, or ENOMEM.
     */
    int handle(Region region, long address) {
        long page = address & -Geometry.PAGE_BYTES;
        if (!tables.isVacant(page, page + Geometry.PAGE_BYTES)) {
            // Before memory is asked for: what is there can be had when there is none.
            return Errno.EEXIST;
        }
        long left = orders.forRegion(region.flags());
        while (left != 0) {
            int order = Geometry.largestOrderIn(left);
            left &= ~(1L << order);
            long start = address & -Geometry.bytesIn(order);
            if (fits(region, start, order)) {
                int result = allocateAndMap(region, start, order);
                while (result == Errno.ENOMEM && isWorthWaiting(region) && splitQueued(Geometry.pagesIn(order))) {
                    result = allocateAndMap(region, start, order);
                }
                if (result == Errno.OK) {
                    return result;
                }
                // EEXIST may be a neighbour that came meanwhile: a smaller folio goes beside it.
            }
        }
        return handlePage(region, page);
    }

    private int handlePage(Region region, long start) {
        int result = allocateAndMap(region, start, 0);
        boolean found = true;
        while (result == Errno.ENOMEM && found) {
            found = findMemory();
            // Even if nothing was found: another thread may have got memory for itself meanwhile, and more than it
            // took.
            result = allocateAndMap(region, start, 0);
        }
        if (result == Errno.ENOMEM) {
            nrRefused.incrementAndGet();
        }
        return result;
    }

    private boolean fits(Region region, long start, int order) {
        long end = start + Geometry.bytesIn(order);
        return start >= region.start() && end <= region.end() && tables.isVacant(start, end);
    }

    private static boolean isWorthWaiting(Region region) {
        return (region.flags() & RegionFlags.HUGE_PAGE) != 0;
    }

    private int allocateAndMap(Region region, long start, int order) {
        int result = tryAllocateAndMap(region, start, order);
        // For a large folio a smaller one will do, unless folios are about to come back.
        if (result == Errno.ENOMEM && (order == 0 || context.folios.nrPendingReclaim() > 0)) {
            // Folios and tables freed before count as free, whether or not their grace period is over.
            context.rcu.barrier();
            result = tryAllocateAndMap(region, start, order);
        }
        return result;
    }

    private int tryAllocateAndMap(Region region, long start, int order) {
        long folio = context.folios.allocate(order);
        if (folio == 0) {
            return Errno.ENOMEM;
        }
        try {
            int result = map(region, start, folio, order);
            if (result == Errno.OK) {
                nrFaultsByOrder.incrementAndGet(order);
            }
            return result;
        } finally {
            // From here on the mappings keep it; if there is none, this frees it.
            context.folios.unpin(folio);
        }
    }

    private int map(Region region, long start, long folio, int order) {
        NativeMemory.fill(context.arena.frameOf(folio), Geometry.bytesIn(order), (byte) 0);
        owner.adopt(folio, region.indexAt(start));
        boolean writable = RegionFlags.allows(region.flags(), true);
        return order == Geometry.PMD_ORDER
                ? tables.mapHuge(start, folio, 0, order, writable)
                : tables.map(start, folio, 0, Geometry.pagesIn(order), writable);
    }

    /** Asks all who have memory to give for some; whether there may be more now. */
    boolean findMemory() {
        return splitQueued(1) || context.pressure.relieve(1, shrinker);
    }

    /**
     * Splits partly mapped folios until so many pages come back, or each was looked at once; whether there may be more
     * memory now.
     */
    private boolean splitQueued(long nrPages) {
        boolean gained = shrinker.relieve(nrPages, mappedPages);
        if (gained) {
            context.rcu.barrier();
        }
        return gained;
    }

    /** Splits some partly mapped folios; returns how many, 0 if none can be split. */
    long shrink() {
        long nrSplit = shrinker.shrinkSome(mappedPages);
        if (nrSplit > 0) {
            context.rcu.barrier();
        }
        return nrSplit;
    }
}
