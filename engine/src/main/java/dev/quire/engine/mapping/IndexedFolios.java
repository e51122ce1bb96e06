/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.FolioCounters;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;
import org.jspecify.annotations.Nullable;

/** The folios in one address space's index: adding, removing, marking and finding them under the index lock. */
final class IndexedFolios {
    /** Folios that one hold of the index lock marks at most, so that others get their turn. */
    private static final int MARKED_PER_LOCK = 1024;

    private final Folios folios;
    private final FolioCounters counters;
    private final LruLists lru;
    private final AddressSpace space;
    private final FolioAdder adder;

    /** Folios that {@link #populate} makes are added by {@code host}, or as they are if there is none. */
    IndexedFolios(MappingContext context, AddressSpace space, @Nullable Inode host) {
        this.space = space;
        adder = host == null ? this::add : host::addAndRead;
        folios = context.folios();
        counters = context.accounting().counters();
        lru = context.accounting().lru();
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
            boolean setsSwapBacked = space.isSwapBacked() && !lru.setSwapBacked(folio, true);
            // Before the store that publishes the folio (release): a reader that finds it sees whose it is and where.
            PageStruct.mapping(folio, space.address());
            PageStruct.index(folio, startIndex);
            References.add(folio, nrPages);
            cursor.store(folio);
            if (cursor.error() != Errno.OK) {
                References.put(folio, nrPages);
                PageStruct.mapping(folio, 0);
                if (setsSwapBacked) {
                    lru.setSwapBacked(folio, false);
                }
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
        // Not exactly one: who looks for another folio by a page of this one may hold it for a moment.
        if (References.count(folio) < 1 || PageStruct.mapping(folio) != 0) {
            throw new IllegalArgumentException("folio is free, or has an owner: folio=0x" + Long.toHexString(folio)
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

    /**
     * Takes a locked, clean folio out of the index if nobody but the index and the caller, once, has a reference
     * (__remove_mapping); the caller's stays. False if somebody has: then nothing has changed.
     */
    boolean tryEvict(long folio) {
        int order = FolioStruct.order(folio);
        int nrPages = (int) Geometry.pagesIn(order);
        space.index().lock();
        try {
            if (!References.freeze(folio, nrPages + 1)) {
                return false;
            }
            XaCursor cursor = space.lockedCursor();
            cursor.setOrder(PageStruct.index(folio), order);
            cursor.store(0);
            space.addNrPages(-nrPages);
            count(order, -nrPages);
            PageStruct.mapping(folio, 0);
            // A lookup that found the folio before it left the index may pin it from here on; its second look fails.
            References.unfreeze(folio, 1);
            return true;
        } finally {
            space.index().unlock();
        }
    }

    /** Sets and clears marks of the entry at an index in one hold of the lock; a mask has bit k for mark k. */
    void changeMarks(long index, int set, int cleared) {
        space.index().lock();
        try {
            XaCursor cursor = space.lockedCursor();
            cursor.set(index);
            cursor.load();
            for (int mark = 0; mark < XArray.NR_MARKS; mark++) {
                if ((set & 1 << mark) != 0) {
                    cursor.setMark(mark);
                } else if ((cleared & 1 << mark) != 0) {
                    cursor.clearMark(mark);
                }
            }
        } finally {
            space.index().unlock();
        }
    }

    /** Gives every folio of a range that has one mark another one too (tag_pages_for_writeback). */
    void copyMark(long first, long last, int mark, int copy) {
        long next = first;
        while (next <= last) {
            space.index().lock();
            try {
                XaCursor cursor = space.lockedCursor();
                cursor.set(next);
                long folio = cursor.findMarked(last, mark);
                next = last + 1;
                for (int nrMarked = 1; folio != 0; nrMarked++) {
                    cursor.setMark(copy);
                    if (nrMarked == MARKED_PER_LOCK) {
                        next = indexAfter(folio);
                        break;
                    }
                    folio = cursor.findMarked(last, mark);
                }
            } finally {
                space.index().unlock();
            }
        }
    }

    /**
     * Whether some folio has one of two marks. Looked at in one hold of the lock: a folio may go from one to the other.
     */
    boolean isMarked(int mark, int other) {
        space.index().lock();
        try {
            XaCursor cursor = space.lockedCursor();
            cursor.set(0);
            if (cursor.findMarked(FileRange.MAX_PAGES, mark) != 0) {
                return true;
            }
            cursor.set(0);
            return cursor.findMarked(FileRange.MAX_PAGES, other) != 0;
        } finally {
            space.index().unlock();
        }
    }

    private static long indexAfter(long folio) {
        return PageStruct.index(folio) + Geometry.pagesIn(FolioStruct.order(folio));
    }

    /** Pins the first folio with a mark that covers an index from {@code first} to {@code last}; 0 if there is none. */
    long pinNextMarked(long first, long last, int mark) {
        space.index().lock();
        try {
            XaCursor cursor = space.lockedCursor();
            cursor.set(first);
            return pinIndexed(cursor.findMarked(last, mark));
        } finally {
            space.index().unlock();
        }
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
            return pinIndexed(folio);
        } finally {
            space.index().unlock();
        }
    }

    /**
     * Pins what was found under the lock, and still is held.
     *
     * @throws IllegalStateException if the folio has as many references as it can have
     */
    static long pinIndexed(long folio) {
        // A folio in the index is frozen only by who splits or evicts it and holds this lock all the while.
        if (folio != 0 && !References.tryGet(folio)) {
            References.requireRoom(folio);
            throw new IllegalStateException("indexed folio has no references: folio=0x" + Long.toHexString(folio));
        }
        return folio;
    }

    /**
     * First index from {@code start} to {@code end} at which a folio or a swap entry begins; {@code end} if there is
     * none.
     */
    long holeEnd(long start, long end) {
        space.index().lock();
        try {
            XaCursor cursor = space.lockedCursor();
            cursor.set(start);
            return cursor.find(end - 1) == 0
                    ? end
                    : Math.max(Geometry.alignDown(cursor.index(), cursor.getOrder()), start);
        } finally {
            space.index().unlock();
        }
    }

    /** Index after the folio or the swap entry that covers an index; the index itself if there is none. */
    private long entryEnd(long index) {
        space.index().lock();
        try {
            XaCursor cursor = space.lockedCursor();
            cursor.set(index);
            if (cursor.load() == 0) {
                return index;
            }
            int order = cursor.getOrder();
            return Geometry.alignDown(index, order) + Geometry.pagesIn(order);
        } finally {
            space.index().unlock();
        }
    }

    /** Whether a folio or a swap entry covers an index, now. */
    boolean contains(long index) {
        return holeEnd(index, index + 1) == index;
    }

    int populate(long startIndex, long nrPages, int maximumOrder) {
        long end = startIndex + nrPages;
        long index = startIndex;
        while (index < end) {
            long holeEnd = holeEnd(index, end);
            index = holeEnd > index ? fillHole(index, holeEnd, maximumOrder) : entryEnd(index);
            if (index < 0) {
                return (int) index;
            }
        }
        return Errno.OK;
    }

    /**
     * Fills a hole up to its end, or to where somebody else has filled it; returns the index from where to look, or
     * ENOMEM.
     */
    private long fillHole(long start, long end, int maximumOrder) {
        int minimumOrder = space.minimumOrder();
        long index = Geometry.alignDown(start, minimumOrder);
        while (index < end) {
            int order = Math.max(largestOrder(index, end, maximumOrder), minimumOrder);
            long folio = allocate(order);
            if (folio == 0) {
                return Errno.ENOMEM;
            }
            order = FolioStruct.order(folio);
            int result;
            try {
                result = adder.add(folio, index);
            } finally {
                folios.unpin(folio);
            }
            if (result == Errno.ENOMEM) {
                return result;
            }
            if (result == Errno.EEXIST && order > minimumOrder) {
                // What is there is as good, but the rest of the folio's place may still be empty.
                return index;
            }
            index += Geometry.pagesIn(order);
        }
        return index;
    }

    /**
     * Allocates a folio of an order, or of the largest smaller one that there is and the space allows; 0 if there is
     * none.
     */
    long allocate(int order) {
        long folio = 0;
        for (int smaller = order; folio == 0 && smaller >= space.minimumOrder(); smaller--) {
            folio = folios.allocate(smaller);
        }
        return folio;
    }

    /**
     * Log2 pages of the largest folio that may start at an index, reaches no further than {@code end}, and no larger
     * than allowed.
     */
    static int largestOrder(long index, long end, int maximumOrder) {
        int byAlignment = index == 0 ? maximumOrder : Long.numberOfTrailingZeros(index);
        int byRoom = Geometry.largestOrderIn(end - index);
        return Math.min(maximumOrder, Math.min(byAlignment, byRoom));
    }
}
