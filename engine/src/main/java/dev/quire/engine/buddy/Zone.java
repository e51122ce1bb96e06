/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.buddy;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.memory.AllocationFailures;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.struct.ZoneStruct;
import org.jspecify.annotations.Nullable;

/**
 * A binary buddy allocator over all page frames of an arena, for blocks of order 0 (4 KiB) to 18 (1 GiB), after
 * Knowlton (1965) and the kernel's mm/page_alloc.c ({@code __rmqueue_smallest}, {@code expand},
 * {@code __free_one_page}).
 *
 * <p>A block of order {@code k} starts at a multiple of {@code 2^k} pages; its buddy differs in bit {@code k} of the
 * page number. The first page of a free block has page type "buddy" and the order in its private word, and links the
 * block into the free area of that order; no other page struct of a free block is read or written. Two free buddies are
 * always merged. So what is free determines the free areas.
 *
 * <p>The arena enters the free areas lazily, one maximal block at a time and only when no listed block is large enough:
 * opening a zone costs the same for 1 MiB and 1 TiB. Pages from the <em>untouched pfn</em> on have never been listed;
 * they count as free. An arena of any length is its binary digits: whole GiBs, then one block for each lower bit of
 * {@code nrPages}, so the untouched rest is always the digits of its length too.
 *
 * <p>Thread-safe. Allocating and freeing are blocking, take the zone lock (rank {@link LockRank#ZONE}, innermost) for
 * at most 18 splits or merges, and allocate nothing on the heap. Where head bits are present the zone keeps them exact:
 * one bit for every block, free or allocated; without them the order given to {@link #freeFrozen} is trusted.
 */
public final class Zone {
    /** Result of an allocation that found no block; no page has this handle. */
    public static final long NONE = 0;

    private final PageArena arena;
    private final LockOrder lockOrder;
    private final AllocationFailures failures;
    private final Lifetime lifetime;
    private final @Nullable HeadBits headBits;
    private final long zone;

    /**
     * Makes all pages of an arena free. There is one zone per arena.
     *
     * @param arena the arena; nothing has touched its page structs, head bits and zone state yet
     * @param lockOrder checker that is told of every lock and unlock
     * @param failures asked before every allocation whether it must fail
     * @param lifetime guards every call against close
     * @param headBits the arena's head bits, or null if page structs alone tell what is a head
     */
    public Zone(
            PageArena arena,
            LockOrder lockOrder,
            AllocationFailures failures,
            Lifetime lifetime,
            @Nullable HeadBits headBits) {
        this.arena = arena;
        this.lockOrder = lockOrder;
        this.failures = failures;
        this.lifetime = lifetime;
        this.headBits = headBits;
        zone = arena.zoneBase();
        for (int order = 0; order < Geometry.NR_ORDERS; order++) {
            ListHead.initialise(ZoneStruct.freeList(zone, order));
        }
        ZoneStruct.nrFreePagesOpaque(zone, arena.nrPages());
    }

    /**
     * Takes a block out of the free areas: the first listed one of the smallest sufficient order, halved until it fits,
     * always keeping the lower half.
     *
     * <p>The first page then is on no list and has no flags but perhaps {@code HWPOISON}, no mapping, private
     * word 0, map count -1 and reference count 0: it is frozen, and nobody can pin it until the caller publishes a
     * count. The other page structs hold anything, except that no reference count is above 0 and no type is "buddy".
     *
     * @param order log2 pages, 0 to 18
     * @return handle of the block's first page, or {@link #NONE} if no block is large enough; then nothing has changed
     * @throws IllegalArgumentException if the order is out of range
     * @throws IllegalStateException if the engine is closed
     */
    public long allocateFrozen(int order) {
        Geometry.requireOrder(order);
        lifetime.enter();
        try {
            if (failures.shouldFail()) {
                return NONE;
            }
            lock();
            try {
                return take(order);
            } finally {
                unlock();
            }
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Gives a block back and merges it with its free buddies.
     *
     * @param page handle of the block's first page: reference count 0, map count -1, no mapping, and a grace period has
     *     passed since anyone could find it; its other fields hold anything
     * @param order log2 pages of the block, 0 to 18: as allocated, or as cut since
     * @throws IllegalArgumentException if the order is out of range, the handle names no page of this arena, or the
     *     page cannot start a block of that order; nothing has changed
     * @throws IllegalStateException if the block is free already, in use, or (with head bits) not one block of that
     *     order; or if the engine is closed; nothing has changed
     */
    public void freeFrozen(long page, int order) {
        Geometry.requireOrder(order);
        lifetime.enter();
        try {
            long pfn = arena.pfnOf(arena.requirePage(page));
            requirePlace(pfn, order);
            lock();
            try {
                requireAllocated(pfn, order);
                requireUnused(page, pfn);
                merge(pfn, order);
            } finally {
                unlock();
            }
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Number of free pages, listed and untouched ones: a hint while others allocate and free.
     *
     * @return pages
     * @throws IllegalStateException if the engine is closed
     */
    public long nrFreePages() {
        lifetime.enter();
        try {
            return ZoneStruct.nrFreePagesOpaque(zone);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Number of free blocks of an order, listed and untouched ones: a hint while others allocate and free.
     *
     * @param order log2 pages, 0 to 18
     * @return blocks
     * @throws IllegalArgumentException if the order is out of range
     * @throws IllegalStateException if the engine is closed
     */
    public long nrFree(int order) {
        Geometry.requireOrder(order);
        lifetime.enter();
        try {
            long nrUntouched = (arena.nrPages() - ZoneStruct.untouchedPfnOpaque(zone)) >>> order;
            return ZoneStruct.nrFreeOpaque(zone, order) + (order == Geometry.MAX_ORDER ? nrUntouched : nrUntouched & 1);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * The first page that never was in a free area; it and all pages above it are free and cost no memory yet.
     *
     * @return page number; the arena's number of pages if all were touched
     * @throws IllegalStateException if the engine is closed
     */
    public long untouchedPfn() {
        lifetime.enter();
        try {
            return ZoneStruct.untouchedPfnOpaque(zone);
        } finally {
            lifetime.exit();
        }
    }

    PageArena arena() {
        return arena;
    }

    @Nullable
    HeadBits headBits() {
        return headBits;
    }

    private long take(int wanted) {
        for (int order = wanted; order <= Geometry.MAX_ORDER; order++) {
            long list = ZoneStruct.freeList(zone, order);
            if (!ListHead.isEmpty(list)) {
                long page = PageStruct.pageOfList(ListHead.next(list));
                unlink(page, order);
                return expand(page, order, wanted);
            }
        }
        return takeUntouched(wanted);
    }

    /** Takes the next untouched block; those after it are no larger, so if it is too small, all are. */
    private long takeUntouched(int wanted) {
        long pfn = ZoneStruct.untouchedPfnOpaque(zone);
        int order = maximalOrder(arena.nrPages() - pfn);
        if (order < wanted) {
            return NONE;
        }
        ZoneStruct.untouchedPfnOpaque(zone, pfn + Geometry.pagesIn(order));
        if (headBits != null) {
            headBits.setHead(pfn, order);
        }
        long page = arena.pageAt(pfn);
        ListHead.initialise(PageStruct.list(page));
        PageStruct.mapcount(page, PageStruct.MAPCOUNT_NONE);
        return expand(page, order, wanted);
    }

    /** Order of the first block of a run of untouched pages: its highest binary digit; -1 if there are none. */
    private static int maximalOrder(long nrPages) {
        return Math.min(Geometry.largestOrderIn(nrPages), Geometry.MAX_ORDER);
    }

    /** Halves a block that is off the lists until its lower part has the order wanted; lists the upper halves. */
    private long expand(long page, int order, int wanted) {
        for (int half = order - 1; half >= wanted; half--) {
            long upper = page + ((long) PageStruct.BYTES << half);
            if (headBits != null) {
                headBits.setHead(arena.pfnOf(upper), half + 1);
            }
            link(upper, half, ZoneStruct.freeList(zone, half));
        }
        ZoneStruct.nrFreePagesOpaque(zone, ZoneStruct.nrFreePagesOpaque(zone) - Geometry.pagesIn(wanted));
        return page;
    }

    private void merge(long pfn, int order) {
        long start = pfn;
        int merged = order;
        while (merged < Geometry.MAX_ORDER) {
            long buddy = start ^ Geometry.pagesIn(merged);
            if (!isFree(buddy, merged)) {
                break;
            }
            unlink(arena.pageAt(buddy), merged);
            if (headBits != null) {
                headBits.clearHead(Math.max(start, buddy), merged + 1);
            }
            start = Math.min(start, buddy);
            merged++;
        }
        long list = ZoneStruct.freeList(zone, merged);
        link(arena.pageAt(start), merged, mergesSoon(start, merged) ? ListHead.prev(list) : list);
        ZoneStruct.nrFreePagesOpaque(zone, ZoneStruct.nrFreePagesOpaque(zone) + Geometry.pagesIn(order));
    }

    /**
     * Whether the buddy of the block's parent is free: then this block is better not handed out soon, because freeing
     * its own buddy makes a block of four times its size ({@code buddy_merge_likely}).
     */
    private boolean mergesSoon(long pfn, int order) {
        int parent = order + 1;
        return parent < Geometry.MAX_ORDER
                && isFree(Geometry.alignDown(pfn, parent) ^ Geometry.pagesIn(parent), parent);
    }

    /** Whether a free block of exactly this order starts here. The private word is only ours where the type says so. */
    private boolean isFree(long pfn, int order) {
        if (pfn >= ZoneStruct.untouchedPfnOpaque(zone)) {
            return false;
        }
        long page = arena.pageAt(pfn);
        return PageStruct.mapcountOpaque(page) == PageStruct.TYPE_BUDDY && PageStruct.privateWord(page) == order;
    }

    /**
     * Lists a block after a link. Its first page may have been inside a larger block, so all of the struct is written;
     * only the mark of a hardware error stays with the frame.
     */
    private void link(long page, int order, long position) {
        PageStruct.flags(page, PageStruct.flags(page) & PageFlag.FRAME_FLAGS);
        PageStruct.mapping(page, 0);
        PageStruct.index(page, 0);
        PageStruct.privateWord(page, order);
        PageStruct.mapcount(page, PageStruct.TYPE_BUDDY);
        PageStruct.refcount(page, 0);
        PageStruct.memcgData(page, 0);
        ListHead.addAfter(PageStruct.list(page), position);
        ZoneStruct.nrFreeOpaque(zone, order, ZoneStruct.nrFreeOpaque(zone, order) + 1);
    }

    private void unlink(long page, int order) {
        ListHead.remove(PageStruct.list(page));
        PageStruct.privateWord(page, 0);
        PageStruct.mapcount(page, PageStruct.MAPCOUNT_NONE);
        ZoneStruct.nrFreeOpaque(zone, order, ZoneStruct.nrFreeOpaque(zone, order) - 1);
    }

    private void requirePlace(long pfn, int order) {
        if (!Geometry.isAligned(pfn, order)) {
            throw new IllegalArgumentException("page misaligned for order: pfn=" + pfn + ", order=" + order);
        }
        if (pfn + Geometry.pagesIn(order) > arena.nrPages()) {
            throw new IllegalArgumentException(
                    "block ends beyond the arena: pfn=" + pfn + ", order=" + order + ", nrPages=" + arena.nrPages());
        }
    }

    private void requireAllocated(long pfn, int order) {
        long end = pfn + Geometry.pagesIn(order);
        long untouchedPfn = ZoneStruct.untouchedPfnOpaque(zone);
        if (end > untouchedPfn) {
            throw new IllegalStateException("block was never allocated: pfn=" + pfn + ", order=" + order);
        }
        int freeOrder = lifetime.isChecked() ? orderOfFreeBlock(pfn) : -1;
        if (freeOrder >= 0) {
            throw new IllegalStateException(
                    "block is free already: pfn=" + pfn + ", order=" + order + ", inside free order=" + freeOrder);
        }
        if (headBits != null && !(headBits.isWhole(pfn, order) && (end == untouchedPfn || headBits.isHead(end)))) {
            throw new IllegalStateException("not one block of this order: pfn=" + pfn + ", order=" + order
                    + ", block start=" + headBits.headOf(pfn));
        }
    }

    /**
     * Order of the free block that holds a page, -1 if it is not free. With head bits one look, else one at every page
     * where such a block could start, as {@code is_free_buddy_page} does.
     */
    private int orderOfFreeBlock(long pfn) {
        if (headBits != null) {
            long page = arena.pageAt(headBits.headOf(pfn));
            boolean free = PageStruct.mapcountOpaque(page) == PageStruct.TYPE_BUDDY;
            return free ? (int) PageStruct.privateWord(page) : -1;
        }
        for (int order = 0; order <= Geometry.MAX_ORDER; order++) {
            long page = arena.pageAt(Geometry.alignDown(pfn, order));
            if (PageStruct.mapcountOpaque(page) == PageStruct.TYPE_BUDDY && PageStruct.privateWord(page) >= order) {
                return (int) PageStruct.privateWord(page);
            }
        }
        return -1;
    }

    private static void requireUnused(long page, long pfn) {
        int refcount = PageStruct.refcountOpaque(page);
        int mapcount = PageStruct.mapcountOpaque(page);
        long mapping = PageStruct.mapping(page);
        if (refcount != 0 || mapcount != PageStruct.MAPCOUNT_NONE || mapping != 0) {
            throw new IllegalStateException("page still in use: pfn=" + pfn + ", refcount=" + refcount + ", mapcount="
                    + mapcount + ", mapping=0x" + Long.toHexString(mapping));
        }
    }

    private void lock() {
        lockOrder.beforeLock(LockRank.ZONE);
        SpinLock.lock(ZoneStruct.lock(zone));
        lockOrder.afterLock(LockRank.ZONE);
    }

    private void unlock() {
        lockOrder.beforeUnlock(LockRank.ZONE);
        SpinLock.unlock(ZoneStruct.lock(zone));
    }
}
