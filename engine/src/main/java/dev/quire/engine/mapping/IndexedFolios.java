/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.FolioCounters;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;

/** The folios in one address space's index: adding, removing and finding them under the index lock. */
final class IndexedFolios {
    private final Folios folios;
    private final FolioCounters counters;
    private final AddressSpace space;

    IndexedFolios(MappingContext context, AddressSpace space) {
        this.space = space;
        folios = context.folios();
        counters = context.accounting().counters();
    }

    int add(long folio, long startIndex) {
        requireAddable(folio, startIndex);
        int order = FolioStruct.order(folio);
        int nrPages = (int) Geometry.pagesIn(order);
        space.index().lock();
        XaCursor cursor = space.lockedCursor();
        try {
            cursor.setOrder(startIndex, order);
            if (cursor.findConflict() != 0) {
                return Errno.EEXIST;
            }
            if (space.isSwapBacked()) {
                PageStruct.getAndSetFlags(folio, PageFlag.SWAPBACKED.mask());
            }
            // Before the store that publishes the folio (release): a reader that finds it sees whose it is and where.
            PageStruct.mapping(folio, space.address());
            PageStruct.index(folio, startIndex);
            References.add(folio, nrPages);
            cursor.store(folio);
            if (cursor.error() != Errno.OK) {
                References.put(folio, nrPages);
                PageStruct.mapping(folio, 0);
                PageStruct.getAndClearFlags(folio, PageFlag.SWAPBACKED.mask());
                return cursor.error();
            }
            space.addNrPages(nrPages);
            count(order, nrPages);
            return Errno.OK;
        } finally {
            space.index().unlock();
        }
    }

    /** Counts pages that are in the index from now on, or no longer if negative. */
    private void count(int order, long nrPages) {
        countThpPages(order, nrPages);
        if (space.isSwapBacked()) {
            AddressSpaceStruct.addNrCharged(space.address(), nrPages);
        }
    }

    void countThpPages(int order, long nrPages) {
        if (order >= Geometry.PMD_ORDER) {
            counters.addThpPages(space.isSwapBacked(), nrPages);
        }
    }

    private void requireAddable(long folio, long startIndex) {
        int order = FolioStruct.order(folio);
        FileRange.require("startIndex", startIndex, "nrPages", Geometry.pagesIn(order), FileRange.MAX_PAGES);
        if (!Geometry.isAligned(startIndex, order)) {
            throw new IllegalArgumentException("startIndex not aligned: startIndex=" + startIndex + ", order=" + order);
        }
        if (order < space.minimumOrder()) {
            throw new IllegalArgumentException(
                    "order below the minimum: order=" + order + ", minimumOrder=" + space.minimumOrder());
        }
        if (References.count(folio) != 1 || PageStruct.mapping(folio) != 0) {
            throw new IllegalArgumentException("folio is not the caller's alone: folio=0x" + Long.toHexString(folio)
                    + ", references=" + References.count(folio) + ", mapping=0x"
                    + Long.toHexString(PageStruct.mapping(folio)));
        }
    }

    /** Takes a locked folio of this space out of the index and gives back the references that the space held. */
    void remove(long folio) {
        int order = FolioStruct.order(folio);
        int nrPages = (int) Geometry.pagesIn(order);
        space.index().lock();
        try {
            XaCursor cursor = space.lockedCursor();
            cursor.setOrder(PageStruct.index(folio), order);
            cursor.store(0);
            space.addNrPages(-nrPages);
            count(order, -nrPages);
        } finally {
            space.index().unlock();
        }
        PageStruct.getAndClearFlags(folio, PageFlag.DIRTY.mask());
        PageStruct.mapping(folio, 0);
        // The caller's own reference keeps the folio until it is unlocked.
        References.put(folio, nrPages);
    }

    /** Pins the first folio that covers an index from {@code first} to {@code last}; 0 if there is none. */
    long pinNext(long first, long last) {
        space.index().lock();
        try {
            XaCursor cursor = space.lockedCursor();
            cursor.set(first);
            long folio = cursor.find(last);
            while (XaEntry.isValue(folio)) {
                // A page of shared memory that is in swap.
                folio = cursor.find(last);
            }
            // A folio in the index is frozen only by a split, which holds this lock all the while.
            if (folio != 0 && !References.tryGet(folio)) {
                throw new IllegalStateException("indexed folio has no references: folio=0x" + Long.toHexString(folio));
            }
            return folio;
        } finally {
            space.index().unlock();
        }
    }

    int populate(long startIndex, long nrPages, int maximumOrder) {
        long end = startIndex + nrPages;
        long index = startIndex;
        while (index < end) {
            long next = pinNext(index, end - 1);
            long holeEnd = end;
            long afterNext = end;
            if (next != 0) {
                holeEnd = PageStruct.index(next);
                afterNext = holeEnd + Geometry.pagesIn(FolioStruct.order(next));
                folios.unpin(next);
            }
            int result = fillHole(index, holeEnd, maximumOrder);
            if (result != Errno.OK) {
                return result;
            }
            index = afterNext;
        }
        return Errno.OK;
    }

    private int fillHole(long start, long end, int maximumOrder) {
        int minimumOrder = space.minimumOrder();
        long index = Geometry.alignDown(start, minimumOrder);
        while (index < end) {
            int order = Math.max(largestOrder(index, end, maximumOrder), minimumOrder);
            long folio = allocate(order, minimumOrder);
            if (folio == 0) {
                return Errno.ENOMEM;
            }
            order = FolioStruct.order(folio);
            int result = add(folio, index);
            folios.unpin(folio);
            if (result == Errno.ENOMEM) {
                return result;
            }
            // Somebody else filled a part of the hole meanwhile: what is there is as good.
            index += result == Errno.EEXIST ? Geometry.pagesIn(minimumOrder) : Geometry.pagesIn(order);
        }
        return Errno.OK;
    }

    private long allocate(int order, int minimumOrder) {
        long folio = 0;
        for (int smaller = order; folio == 0 && smaller >= minimumOrder; smaller--) {
            folio = folios.allocate(smaller);
        }
        return folio;
    }

    private static int largestOrder(long index, long end, int maximumOrder) {
        int byAlignment = index == 0 ? maximumOrder : Long.numberOfTrailingZeros(index);
        int byRoom = 63 - Long.numberOfLeadingZeros(end - index);
        return Math.min(maximumOrder, Math.min(byAlignment, byRoom));
    }
}
