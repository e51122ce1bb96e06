/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.folio.FolioCounters;
import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.FolioMappers;
import dev.quire.engine.folio.FolioRestructurer;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.folio.MemoryPressure;
import dev.quire.engine.lock.References;
import dev.quire.engine.mapping.FolioVisitor;
import dev.quire.engine.mapping.MappingContext;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaCursor;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The folios in one guest memory's index, range by range. The caller holds the invalidate lock, so that no folio of the
 * range is frozen: shared to populate, exclusively to drop and to zero, for conversion for all else.
 */
final class GuestFolios {
    static final long NONE = -1;

    /**
     * New folios that somebody may hold, one after the other, before a huge page is not populated: each is some
     * milliseconds.
     */
    private static final int MAX_HELD_FOLIOS = 4;

    /** Pages that others are asked for before a huge page is not populated, in sizes of the arena. */
    private static final long MAX_RELIEF_PER_ARENA = 2;

    private final GuestMemory memory;
    private final PageArena arena;
    private final Folios folios;
    private final FolioMappers mappers;
    private final FolioCounters counters;
    private final MemoryPressure pressure;
    private final LruLists lru;
    private final Rcu rcu;

    /** Its own, as a huge page may be populated while others are being converted. By the populate lock. */
    private final FolioRestructurer restructurer;

    /** One allocation at a time, so that two faults in one huge page do not need two for a moment. */
    private final ReentrantLock populateLock = new ReentrantLock();

    GuestFolios(GuestContext context, GuestMemory memory) {
        this.memory = memory;
        restructurer = new FolioRestructurer(context.mapping().splitter(), memory);
        MappingContext mapping = context.mapping();
        rcu = mapping.rcu();
        pressure = mapping.pressure();
        arena = mapping.arena();
        folios = mapping.folios();
        mappers = mapping.mappers();
        counters = mapping.accounting().counters();
        lru = mapping.accounting().lru();
    }

    /**
     * Allocates what is missing of a range of whole huge pages, up to the first that cannot be had; results of
     * {@link #populate}.
     */
    int populateAll(long startIndex, long endIndex, GuestLayout layout) {
        int result = Errno.OK;
        for (long huge = startIndex;
                huge < endIndex && result == Errno.OK;
                huge += Geometry.pagesIn(layout.hugeOrder())) {
            result = populate(huge, layout);
        }
        return result;
    }

    /**
     * Allocates the huge page that starts at an index, if it is not there, in the folios of a layout: 0; ENOMEM; or
     * EAGAIN if somebody who goes through all frames holds each folio that it could have been.
     */
    int populate(long hugeIndex, GuestLayout layout) {
        populateLock.lock();
        try {
            int result = contains(hugeIndex) ? Errno.OK : Errno.EAGAIN;
            for (int nrHeld = 0; result == Errno.EAGAIN && nrHeld < MAX_HELD_FOLIOS; nrHeld++) {
                // Whoever goes through all frames may hold the new folio, and has it then: there are others.
                result = insertNew(hugeIndex, layout);
            }
            return result;
        } finally {
            populateLock.unlock();
        }
    }

    private int insertNew(long hugeIndex, GuestLayout layout) {
        long folio = allocate(layout.hugeOrder());
        if (folio == 0) {
            return Errno.ENOMEM;
        }
        try {
            arena.zeroFrames(folio, Geometry.pagesIn(layout.hugeOrder()));
            return restructurer.insert(folio, hugeIndex, GuestMemory.FOLIO_FLAGS, layout);
        } finally {
            // Not by the result: what an observer of splits throws comes when the folio is in the index, where it stays
            // as long as the invalidate lock is held.
            if (PageStruct.mapping(folio) == 0) {
                folios.unpin(folio);
            }
        }
    }

    /** A folio, or 0 if nobody has so much memory to give in one piece. */
    private long allocate(int order) {
        long folio = folios.allocate(order);
        if (folio == 0) {
            // Pages dropped a moment ago count as used until a grace period is over.
            rcu.barrier();
            folio = folios.allocate(order);
        }
        long nrPages = Geometry.pagesIn(order);
        // Bounded: what is given back need not lie in one piece, and others may take it.
        long nrLeft = MAX_RELIEF_PER_ARENA * arena.nrPages();
        boolean found = nrPages <= arena.nrPages();
        while (folio == 0 && found && nrLeft > 0) {
            found = pressure.relieve(nrPages);
            if (!found) {
                // Another thread may have got memory for itself meanwhile, and more than it took.
                rcu.barrier();
            }
            nrLeft -= nrPages;
            folio = folios.allocate(order);
        }
        return folio;
    }

    private boolean contains(long index) {
        memory.index().lock();
        try {
            XaCursor cursor = memory.lockedCursor();
            cursor.set(index);
            return cursor.load() != 0;
        } finally {
            memory.index().unlock();
        }
    }

    /**
     * A pinned folio, if the frame of a page in it has no hardware error; else EHWPOISON, and the pin is given back.
     */
    long healthy(long folio, long pageIndex) {
        long page = folio + (pageIndex - PageStruct.index(folio)) * PageStruct.BYTES;
        if (PageFlag.HWPOISON.isSet(PageStruct.flagsAcquire(page))) {
            folios.unpin(folio);
            return Errno.EHWPOISON;
        }
        return folio;
    }

    void forEach(long startIndex, long endIndex, FolioVisitor visitor) {
        long next = startIndex;
        for (long folio = pinNext(next, endIndex, false); folio != 0; folio = pinNext(next, endIndex, false)) {
            long index = PageStruct.index(folio);
            int order = FolioStruct.order(folio);
            try {
                visitor.visit(index, order, folio);
            } finally {
                folios.unpin(folio);
            }
            next = index + Geometry.pagesIn(order);
        }
    }

    /** Pins the first folio of a range, or the first that page tables map; 0 if there is none. */
    private long pinNext(long startIndex, long endIndex, boolean mapped) {
        if (startIndex >= endIndex) {
            return 0;
        }
        memory.index().lock();
        try {
            XaCursor cursor = memory.lockedCursor();
            cursor.set(startIndex);
            long folio = cursor.find(endIndex - 1);
            while (mapped && folio != 0 && FolioMapcounts.total(folio) == 0) {
                folio = cursor.find(endIndex - 1);
            }
            if (folio != 0 && !References.tryGet(folio)) {
                throw new IllegalStateException("indexed folio has no references: folio=0x" + Long.toHexString(folio));
            }
            return folio;
        } finally {
            memory.index().unlock();
        }
    }

    /** Removes the folios of a range from the host's page tables. */
    void unmap(long startIndex, long endIndex) {
        long next = startIndex;
        for (long folio = pinNext(next, endIndex, true); folio != 0; folio = pinNext(next, endIndex, true)) {
            folios.lock(folio);
            mappers.unmap(folio);
            next = PageStruct.index(folio) + Geometry.pagesIn(FolioStruct.order(folio));
            folios.unlock(folio);
            folios.unpin(folio);
        }
    }

    /**
     * First index of a folio that somebody holds in a huge page of a range, if a page of that huge page is shared; or
     * NONE.
     */
    long findHeldOfShared(long startIndex, long endIndex, GuestLayout layout) {
        long nrHugePages = Geometry.pagesIn(layout.hugeOrder());
        long held = NONE;
        for (long huge = startIndex; huge < endIndex && held == NONE; huge += nrHugePages) {
            if (!layout.attributes().isAll(huge, huge + nrHugePages, false)) {
                unmap(huge, huge + nrHugePages);
                held = findHeldForLong(huge, huge + nrHugePages);
            }
        }
        return held;
    }

    private long findHeldForLong(long startIndex, long endIndex) {
        if (findHeld(startIndex, endIndex) == NONE) {
            return NONE;
        }
        // As before a conversion: those of lookups, which hold them inside read sections, are gone after this.
        rcu.synchronize();
        return findHeld(startIndex, endIndex);
    }

    /** First index of a folio in a range that somebody else holds a reference to; NONE if there is none. */
    private long findHeld(long startIndex, long endIndex) {
        memory.index().lock();
        try {
            XaCursor cursor = memory.lockedCursor();
            cursor.set(startIndex);
            for (long folio = cursor.find(endIndex - 1); folio != 0; folio = cursor.find(endIndex - 1)) {
                if (References.count(folio) != Geometry.pagesIn(FolioStruct.order(folio))) {
                    return PageStruct.index(folio);
                }
            }
            return NONE;
        } finally {
            memory.index().unlock();
        }
    }

    /** Drops the folios that a range consists of; what somebody holds lives on without an owner. */
    void drop(long startIndex, long endIndex) {
        for (long folio = pinNext(startIndex, endIndex, false);
                folio != 0;
                folio = pinNext(startIndex, endIndex, false)) {
            folios.lock(folio);
            mappers.unmap(folio);
            remove(folio);
            folios.unlock(folio);
            folios.unpin(folio);
        }
    }

    private void remove(long folio) {
        int order = FolioStruct.order(folio);
        int nrPages = (int) Geometry.pagesIn(order);
        memory.index().lock();
        try {
            XaCursor cursor = memory.lockedCursor();
            cursor.setOrder(PageStruct.index(folio), order);
            cursor.store(0);
            memory.addNrPages(-nrPages);
        } finally {
            memory.index().unlock();
        }
        if (order >= Geometry.PMD_ORDER) {
            counters.addThpPages(false, -nrPages);
        }
        lru.setUnevictable(folio, false);
        PageStruct.getAndClearFlags(folio, GuestMemory.FOLIO_FLAGS | PageFlag.DIRTY.mask());
        PageStruct.mapping(folio, 0);
        // The caller's own reference keeps the folio until it is unlocked.
        References.put(folio, nrPages);
    }

    /** Zeroes the pages of a range that are there. */
    void zero(long startIndex, long endIndex) {
        forEach(startIndex, endIndex, (index, order, folio) -> {
            // Both ends: the folio may begin before the range and end after it.
            long from = Math.max(startIndex, index);
            long to = Math.min(endIndex, index + Geometry.pagesIn(order));
            arena.zeroFrames(folio + (from - index) * PageStruct.BYTES, to - from);
        });
    }
}
