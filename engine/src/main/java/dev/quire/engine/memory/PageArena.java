/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import dev.quire.engine.machine.NativeMemory;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One reservation cut into regions: page frames, page structs, head bits, index nodes, small objects, and one page each
 * of zone state and counters.
 *
 * <pre>
 *  framesBase (1 GiB aligned)                        size
 *  | page frames              | nrPages x 4096 B     what users store
 *  | page structs             | nrPages x   64 B     indexed by pfn
 *  | head bits, three levels  | nrPages / 8 + ...    one bit per page, then one per word, twice
 *  | node slab                | nrNodes x  576 B     XArray nodes
 *  | object slab              | nrObjects x 128 B    address spaces, memory groups and array anchors
 *  | zone state               | 4 KiB                free areas, LRU lists, deferred-split queue, swap area
 *  | counters                 | 4 KiB
 *  | swap table               | nrPages x    8 B     one word per swap slot
 *  | free swap slots          | nrPages / 4 + 4 KiB  a bit per slot, and where to find free ones
 *  | page owners              | nrPages x    8 B     who allocated what, if that is recorded
 * </pre>
 *
 * Every region starts on a 2 MiB boundary and is backed page by page on first touch, so an arena may be far larger than
 * the machine's memory. A page's <em>handle</em> is the absolute address of its page struct; its <em>pfn</em> is its
 * number in the arena.
 *
 * <p>Immutable but for {@link #close}; safe for use by many threads. The class trusts its callers: who closes it must
 * have made sure that nobody touches its memory any more.
 */
public final class PageArena implements AutoCloseable {
    /** Bytes of a page struct. */
    public static final int PAGE_STRUCT_BYTES = 64;

    private static final int PAGE_STRUCT_SHIFT = 6;

    /** Bytes of an XArray node. */
    public static final int NODE_BYTES = 576;

    /** Bytes of a small object: an address space, or the anchor of an array. */
    public static final int OBJECT_BYTES = 128;

    /** Largest number of pages: 64 TiB of frames, half of a 47-bit address space. */
    public static final long MAX_PAGES = 1L << 34;

    /** Largest number of XArray nodes. */
    public static final long MAX_NODES = 1L << 36;

    /** Places in the page of zone state. */
    private static final long LRU_OFFSET = 1024;

    private static final long DEFERRED_SPLIT_OFFSET = 1536;
    private static final long SWAP_AREA_OFFSET = 2048;

    private static final long FRAME_ALIGNMENT_BYTES = Geometry.bytesIn(Geometry.PUD_ORDER);

    private final Reservation reservation;
    private final long nrPages;
    private final long nrNodes;
    private final long nrObjects;
    private final long framesBase;
    private final long pageStructsBase;
    private final long pageStructsEnd;
    private final long headBitsBase;
    private final long nodesBase;
    private final long objectsBase;
    private final long zoneBase;
    private final long countersBase;
    private final long swapTableBase;
    private final long freeSwapSlotsBase;
    private final long pageOwnersBase;
    private final AtomicBoolean owned = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();

    private PageArena(Reservation reservation, long nrPages, long nrNodes, long nrObjects) {
        this.reservation = reservation;
        this.nrPages = nrPages;
        this.nrNodes = nrNodes;
        this.nrObjects = nrObjects;
        framesBase = Geometry.roundUp(reservation.address(), FRAME_ALIGNMENT_BYTES);
        pageStructsBase = after(framesBase, nrPages * Geometry.PAGE_BYTES);
        pageStructsEnd = pageStructsBase + nrPages * PAGE_STRUCT_BYTES;
        headBitsBase = after(pageStructsBase, nrPages * PAGE_STRUCT_BYTES);
        nodesBase = after(headBitsBase, headBitsBytes(nrPages));
        objectsBase = after(nodesBase, nrNodes * NODE_BYTES);
        zoneBase = after(objectsBase, nrObjects * OBJECT_BYTES);
        countersBase = zoneBase + Geometry.PAGE_BYTES;
        swapTableBase = after(countersBase, Geometry.PAGE_BYTES);
        freeSwapSlotsBase = after(swapTableBase, nrPages * Long.BYTES);
        pageOwnersBase = after(freeSwapSlotsBase, freeSwapSlotsBytes(nrPages));
    }

    /**
     * Opens an arena.
     *
     * @param nrPages page frames, 1 to {@link #MAX_PAGES}
     * @param nrNodes most XArray nodes that can exist at once, 1 to {@link #MAX_NODES}
     * @param nrObjects most small objects that can exist at once, at least 1
     * @param backing where the memory comes from
     * @return the arena; all of it reads as zero
     * @throws IllegalArgumentException if a number is out of range
     * @throws OutOfMemoryError if the system refuses the reservation: it counts all memory (vm.overcommit_memory=2) or
     *     limits the addresses of a process (ulimit -v)
     * @throws java.io.UncheckedIOException if the arena is a file, and cannot be made or be as long
     */
    public static PageArena open(long nrPages, long nrNodes, long nrObjects, Backing backing) {
        requireCount("nrPages", nrPages, MAX_PAGES);
        requireCount("nrNodes", nrNodes, MAX_NODES);
        requireCount("nrObjects", nrObjects, 1L << 32);
        long nrBytes = FRAME_ALIGNMENT_BYTES
                + after(0, nrPages * Geometry.PAGE_BYTES)
                + after(0, nrPages * PAGE_STRUCT_BYTES)
                + after(0, headBitsBytes(nrPages))
                + after(0, nrNodes * NODE_BYTES)
                + after(0, nrObjects * OBJECT_BYTES)
                + after(0, 2L * Geometry.PAGE_BYTES)
                + after(0, freeSwapSlotsBytes(nrPages))
                + 2 * after(0, nrPages * Long.BYTES);
        return new PageArena(Reservation.open(backing, nrBytes), nrPages, nrNodes, nrObjects);
    }

    private static void requireCount(String name, long count, long max) {
        if (count < 1 || count > max) {
            throw new IllegalArgumentException(name + " out of range: " + name + "=" + count + ", max=" + max);
        }
    }

    private static long after(long base, long nrBytes) {
        return Geometry.roundUp(base + nrBytes, Geometry.HUGE_PAGE_BYTES);
    }

    /** Bytes of the head bits: whole GiBs, so that no search needs a bound. Per GiB 4096, 64 and 1 words. */
    private static long headBitsBytes(long nrPages) {
        return (Geometry.roundUp(nrPages, Geometry.pagesIn(Geometry.PUD_ORDER)) >>> Geometry.PUD_ORDER)
                * (4096 + 64 + 1)
                * Long.BYTES;
    }

    private static long freeSwapSlotsBytes(long nrPages) {
        return nrPages / 4 + Geometry.PAGE_BYTES;
    }

    /** {@return number of page frames} */
    public long nrPages() {
        return nrPages;
    }

    /** {@return number of XArray nodes that fit} */
    public long nrNodes() {
        return nrNodes;
    }

    /** {@return number of small objects that fit} */
    public long nrObjects() {
        return nrObjects;
    }

    /** {@return address of the first page frame; a multiple of 1 GiB} */
    public long framesBase() {
        return framesBase;
    }

    /** {@return handle of page 0} */
    public long pageStructsBase() {
        return pageStructsBase;
    }

    /** {@return address of the first word of the lowest level of head bits} */
    public long headBitsBase() {
        return headBitsBase;
    }

    /** {@return address of the first XArray node} */
    public long nodesBase() {
        return nodesBase;
    }

    /** {@return address of the first small object} */
    public long objectsBase() {
        return objectsBase;
    }

    /** {@return address of the page of zone state} */
    public long zoneBase() {
        return zoneBase;
    }

    /** {@return address of the LRU lists, in the page of zone state} */
    public long lruBase() {
        return zoneBase + LRU_OFFSET;
    }

    /** {@return address of the deferred-split queue, in the page of zone state} */
    public long deferredSplitBase() {
        return zoneBase + DEFERRED_SPLIT_OFFSET;
    }

    /** {@return address of the swap area, in the page of zone state} */
    public long swapAreaBase() {
        return zoneBase + SWAP_AREA_OFFSET;
    }

    /** {@return address of the page of counters} */
    public long countersBase() {
        return countersBase;
    }

    /** {@return address of the word of swap slot 0; there are as many slots as pages} */
    public long swapTableBase() {
        return swapTableBase;
    }

    /** {@return address of the map of free swap slots} */
    public long freeSwapSlotsBase() {
        return freeSwapSlotsBase;
    }

    /** {@return bytes of the map of free swap slots} */
    public long freeSwapSlotsBytes() {
        return freeSwapSlotsBytes(nrPages);
    }

    /** {@return address of the owner word of page 0} */
    public long pageOwnersBase() {
        return pageOwnersBase;
    }

    /**
     * Handle of the page with this number; the number is trusted.
     *
     * @param pfn page number
     * @return its handle
     */
    public long pageAt(long pfn) {
        return pageStructsBase + (pfn << PAGE_STRUCT_SHIFT);
    }

    /**
     * Number of the page with this handle; the handle is trusted.
     *
     * @param page handle of a page
     * @return its number
     */
    public long pfnOf(long page) {
        return (page - pageStructsBase) >>> PAGE_STRUCT_SHIFT;
    }

    /**
     * Address of the 4 KiB frame that a page describes; the handle is trusted.
     *
     * @param page handle of a page
     * @return its address
     */
    public long frameOf(long page) {
        return framesBase + (pfnOf(page) << Geometry.PAGE_SHIFT);
    }

    /**
     * Makes consecutive frames read as zero. From 2 MiB on it gives their memory back to the system where it can, so
     * that memory nobody has used yet takes none. The frames are the caller's, who keeps the engine open meanwhile.
     *
     * @param page handle of the first page
     * @param nrPages how many, at least 1
     * @throws IllegalArgumentException if the arena has no such frames
     * @throws IllegalStateException if the arena is closed
     */
    public void zeroFrames(long page, long nrPages) {
        requirePage(page);
        if (nrPages < 1 || nrPages > this.nrPages - pfnOf(page)) {
            throw new IllegalArgumentException("nrPages out of range: nrPages=" + nrPages + ", pfn=" + pfnOf(page)
                    + ", pages in the arena=" + this.nrPages);
        }
        requireOpen();
        long nrBytes = nrPages << Geometry.PAGE_SHIFT;
        if (nrBytes < Geometry.HUGE_PAGE_BYTES || !reservation.discard(frameOf(page), nrBytes)) {
            NativeMemory.fill(frameOf(page), nrBytes, (byte) 0);
        }
    }

    /**
     * Whether a word is the handle of a page of this arena.
     *
     * @param word any word
     * @return true if it is
     */
    public boolean isPage(long word) {
        return word >= pageStructsBase && word < pageStructsEnd && (word & (PAGE_STRUCT_BYTES - 1)) == 0;
    }

    /**
     * Checks a page handle at the public edge.
     *
     * @param page handle
     * @return the same handle
     * @throws IllegalArgumentException if it names no page of this arena
     */
    public long requirePage(long page) {
        if (!isPage(page)) {
            throw new IllegalArgumentException("not a page of this arena: page=0x" + Long.toHexString(page)
                    + ", first=0x" + Long.toHexString(pageStructsBase) + ", end=0x" + Long.toHexString(pageStructsEnd));
        }
        return page;
    }

    /**
     * Asks the system to back page structs, head bits, index nodes and small objects with huge pages, or not to.
     *
     * @param wanted true for huge pages
     * @return whether the system accepted the advice; it may still not follow it
     * @throws IllegalStateException if the arena is closed
     */
    public boolean adviseHugeMetadata(boolean wanted) {
        requireOpen();
        return reservation.adviseHugePages(pageStructsBase, zoneBase - pageStructsBase, wanted);
    }

    /**
     * How much of page structs, head bits, index nodes and small objects the system backs with huge pages now. Not for
     * hot paths: it reads the system's list of mappings.
     *
     * @return bytes, or -1 if the system does not tell
     */
    public long hugeMetadataBytes() {
        return MemoryMappings.hugePageBytes(pageStructsBase, zoneBase);
    }

    /**
     * Makes this arena part of an engine: from now on only the engine can close it.
     *
     * @return what closes it, once
     * @throws IllegalStateException if it is part of an engine already
     */
    public Runnable handOver() {
        if (!owned.compareAndSet(false, true)) {
            throw new IllegalStateException("the arena belongs to an engine");
        }
        return this::release;
    }

    /**
     * Gives the addresses back. Any later access through a stale handle would crash the JVM. Again, it does nothing.
     *
     * @throws IllegalStateException if the arena belongs to an engine
     */
    @Override
    public void close() {
        if (owned.get()) {
            throw new IllegalStateException("the arena belongs to an engine, which closes it");
        }
        release();
    }

    private void requireOpen() {
        if (closed.get()) {
            throw new IllegalStateException("the arena is closed");
        }
    }

    private void release() {
        // Once only: by the second time the addresses may belong to somebody else.
        if (closed.compareAndSet(false, true)) {
            reservation.close();
        }
    }
}
