/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.FolioOwner;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The cached folios of one file in memory: an index from page offset to folio, and a size (address_space).
 *
 * <p>Thread-safe. Readers find folios through a {@link FolioLookup} without a lock. Adding, removing and truncating
 * take the folio lock and the index lock; changes of size and holes come one at a time, and who makes one, or closes
 * the address space, has no folio locked. Every call throws {@link IllegalStateException} once the address space or the
 * engine is closed; one that runs beside {@link #close} is finished, or throws: it never meets the folios of who gets
 * the struct next.
 */
public final class AddressSpace implements FolioOwner, AutoCloseable {
    private final MappingContext context;
    private final Lifetime lifetime;
    private final Folios folios;
    private final long address;
    private final XArray index;
    private final Runnable indexEnd;
    private final XaCursor lockedCursor;
    private final IndexedFolios indexed;
    private final SwapEntries swapEntries;
    private final Truncation truncation;
    private final SpaceResizer resizer;
    private final int minimumOrder;
    private final boolean swapBacked;
    private final @Nullable Inode host;

    /** Set, under the resize lock, before the folios are dropped. */
    private volatile boolean closed;

    private AddressSpace(
            MappingContext context, long address, int minimumOrder, boolean swapBacked, @Nullable Inode host) {
        this.context = context;
        this.host = host;
        this.address = address;
        lifetime = context.lifetime();
        folios = context.folios();
        index = new XArray(AddressSpaceStruct.pages(address), context.nodes(), context.lockOrder(), 0);
        indexEnd = index.handOver();
        lockedCursor = new XaCursor(index);
        indexed = new IndexedFolios(context, this, host);
        swapEntries = new SwapEntries(context, this, indexed);
        truncation = new Truncation(context, this, indexed, swapEntries);
        resizer = new SpaceResizer(context, this, indexed, truncation);
        this.minimumOrder = minimumOrder;
        this.swapBacked = swapBacked;
        AddressSpaceStruct.minimumOrder(address, minimumOrder);
        AddressSpaceStruct.swapBacked(address, swapBacked);
        AddressSpaceStruct.tracksWrites(address, host != null);
    }

    /**
     * Opens an empty address space.
     *
     * @param context the engine's parts
     * @param minimumOrder no folio of the space may be smaller, 0 to 18
     * @param swapBacked whether it is shared memory, backed by swap, not by a file
     * @return the address space
     * @throws IllegalArgumentException if the order is out of range
     * @throws IllegalStateException if the engine has as many address spaces as it was made for
     */
    public static AddressSpace open(MappingContext context, int minimumOrder, boolean swapBacked) {
        Geometry.requireOrder(minimumOrder);
        return open(context, minimumOrder, swapBacked, null);
    }

    /** Opens the empty address space of a file, or of shared memory, whose pages its host brings in and out. */
    static AddressSpace openFor(Inode host, MappingContext context, boolean swapBacked) {
        return open(context, 0, swapBacked, host);
    }

    private static AddressSpace open(
            MappingContext context, int minimumOrder, boolean swapBacked, @Nullable Inode host) {
        context.lifetime().enter();
        try {
            long address = context.objects().allocateFor("address space");
            AddressSpace space = new AddressSpace(context, address, minimumOrder, swapBacked, host);
            context.owners().add(space);
            return space;
        } finally {
            context.lifetime().exit();
        }
    }

    @Override
    public long address() {
        return address;
    }

    @Override
    public XArray index() {
        return index;
    }

    /** {@inheritDoc} For the engine, whose calls leave it anywhere. */
    @Override
    public XaCursor lockedCursor() {
        return lockedCursor;
    }

    /** {@inheritDoc} For the engine: what an embedder adds or drops is counted by itself. */
    @Override
    public void addNrPages(long nrPages) {
        index.requireLockHeld();
        AddressSpaceStruct.addNrPages(address, nrPages);
    }

    @Override
    public int minimumOrder() {
        return minimumOrder;
    }

    @Override
    public long endIndex() {
        lifetime.enter();
        try {
            long fileEnd = FileRange.pagesOf(AddressSpaceStruct.sizeBytesAcquire(address));
            long end = Math.max(fileEnd, AddressSpaceStruct.fallocateEndAcquire(address));
            requireStruct();
            return end;
        } finally {
            lifetime.exit();
        }
    }

    /** {@inheritDoc} For the engine. */
    @Override
    public void uncharge(long nrPages) {
        lifetime.enter();
        try {
            requireStruct();
            AddressSpaceStruct.addNrCharged(address, -nrPages);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Size of the file. Wait-free.
     *
     * @return bytes
     */
    public long sizeBytes() {
        lifetime.enter();
        try {
            return ifOpen(AddressSpaceStruct.sizeBytesAcquire(address));
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Pages that are cached. Wait-free.
     *
     * @return number of pages
     */
    public long nrPages() {
        lifetime.enter();
        try {
            return ifOpen(AddressSpaceStruct.nrPagesOpaque(address));
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Pages that shared memory is charged for: those cached and those in swap. Wait-free.
     *
     * @return number of pages; 0 for a file
     */
    public long nrChargedPages() {
        lifetime.enter();
        try {
            return ifOpen(AddressSpaceStruct.nrChargedOpaque(address));
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Makes a reader's way into this address space.
     *
     * @param reader reader of the thread that will use it
     * @return a lookup for that thread
     * @throws IllegalArgumentException if the reader is of another engine
     */
    public FolioLookup newLookup(RcuReader reader) {
        requireOpen();
        return new FolioLookup(this, folios, reader);
    }

    /**
     * Adds a folio (filemap_add_folio). The caller keeps its own reference; the address space takes one per page.
     *
     * @param folio head of a folio that belongs to nobody, to which the caller holds a reference, and others only while
     *     they find out that it is not the one they look for
     * @param startIndex offset of its first page, a multiple of its size
     * @return 0; EEXIST if some page is cached already; ENOMEM if the index cannot grow; then nothing has changed
     * @throws IllegalArgumentException if the handle, the alignment, the range or the order does not fit
     */
    public int add(long folio, long startIndex) {
        context.arena().requirePage(folio);
        lifetime.enter();
        try {
            requireOpen();
            return indexed.add(folio, startIndex);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Fills what is not cached in a range with new folios, as large as alignment, room and {@code maximumOrder} allow,
     * as readahead and large writes do (page_cache_ra_order). Contents are zero where the frames are new.
     *
     * @param startIndex first page
     * @param nrPages number of pages, at least 1
     * @param maximumOrder log2 pages of the largest folio to make, 0 to 18
     * @return 0, or ENOMEM (what was added before stays)
     * @throws IllegalArgumentException if an argument is out of range
     */
    public int populate(long startIndex, long nrPages, int maximumOrder) {
        Geometry.requireOrder(maximumOrder);
        FileRange.require("startIndex", startIndex, "nrPages", nrPages, FileRange.MAX_PAGES);
        lifetime.enter();
        try {
            requireOpen();
            return indexed.populate(startIndex, nrPages, maximumOrder);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Sets the size of the file. Folios beyond a smaller size are dropped; one that the new end lies in is split as the
     * policy says, so that its part beyond the end can be dropped too, or zeroed there if it cannot be split
     * (truncate_setsize, truncate_inode_pages). The same size drops what {@link #allocateBeyondEnd} has put beyond it;
     * a larger one drops nothing. What is in swap of shared memory is cut as by {@link #punchHole}.
     *
     * @param sizeBytes new size, 0 up to 2^62
     * @param policy how a folio across the end is cut
     * @throws IllegalArgumentException if the size is out of range
     * @throws RuntimeException if the policy throws, or its plan is refused; the space is cut then, as if the folio
     *     could not be split
     */
    public void truncate(long sizeBytes, SplitPolicy policy) {
        FileRange.requireSize(sizeBytes);
        Objects.requireNonNull(policy, "policy");
        resizer.truncate(sizeBytes, policy);
    }

    /**
     * Makes the file at least this large, as a write beyond its end does.
     *
     * @param sizeBytes least size, 0 up to 2^62
     * @throws IllegalArgumentException if the size is out of range
     */
    public void extend(long sizeBytes) {
        FileRange.requireSize(sizeBytes);
        resizer.extend(sizeBytes);
    }

    /**
     * Fills a range of shared memory beyond the end of the file, or within, with pages that stay although they lie
     * beyond the end, until the file is truncated to its size or less (shmem_fallocate with FALLOC_FL_KEEP_SIZE).
     *
     * @param startIndex first page
     * @param nrPages number of pages, at least 1
     * @param maximumOrder log2 pages of the largest folio to make, 0 to 18
     * @return 0, or ENOMEM (what was added before stays)
     * @throws IllegalArgumentException if an argument is out of range
     * @throws IllegalStateException if this is not shared memory
     */
    public int allocateBeyondEnd(long startIndex, long nrPages, int maximumOrder) {
        Geometry.requireOrder(maximumOrder);
        FileRange.require("startIndex", startIndex, "nrPages", nrPages, FileRange.MAX_PAGES);
        requireSwapBacked();
        return resizer.allocateBeyondEnd(startIndex, nrPages, maximumOrder);
    }

    /**
     * Swap entries of shared memory.
     *
     * @return what moves folios of this space to swap and back
     * @throws IllegalStateException if this is not shared memory
     */
    public SwapEntries swapEntries() {
        requireSwapBacked();
        return swapEntries;
    }

    /**
     * What brings the pages in and out; null if they exist in memory only, or their user moves them to swap and back.
     */
    @Nullable
    Inode host() {
        return host;
    }

    IndexedFolios indexed() {
        return indexed;
    }

    Truncation truncation() {
        return truncation;
    }

    /** Whether this is shared memory; its struct says so, but may be gone. */
    boolean isSwapBacked() {
        return swapBacked;
    }

    private void requireSwapBacked() {
        if (!swapBacked) {
            throw new IllegalStateException("not shared memory: address space=0x" + Long.toHexString(address));
        }
    }

    /**
     * Punches a hole: afterwards what is cached of the range reads as zero. Folios wholly inside are dropped; those
     * across its ends are split as the policy says, so that what lies inside can be dropped too, or zeroed there if
     * they cannot be split (truncate_pagecache_range, truncate_inode_partial_folio). Of shared memory, pages in swap
     * are dropped if they lie inside wholly; one that an end cuts through stays there with its bytes, as does an entry
     * across an end, with all its pages, if there are no nodes to split it, also after a while: who moves pages to swap
     * brings them in, or splits them, before ({@link SwapEntries#splitEntry}).
     *
     * @param offsetBytes start of the hole
     * @param lengthBytes its length, at least 1
     * @param policy how folios across the ends are cut
     * @throws IllegalArgumentException if the range is out of bounds
     * @throws RuntimeException if the policy throws, or its plan is refused; the hole is there then, as if the folios
     *     could not be split
     */
    public void punchHole(long offsetBytes, long lengthBytes, SplitPolicy policy) {
        FileRange.require("offsetBytes", offsetBytes, "lengthBytes", lengthBytes, FileRange.MAX_BYTES);
        Objects.requireNonNull(policy, "policy");
        resizer.punchHole(offsetBytes, offsetBytes + lengthBytes, policy);
    }

    /**
     * Visits the cached folios in order of their index. A folio that is added or removed meanwhile may or may not be
     * seen.
     *
     * @param visitor gets each folio, pinned for the length of the call
     */
    public void forEachFolio(FolioVisitor visitor) {
        lifetime.enter();
        try {
            requireOpen();
            long next = 0;
            long folio = indexed.pinNext(next, FileRange.MAX_PAGES);
            while (folio != 0) {
                long start = folios.index(folio);
                int order = folios.order(folio);
                try {
                    visitor.visit(start, order, folio);
                } finally {
                    folios.unpin(folio);
                }
                next = start + Geometry.pagesIn(order);
                folio = indexed.pinNext(next, FileRange.MAX_PAGES);
            }
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Whether {@link #close} has been called.
     *
     * @return true from the moment it begins, unless it is refused
     */
    @Override
    public boolean isClosed() {
        return closed;
    }

    /**
     * Drops all folios, waits for the readers that may still be in the index, and gives the address space back. Must
     * not be called from inside a read section. What others add meanwhile is dropped too. A folio that somebody has
     * pinned lives on without an owner. Closing again does nothing.
     *
     * @throws IllegalStateException if regions of page tables still show the pages; then nothing has changed
     */
    @Override
    public void close() {
        resizer.close(this::closeUnlessMapped);
    }

    private void closeUnlessMapped() {
        int nrRegions = context.mappers().closeUnlessMapped(address, () -> closed = true);
        if (nrRegions > 0) {
            throw new IllegalStateException("the address space still has regions: regions=" + nrRegions);
        }
        do {
            truncation.removeRange(0, Long.MAX_VALUE, SplitPolicies.UNIFORM);
        } while (!endIndexIfEmpty());
        // Lookups that have not seen it closed are in their read sections.
        context.rcu().synchronize();
        context.owners().remove(this);
        context.objects().free(address);
    }

    /** Closes the index, unless somebody who did not see this closed has added a folio. */
    private boolean endIndexIfEmpty() {
        index.lock();
        try {
            lockedCursor.set(0);
            boolean isEmpty = lockedCursor.find(FileRange.MAX_PAGES) == 0;
            if (isEmpty) {
                indexEnd.run();
            }
            return isEmpty;
        } finally {
            index.unlock();
        }
    }

    /**
     * Checks that the index is not closed, for splits, which go on beside close until the last folio has left: who has
     * a folio of the index locked finds it open, and the struct this address space's.
     */
    private void requireStruct() {
        // The load before the look: what somebody else has stored in the struct was stored after the index was closed.
        VarHandle.acquireFence();
        if (index.anchor() == 0) {
            throw closedException();
        }
    }

    /** Checks that this is not closed; exact under the resize lock, and while a folio of this space is locked. */
    void requireOpen() {
        if (closed) {
            throw closedException();
        }
    }

    /** What was loaded from the struct, if that was not another's by then. */
    long ifOpen(long loaded) {
        // The load before the look: what somebody else has stored in the struct was stored after this was closed.
        VarHandle.acquireFence();
        requireOpen();
        return loaded;
    }

    private IllegalStateException closedException() {
        return new IllegalStateException("the address space is closed: address space=0x" + Long.toHexString(address));
    }
}
