/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaChecker;
import dev.quire.engine.xarray.XaCursor;

/**
 * Verifies a guest memory of which nobody holds a page: that its structure is what its attributes say, and that index,
 * folios, head map and counts agree. Takes time in proportion to its folios.
 *
 * <p>The structure: each huge page is populated as a whole or not at all, and each page of it lies in a folio of the
 * order that {@link GuestSplitPolicy} gives for the attributes. So a folio of order 1 or more holds no shared page.
 */
public final class GuestMemoryChecker {
    /** Pages of a large folio whose head is looked up, spread evenly. */
    private static final long NR_PROBES = 64;

    private final GuestMemory memory;
    private final PageArena arena;
    private final Folios folios;
    private final GuestLayout layout;

    private GuestMemoryChecker(GuestMemory memory, PageArena arena, Folios folios) {
        this.memory = memory;
        this.arena = arena;
        this.folios = folios;
        layout = memory.layout();
    }

    /**
     * Checks, while no fault allocates and no conversion runs.
     *
     * @param memory the memory
     * @param arena arena of its engine
     * @param folios folios of its engine
     * @throws IllegalStateException if something is not as it must be
     */
    public static void check(GuestMemory memory, PageArena arena, Folios folios) {
        InvalidateLock invalidateLock = memory.invalidateLock();
        invalidateLock.lockExclusive();
        try {
            memory.requireOpen();
            Invalidation invalidation = invalidateLock.invalidation();
            require(!invalidation.isUnderWay(), "invalidation without an end", invalidation.startIndex());
            new GuestMemoryChecker(memory, arena, folios).checkAll();
        } finally {
            invalidateLock.unlockExclusive();
        }
        XaChecker.check(memory.index());
    }

    private void checkAll() {
        checkAttributes();
        long nrPages = 0;
        long index = 0;
        long end = memory.endIndex();
        memory.index().lock();
        try {
            XaCursor cursor = memory.lockedCursor();
            cursor.set(0);
            for (long folio = cursor.find(end - 1); folio != 0; folio = cursor.find(end - 1)) {
                long start = PageStruct.index(folio);
                require(
                        start == index || (isHugeStart(start) && isHugeStart(index) && start > index),
                        "huge page populated in part",
                        index);
                require(cursor.getOrder() == FolioStruct.order(folio), "order in the index differs", start);
                checkFolio(folio, start);
                nrPages += Geometry.pagesIn(FolioStruct.order(folio));
                index = start + Geometry.pagesIn(FolioStruct.order(folio));
            }
        } finally {
            memory.index().unlock();
        }
        require(isHugeStart(index), "last huge page populated in part", index);
        require(nrPages == AddressSpaceStruct.nrPagesOpaque(memory.address()), "number of pages differs", index);
    }

    private boolean isHugeStart(long index) {
        return Geometry.isAligned(index, memory.hugeOrder());
    }

    /** Neighbouring ranges differ, and the last ends where the memory does. */
    private void checkAttributes() {
        AttributeMap attributes = layout.attributes();
        long index = 0;
        int nrRanges = 0;
        while (index < memory.endIndex()) {
            long next = attributes.endOfRangeAt(index);
            require(next > index && next <= memory.endIndex(), "range of attributes without a page", index);
            require(
                    next == memory.endIndex() || attributes.isShared(next) != attributes.isShared(index),
                    "two ranges of attributes that are one",
                    next);
            nrRanges++;
            index = next;
        }
        require(nrRanges == attributes.nrRanges(), "number of ranges of attributes differs", nrRanges);
    }

    private void checkFolio(long folio, long index) {
        int order = FolioStruct.order(folio);
        long nrPages = Geometry.pagesIn(order);
        long flags = PageStruct.flagsAcquire(folio);
        require(order == layout.orderAt(index), "folio not of the order that its attributes ask for", index);
        require(order == 0 || layout.attributes().isAll(index, index + nrPages, false), "large folio shared", index);
        require(Geometry.isAligned(arena.pfnOf(folio), order), "folio not aligned", index);
        require(References.count(folio) == nrPages, "references are not one per page", index);
        require(PageStruct.mapping(folio) == memory.address(), "folio of another owner", index);
        require((flags & GuestMemory.FOLIO_FLAGS) == GuestMemory.FOLIO_FLAGS, "flags missing", index);
        require(!PageFlag.LOCKED.isSet(flags) && !PageFlag.LRU.isSet(flags), "folio locked or on a list", index);
        require(PageFlag.HEAD.isSet(flags) == order > 0, "head flag wrong", index);
        require(order == 0 || FolioStruct.nrPages(folio) == nrPages, "number of pages in the folio wrong", index);
        for (long page = 0; page < nrPages; page += Math.max(nrPages / NR_PROBES, 1)) {
            require(folios.headOf(folio + page * PageStruct.BYTES) == folio, "page with another head", index + page);
        }
    }

    private static void require(boolean condition, String what, long index) {
        if (!condition) {
            throw new IllegalStateException("guest memory: " + what + ": index=" + index);
        }
    }
}
