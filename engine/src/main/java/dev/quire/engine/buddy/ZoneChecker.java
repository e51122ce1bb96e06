/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.struct.ZoneStruct;
import java.util.Arrays;

/**
 * Verifies every invariant of a zone and its head bits while nothing else uses them: lists and counters agree, free
 * blocks are aligned, disjoint and merged as far as they go, only their first pages have type "buddy", and the head
 * bits cut what was ever touched into blocks without a gap.
 *
 * <p>For tests and for users in doubt: reads the page struct of every page that was ever touched (16 MiB per GiB), and
 * allocates 8 bytes per free block.
 */
public final class ZoneChecker {
    private static final int ORDER_BITS = 5;

    private final Zone zone;
    private final PageArena arena;
    private final long state;
    private final long untouchedPfn;

    private ZoneChecker(Zone zone) {
        this.zone = zone;
        arena = zone.arena();
        state = arena.zoneBase();
        untouchedPfn = ZoneStruct.untouchedPfnOpaque(state);
    }

    /**
     * Checks a quiescent zone.
     *
     * @param zone the zone; no call is running on it, and the arena is open
     * @throws AssertionError if an invariant does not hold; the message names block, field and value
     */
    public static void check(Zone zone) {
        new ZoneChecker(zone).check();
    }

    private void check() {
        require(!SpinLock.isLocked(ZoneStruct.lock(state)), "zone lock is held");
        checkUntouched();
        long[] free = listedBlocks();
        Arrays.sort(free);
        checkSeparation(free);
        checkTypes(free.length);
        HeadBits headBits = zone.headBits();
        if (headBits != null) {
            checkPartition(headBits);
            checkSummaries(headBits);
        }
    }

    private void checkUntouched() {
        long nrUntouched = arena.nrPages() - untouchedPfn;
        require(nrUntouched >= 0, "untouched pfn beyond the arena: pfn=" + untouchedPfn);
        long lastGibibyte = Geometry.alignDown(arena.nrPages(), Geometry.MAX_ORDER);
        boolean atDigit = untouchedPfn <= lastGibibyte
                ? Geometry.isAligned(untouchedPfn, Geometry.MAX_ORDER)
                : nrUntouched < Long.lowestOneBit(untouchedPfn);
        require(atDigit, "untouched pages start inside a maximal block: pfn=" + untouchedPfn);
    }

    /** All listed blocks, as page number and order in one word; checks every list on the way. */
    private long[] listedBlocks() {
        long[] blocks = new long[64];
        int nrBlocks = 0;
        long nrFreePages = arena.nrPages() - untouchedPfn;
        for (int order = 0; order < Geometry.NR_ORDERS; order++) {
            long list = ZoneStruct.freeList(state, order);
            int nrBefore = nrBlocks;
            long before = list;
            for (long link = ListHead.next(list); link != list; link = ListHead.next(link)) {
                long page = PageStruct.pageOfList(link);
                require(arena.isPage(page), "link leads to no page: order=" + order + ", link=" + link);
                require(ListHead.prev(link) == before, "prev is not the block before: " + describe(page));
                checkBlock(page, order);
                blocks = nrBlocks == blocks.length ? Arrays.copyOf(blocks, 2 * nrBlocks) : blocks;
                blocks[nrBlocks++] = arena.pfnOf(page) << ORDER_BITS | order;
                before = link;
            }
            require(ListHead.prev(list) == before, "tail of the list is not its last block: order=" + order);
            long nrFree = ZoneStruct.nrFreeOpaque(state, order);
            require(nrFree == nrBlocks - nrBefore, "nr_free: order=" + order + ", nrFree=" + nrFree);
            nrFreePages += nrFree << order;
        }
        long counted = ZoneStruct.nrFreePagesOpaque(state);
        require(counted == nrFreePages, "nr_free_pages: counted=" + counted + ", sum=" + nrFreePages);
        return Arrays.copyOf(blocks, nrBlocks);
    }

    private void checkBlock(long page, int order) {
        long pfn = arena.pfnOf(page);
        require(PageStruct.mapcount(page) == PageStruct.TYPE_BUDDY, "type of a listed block: " + describe(page));
        require(PageStruct.privateWord(page) == order, "order of a listed block: " + describe(page));
        require(PageStruct.refcountOpaque(page) == 0, "refcount of a listed block: " + describe(page));
        require(PageStruct.mapping(page) == 0, "mapping of a listed block: " + describe(page));
        require((PageStruct.flags(page) & ~PageFlag.FRAME_FLAGS) == 0, "flags of a listed block: " + describe(page));
        require(Geometry.isAligned(pfn, order), "alignment of a listed block: " + describe(page));
        require(pfn + Geometry.pagesIn(order) <= untouchedPfn, "listed block reaches untouched: " + describe(page));
    }

    private void checkSeparation(long[] free) {
        for (int block = 1; block < free.length; block++) {
            long pfn = free[block] >>> ORDER_BITS;
            int order = orderOf(free[block]);
            long pfnBefore = free[block - 1] >>> ORDER_BITS;
            int orderBefore = orderOf(free[block - 1]);
            require(pfnBefore + Geometry.pagesIn(orderBefore) <= pfn, "free blocks overlap: pfn=" + pfn);
            boolean buddies = order == orderBefore && (pfn ^ pfnBefore) == Geometry.pagesIn(order);
            require(!buddies || order == Geometry.MAX_ORDER, "free buddies not merged: pfn=" + pfnBefore);
        }
    }

    private static int orderOf(long block) {
        return (int) block & (1 << ORDER_BITS) - 1;
    }

    private void checkTypes(int nrListed) {
        long nrTyped = 0;
        for (long pfn = 0; pfn < untouchedPfn; pfn++) {
            nrTyped += PageStruct.mapcountOpaque(arena.pageAt(pfn)) == PageStruct.TYPE_BUDDY ? 1 : 0;
        }
        require(nrTyped == nrListed, "pages of type buddy: count=" + nrTyped + ", listed=" + nrListed);
    }

    private void checkPartition(HeadBits headBits) {
        long start = 0;
        for (long pfn = 1; pfn <= untouchedPfn; pfn++) {
            if (pfn == untouchedPfn || headBits.isHead(pfn)) {
                checkHead(headBits, start, pfn - start);
                start = pfn;
            }
        }
        long end = Geometry.alignDown(untouchedPfn + Geometry.pagesIn(Geometry.MAX_ORDER) - 1, Geometry.MAX_ORDER);
        for (long pfn = untouchedPfn; pfn < end; pfn++) {
            require(!headBits.isHead(pfn), "head bit in untouched pages: pfn=" + pfn);
        }
    }

    private void checkHead(HeadBits headBits, long pfn, long nrPages) {
        int order = Long.numberOfTrailingZeros(nrPages);
        boolean block = nrPages == Geometry.pagesIn(order)
                && order <= Geometry.MAX_ORDER
                && Geometry.isAligned(pfn, order)
                && headBits.isWhole(pfn, order);
        require(block, "heads do not bound a block: pfn=" + pfn + ", nrPages=" + nrPages);
        for (long inside = 1; inside <= nrPages; inside <<= 1) {
            long head = headBits.headOf(pfn + inside - 1);
            require(head == pfn, "head found: pfn=" + (pfn + inside - 1) + ", head=" + head + ", want=" + pfn);
        }
        long page = arena.pageAt(pfn);
        boolean free = PageStruct.mapcountOpaque(page) == PageStruct.TYPE_BUDDY;
        require(!free || PageStruct.privateWord(page) == order, "head bits of a free block: " + describe(page));
    }

    private void checkSummaries(HeadBits headBits) {
        for (int level = 1; level < HeadBits.NR_LEVELS; level++) {
            long pagesPerBit = Geometry.pagesIn(HeadBits.shiftOf(level));
            for (long pfn = 0; pfn < untouchedPfn; pfn += pagesPerBit) {
                long position = pfn / pagesPerBit;
                boolean summary = (headBits.wordAt(level, pfn) & 1L << position) != 0;
                boolean filled = headBits.wordAt(level - 1, pfn) != 0;
                require(summary == filled, "summary bit: level=" + level + ", pfn=" + pfn + ", bit=" + summary);
            }
        }
    }

    private String describe(long page) {
        return "pfn=" + arena.pfnOf(page) + ", order=" + PageStruct.privateWord(page) + ", type=0x"
                + Integer.toHexString(PageStruct.mapcountOpaque(page)) + ", refcount="
                + PageStruct.refcountOpaque(page);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new AssertionError(message);
        }
    }
}
