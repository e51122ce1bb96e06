/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.folio.FolioOwner;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitStages;
import dev.quire.engine.mapping.FolioVisitor;
import dev.quire.engine.mapping.MappingContext;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import java.lang.invoke.VarHandle;

/**
 * The memory of a confidential guest (guest_memfd with huge pages): of fixed size, populated one huge page at a time,
 * each page private to the guest or shared with the host.
 *
 * <p>Converting pages from private to shared splits the folios around them, converting them back merges what has become
 * private as a whole; which folios there are follows from which pages are shared, see {@link GuestSplitPolicy}. At
 * first all are private and none is there.
 *
 * <p>A conversion happens as a whole or not at all. Nothing is rolled back: all memory is reserved and all folios are
 * frozen before the first change, and the guest's mappings are zapped only after that. The host's are removed before a
 * conversion to private, also of one that then fails.
 *
 * <p>It fails with EAGAIN, and the offset, if somebody holds one of the pages: to be converted, or in a folio to be
 * split or merged. Before it gives up it turns away faults in all huge pages that it touches, and waits once for
 * readers, whose references are passing ones; {@link ConversionResult} says what is left to the embedder.
 *
 * <p>Thread-safe. Conversions and holes come one at a time, first wait for faults that allocate, and must not be called
 * from inside a read section. Faults beside a conversion go on: they wait only if the page itself is being converted,
 * or is missing and its huge page concerned, and for the moments in which its folio is frozen.
 *
 * <p>Every call but those that ask for the size, which never changes, throws {@link IllegalStateException} once the
 * memory or the engine is closed; and so does a fault, or a call that needs a lock, if it comes from inside a
 * conversion, a hole or a visit of the same memory. Nobody else splits or merges these folios:
 * {@link dev.quire.engine.folio.FolioSplitter} and {@code FolioMerger} refuse them with EBUSY.
 */
public final class GuestMemory implements FolioOwner, AutoCloseable {
    /** Flags of all folios: initialised, never evicted, and split by their owner only. */
    static final long FOLIO_FLAGS = PageFlag.UPTODATE.mask() | PageFlag.UNEVICTABLE.mask() | PageFlag.PRIVATE.mask();

    private static final boolean SHARED = true;

    private final MappingContext mapping;
    private final Lifetime lifetime;
    private final Folios folios;
    private final long address;
    private final XArray index;
    private final Runnable indexEnd;
    private final XaCursor lockedCursor;
    private final GuestFolios guestFolios;
    private final GuestConverter converter;
    private final GuestTruncation truncation;
    private final long nrPages;
    private final int hugeOrder;
    private final InvalidateLock invalidateLock;

    /**
     * Stored with the invalidate lock held for conversion; who shares it, or checks the {@link Invalidation}, loads.
     */
    private volatile GuestLayout layout;

    private volatile boolean closed;

    private GuestMemory(
            GuestContext context,
            long address,
            long sizeBytes,
            int hugeOrder,
            GuestSplitPolicy policy,
            SecondaryMmu secondaryMmu) {
        this.address = address;
        this.hugeOrder = hugeOrder;
        mapping = context.mapping();
        lifetime = mapping.lifetime();
        folios = mapping.folios();
        nrPages = sizeBytes >>> Geometry.PAGE_SHIFT;
        index = new XArray(AddressSpaceStruct.pages(address), mapping.nodes(), mapping.lockOrder(), 0);
        indexEnd = index.handOver();
        lockedCursor = new XaCursor(index);
        guestFolios = new GuestFolios(context, this);
        invalidateLock = new InvalidateLock(mapping.lockOrder());
        converter = new GuestConverter(context, this, guestFolios, secondaryMmu);
        truncation = new GuestTruncation(this, guestFolios, secondaryMmu);
        layout = new GuestLayout(AttributeMap.allPrivate(nrPages), policy, policy.allowedOrders(hugeOrder));
        AddressSpaceStruct.sizeBytesRelease(address, sizeBytes);
    }

    /**
     * Opens guest memory that is not populated and private.
     *
     * @param context the engine's parts
     * @param sizeBytes its size, a multiple of the huge page, up to 2^50
     * @param hugeOrder log2 pages of the huge page: 9 or 18
     * @param policy which folios private memory consists of
     * @param secondaryMmu told what the guest must no longer have mapped
     * @return the memory
     * @throws IllegalArgumentException if the size or the order is none of these
     * @throws IllegalStateException if the engine has as many address spaces as it was made for
     */
    public static GuestMemory open(
            GuestContext context, long sizeBytes, int hugeOrder, GuestSplitPolicy policy, SecondaryMmu secondaryMmu) {
        GuestRange.requireHugeOrder(hugeOrder);
        GuestRange.requireSize(sizeBytes, hugeOrder);
        MappingContext mapping = context.mapping();
        mapping.lifetime().enter();
        try {
            long address = mapping.objects().allocateFor("address space");
            GuestMemory memory = new GuestMemory(context, address, sizeBytes, hugeOrder, policy, secondaryMmu);
            mapping.owners().add(memory);
            return memory;
        } finally {
            mapping.lifetime().exit();
        }
    }

    // ---- what splits and page tables must know

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

    /** {@inheritDoc} For the engine. */
    @Override
    public void addNrPages(long nrMorePages) {
        index.requireLockHeld();
        AddressSpaceStruct.addNrPages(address, nrMorePages);
    }

    @Override
    public int minimumOrder() {
        return 0;
    }

    @Override
    public long endIndex() {
        return nrPages;
    }

    @Override
    public void uncharge(long nrUnchargedPages) {
        // Nothing is ever dropped by a split, as the size never changes.
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    // ---- what is there

    /**
     * Size, which never changes.
     *
     * @return bytes
     */
    public long sizeBytes() {
        return nrPages << Geometry.PAGE_SHIFT;
    }

    /**
     * Log2 pages of the huge page.
     *
     * @return 9 or 18
     */
    public int hugeOrder() {
        return hugeOrder;
    }

    /**
     * Pages that are populated. Wait-free.
     *
     * @return number of pages
     */
    public long nrPages() {
        lifetime.enter();
        try {
            long nrPopulated = AddressSpaceStruct.nrPagesOpaque(address);
            // The load before the look: what the next owner of the struct stores comes after this was closed.
            VarHandle.acquireFence();
            requireOpen();
            return nrPopulated;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Whether a page is shared, now. Wait-free.
     *
     * @param pageIndex offset of the page, in pages
     * @return a hint, unless the caller excludes conversions
     * @throws IllegalArgumentException if it is beyond the end
     */
    public boolean isShared(long pageIndex) {
        GuestRange.requirePage(pageIndex, nrPages);
        requireUsable();
        return layout.attributes().isShared(pageIndex);
    }

    /**
     * Ranges of pages of one state, as many as there must be. Wait-free.
     *
     * @return at least 1
     */
    public int nrAttributeRanges() {
        requireUsable();
        return layout.attributes().nrRanges();
    }

    /**
     * Visits the folios in order of their index, while no conversion runs.
     *
     * @param visitor gets each folio, pinned for the length of the call; must not call this memory
     * @throws IllegalStateException if called from inside a conversion, a hole or a visit of this memory
     */
    public void forEachFolio(FolioVisitor visitor) {
        lifetime.enterTaking(invalidateLock::lockForConversion);
        try {
            requireOpen();
            guestFolios.forEach(0, nrPages, visitor);
        } finally {
            invalidateLock.unlockForConversion();
            lifetime.exit();
        }
    }

    // ---- faults

    /**
     * Makes a thread's way to the pages.
     *
     * @param reader reader of the thread that will use it
     * @return the access for that thread
     * @throws IllegalArgumentException if the reader is of another engine
     */
    public GuestAccess newAccess(RcuReader reader) {
        requireUsable();
        return new GuestAccess(this, invalidateLock, folios, lifetime, reader);
    }

    /**
     * A number to remember before a guest fault (mmu_invalidate_seq). Wait-free.
     *
     * @return argument of {@link #isInvalidated}
     */
    public long invalidateSequence() {
        requireUsable();
        return invalidateLock.invalidation().sequence();
    }

    /**
     * Whether one of some pages may have been converted or dropped since a number was read, or is being so: then what a
     * fault returned must not be mapped there (mmu_invalidate_retry_gfn). Asked for all pages of a leaf entry.
     * Wait-free.
     *
     * @param sequence from {@link #invalidateSequence}, read before the fault
     * @param startIndex first page
     * @param endIndex page after the last one
     * @return false if they may be mapped; true also if only other pages have been converted or dropped
     * @throws IllegalArgumentException if the range is empty or reaches beyond the end
     */
    public boolean isInvalidated(long sequence, long startIndex, long endIndex) {
        GuestRange.requirePages(startIndex, endIndex, nrPages);
        requireUsable();
        Invalidation invalidation = invalidateLock.invalidation();
        return invalidation.sequence() != sequence || invalidation.overlaps(startIndex, endIndex);
    }

    /**
     * Populates the huge pages of a range; both its ends are rounded down to huge pages first, so that a smaller range
     * may populate nothing (fallocate).
     *
     * @param offsetBytes start of the range, a multiple of 4096
     * @param lengthBytes its length, a multiple of 4096, at least 4096
     * @return 0; ENOMEM, though what the page cache and queued folios could give was taken; or EAGAIN if somebody who
     *     pins pages that are nobody's ({@link Folios#tryPinFolioOf}) held each new folio in turn. What was
     *     populated before stays
     * @throws IllegalArgumentException if the range is no such range or reaches beyond the end
     */
    public int allocate(long offsetBytes, long lengthBytes) {
        GuestRange.requireBytes(offsetBytes, lengthBytes, sizeBytes());
        long end = Geometry.alignDown((offsetBytes + lengthBytes) >>> Geometry.PAGE_SHIFT, hugeOrder);
        long huge = Geometry.alignDown(offsetBytes >>> Geometry.PAGE_SHIFT, hugeOrder);
        lifetime.enterTaking(() -> invalidateLock.lockShared(huge, end));
        try {
            requireOpen();
            return guestFolios.populateAll(huge, end, layout);
        } finally {
            invalidateLock.unlockShared();
            lifetime.exit();
        }
    }

    // ---- conversion

    /**
     * Makes a range shared, so that the host may use it. Folios that hold pages of it are split. Pages that are shared
     * already stay as they are, whoever holds them.
     *
     * @param offsetBytes start of the range, a multiple of 4096
     * @param lengthBytes its length, a multiple of 4096, at least 4096
     * @return how it ended
     * @throws IllegalArgumentException if the range is no such range or reaches beyond the end
     */
    public ConversionResult convertToShared(long offsetBytes, long lengthBytes) {
        return convert(offsetBytes, lengthBytes, SHARED);
    }

    /**
     * Makes a range private: when this returns with success the host has no access, and gets none. Blocks of which no
     * page is shared any more become one folio again, as large as the policy has them.
     *
     * @param offsetBytes start of the range, a multiple of 4096
     * @param lengthBytes its length, a multiple of 4096, at least 4096
     * @return how it ended
     * @throws IllegalArgumentException if the range is no such range or reaches beyond the end
     */
    public ConversionResult convertToPrivate(long offsetBytes, long lengthBytes) {
        return convert(offsetBytes, lengthBytes, !SHARED);
    }

    private ConversionResult convert(long offsetBytes, long lengthBytes, boolean shared) {
        GuestRange.requireBytes(offsetBytes, lengthBytes, sizeBytes());
        long start = offsetBytes >>> Geometry.PAGE_SHIFT;
        long end = (offsetBytes + lengthBytes) >>> Geometry.PAGE_SHIFT;
        lifetime.enterTaking(invalidateLock::lockForConversion);
        try {
            requireOpen();
            AttributeMap before = layout.attributes();
            if (before.isAll(start, end, shared)) {
                return ConversionResult.OK;
            }
            GuestLayout after = layout.with(before.with(start, end, shared));
            return converter.convert(new GuestConversion(before, after, start, end, shared));
        } finally {
            invalidateLock.unlockForConversion();
            lifetime.exit();
        }
    }

    /**
     * What a conversion will make of a huge page that is one folio, to look at before: the folios it becomes, and the
     * freezes in which it becomes them. Nothing is converted, and memory is not looked at. Each thread may ask.
     *
     * @param offsetBytes start of the range to be converted, a multiple of 4096
     * @param lengthBytes its length, a multiple of 4096, at least 4096
     * @param shared what the range is to become
     * @param pageIndex any page of the huge page
     * @return its freezes; none if it stays whole
     * @throws IllegalArgumentException if the range is no such range or reaches beyond the end, or the page does
     * @throws IllegalStateException if the memory is closed
     */
    public SplitStages planConversion(long offsetBytes, long lengthBytes, boolean shared, long pageIndex) {
        GuestRange.requireBytes(offsetBytes, lengthBytes, sizeBytes());
        requireUsable();
        GuestRange.requirePage(pageIndex, nrPages);
        long start = offsetBytes >>> Geometry.PAGE_SHIFT;
        long end = (offsetBytes + lengthBytes) >>> Geometry.PAGE_SHIFT;
        GuestLayout before = layout;
        GuestLayout after = before.with(before.attributes().with(start, end, shared));
        return SplitStages.of(after, Geometry.alignDown(pageIndex, hugeOrder()), hugeOrder());
    }

    /**
     * How long the last conversion that succeeded had folios frozen: together from before the first of them changed,
     * until one after the other had.
     *
     * @return nanoseconds; 0 if there was none
     */
    public long lastFreezeNanos() {
        requireUsable();
        return converter.lastFreezeNanos();
    }

    /**
     * How long it had pages frozen that it did not convert, but whose folios it split or merged: as long may a fault
     * beside the range have waited.
     *
     * @return nanoseconds; 0 if there were none
     */
    public long lastFreezeBesideNanos() {
        requireUsable();
        return converter.lastFreezeBesideNanos();
    }

    // ---- holes and the end

    /**
     * Punches a hole: afterwards the range reads as zero. Huge pages wholly inside are dropped, at both ends the part
     * inside is zeroed. Which pages are shared stays as it is.
     *
     * @param offsetBytes start of the hole, a multiple of 4096
     * @param lengthBytes its length, a multiple of 4096, at least 4096
     * @return how it ended: EAGAIN if somebody holds a folio of a huge page to be dropped of which a page is shared;
     *     then nothing has changed, but that the host has some of these pages no longer mapped
     * @throws IllegalArgumentException if the range is no such range or reaches beyond the end
     */
    public ConversionResult punchHole(long offsetBytes, long lengthBytes) {
        GuestRange.requireBytes(offsetBytes, lengthBytes, sizeBytes());
        lifetime.enterTaking(invalidateLock::lockExclusive);
        try {
            requireOpen();
            return truncation.punchHole(
                    offsetBytes >>> Geometry.PAGE_SHIFT, (offsetBytes + lengthBytes) >>> Geometry.PAGE_SHIFT);
        } finally {
            invalidateLock.unlockExclusive();
            lifetime.exit();
        }
    }

    /**
     * Drops all folios, waits for the readers that may still be in the index, and gives the memory back. Must not be
     * called from inside a read section. A folio that somebody holds lives on without an owner, and returns to the
     * allocator with its last reference, where it is merged again. Closing again does nothing.
     *
     * @throws IllegalStateException if regions of page tables still show the pages; then nothing has changed
     */
    @Override
    public void close() {
        invalidateLock.lockExclusive();
        try {
            // Before the engine is asked, which may be closed by then too.
            if (!closed) {
                end();
            }
        } finally {
            invalidateLock.unlockExclusive();
        }
    }

    private void end() {
        lifetime.enter();
        try {
            int nrRegions = mapping.mappers().closeUnlessMapped(address, () -> closed = true);
            if (nrRegions > 0) {
                throw new IllegalStateException("the guest memory still has regions: regions=" + nrRegions);
            }
            dropAll();
        } finally {
            lifetime.exit();
        }
    }

    private void dropAll() {
        try {
            truncation.dropAll();
        } finally {
            closeIndex();
            // Lookups that have not seen it closed are in their read sections.
            mapping.rcu().synchronize();
            mapping.owners().remove(this);
            mapping.objects().free(address);
        }
    }

    private void closeIndex() {
        index.lock();
        try {
            indexEnd.run();
        } finally {
            index.unlock();
        }
    }

    // ---- for the package

    GuestLayout layout() {
        return layout;
    }

    /** Publishes the layout that a conversion leads to, while its folios are frozen. */
    void layout(GuestLayout newLayout) {
        layout = newLayout;
    }

    GuestFolios folios() {
        return guestFolios;
    }

    InvalidateLock invalidateLock() {
        return invalidateLock;
    }

    /** Checks that neither this nor the engine is closed; for calls that touch no memory of the engine. */
    private void requireUsable() {
        lifetime.enter();
        lifetime.exit();
        requireOpen();
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the guest memory is closed");
        }
    }
}
