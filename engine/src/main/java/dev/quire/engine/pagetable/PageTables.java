/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.FolioOwner;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageTableStruct;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The page tables of one simulated process: four levels over virtual addresses of 48 bits, with leaves of 4 KiB, 2 MiB
 * and 1 GiB (mm_struct, and what mm/memory.c and mm/huge_memory.c do to its tables).
 *
 * <p>Addresses belong to {@link Region}s, which say whose pages they show. A folio is mapped where its pages belong;
 * each leaf holds a reference to its folio. There is no processor that walks the tables: {@link PageWalker} does,
 * without locks. Nothing is cached outside the tables, so nothing needs to be flushed.
 *
 * <p>Thread-safe. Changes block on two kinds of locks, one for the upper levels and one per lowest-level table; they
 * allocate nothing on the heap but for regions, for moves, and for waiting. Once the engine or these tables are closed,
 * calls that change or wait throw {@link IllegalStateException}.
 */
public final class PageTables implements AutoCloseable {
    /** First virtual address that does not exist: 2^48. */
    public static final long ADDRESS_END = TableTree.ADDRESS_END;

    private final PageTableContext context;
    private final Lifetime lifetime;
    private final TableTree tree;
    private final RangeWalk rangeWalk;
    private final LeafMapping leafMapping;
    private final LeafSplit leafSplit;
    private final UnmapRange unmapRange;
    private final RegionMap regions = new RegionMap();
    private final boolean ofAnonymousMemory;
    private volatile boolean closed;

    private PageTables(PageTableContext context, long root, boolean ofAnonymousMemory) {
        this.context = context;
        this.ofAnonymousMemory = ofAnonymousMemory;
        lifetime = context.lifetime;
        tree = new TableTree(context.arena, context.tablePages, context.lockOrder, root);
        leafSplit = new LeafSplit(context, tree);
        rangeWalk = new RangeWalk(tree, leafSplit);
        leafMapping = new LeafMapping(context, tree);
        unmapRange = new UnmapRange(context);
    }

    /**
     * Opens empty page tables. Waits for readers if memory is short, so not to be called from a read section.
     *
     * @param context the engine's parts
     * @return page tables that map nothing
     * @throws OutOfMemoryError if there is no page for the root, and nobody has one to give
     */
    public static PageTables open(PageTableContext context) {
        return open(context, false);
    }

    /** The same, for memory that cuts, moves and unites regions as its process says. */
    static PageTables openForAnonymousMemory(PageTableContext context) {
        return open(context, true);
    }

    private static PageTables open(PageTableContext context, boolean ofAnonymousMemory) {
        context.lifetime.enter();
        try {
            long root = context.tablePages.allocateUnderPressure(context.pressure);
            if (root == TablePages.NONE) {
                throw new OutOfMemoryError("no page for the root of page tables");
            }
            return new PageTables(context, root, ofAnonymousMemory);
        } finally {
            context.lifetime.exit();
        }
    }

    /**
     * Adds a region that shows pages of a file (mmap of a shared file).
     *
     * @param start first virtual address, a multiple of 4096
     * @param nrPages length in pages, at least 1
     * @param file owner of the pages
     * @param firstIndex offset in the file of the page at {@code start}, in pages
     * @return the region; until it, or these tables, are closed, closing the file is refused
     * @throws IllegalArgumentException if the addresses are out of range or part of another region, or the file is of
     *     another engine
     * @throws IllegalStateException if the file is closed
     */
    public Region addRegion(long start, long nrPages, FolioOwner file, long firstIndex) {
        return addRegion(start, nrPages, file.address(), file::isClosed, firstIndex, 0);
    }

    /**
     * Adds a region that shows pages of a file, which may perhaps only be read through it (mmap of a shared file,
     * without VM_MAYWRITE then): mapping one of them writable is refused if so.
     *
     * @param start first virtual address, a multiple of 4096
     * @param nrPages length in pages, at least 1
     * @param file owner of the pages
     * @param firstIndex offset in the file of the page at {@code start}, in pages
     * @param writable whether pages may be mapped writable
     * @return the region; until it, or these tables, are closed, closing the file is refused
     * @throws IllegalArgumentException if the addresses are out of range or part of another region, the file is of
     *     another engine, or these are the tables of {@link AnonymousMemory}, which alone says what may be written to
     * @throws IllegalStateException if the file is closed
     */
    public Region addFileRegion(long start, long nrPages, FolioOwner file, long firstIndex, boolean writable) {
        if (ofAnonymousMemory) {
            throw new IllegalArgumentException(
                    "the tables are those of anonymous memory: start=0x" + Long.toHexString(start));
        }
        int flags = writable ? 0 : RegionFlags.READ_ONLY;
        return addRegion(start, nrPages, file.address(), file::isClosed, firstIndex, flags);
    }

    /**
     * Adds a region of anonymous memory.
     *
     * @param start first virtual address, a multiple of 4096
     * @param nrPages length in pages, at least 1
     * @param owner owner of the pages
     * @param firstIndex index, in the owner's numbering, of the page at {@code start}
     * @return the region; until it, or these tables, are closed, closing the owner is refused
     * @throws IllegalArgumentException if the addresses are out of range or part of another region, or the owner is of
     *     another engine
     * @throws IllegalStateException if the owner is closed
     */
    public Region addRegion(long start, long nrPages, AnonVma owner, long firstIndex) {
        return addRegion(start, nrPages, owner, firstIndex, 0);
    }

    /** The same, with flags for the memory map. */
    Region addRegion(long start, long nrPages, AnonVma owner, long firstIndex, int flags) {
        return addRegion(start, nrPages, owner.mappingWord(), owner::isClosed, firstIndex, flags);
    }

    /**
     * One at a time with {@link #closeRegion}, and not beside {@link #close}: a walk over the owner meets no closed
     * tables.
     */
    private synchronized Region addRegion(
            long start, long nrPages, long ownerWord, BooleanSupplier ownerClosed, long firstIndex, int flags) {
        long end = AddressRange.requirePages(start, nrPages);
        if (firstIndex < 0 || firstIndex > Long.MAX_VALUE - nrPages) {
            throw new IllegalArgumentException("firstIndex out of range: firstIndex=" + firstIndex);
        }
        context.reverseMap.requireOwner(ownerWord);
        lifetime.enter();
        try {
            requireOpen();
            RegionList list = context.reverseMap.listOf(ownerWord);
            Region region = new Region(this, list, ownerWord, start, end, firstIndex, flags);
            // Before anything can be mapped in it: a walk over the owner's regions finds all mappings.
            list.add(region, ownerClosed);
            try {
                publishRegion(region);
            } catch (RuntimeException refused) {
                list.remove(region);
                throw refused;
            }
            return region;
        } finally {
            lifetime.exit();
        }
    }

    private void publishRegion(Region region) {
        tree.lock();
        try {
            regions.add(region);
        } finally {
            tree.unlock();
        }
    }

    /**
     * Puts regions in place of adjacent ones of the same owner; what is mapped stays mapped (__split_vma, vma_merge).
     */
    synchronized void replaceRegions(List<Region> before, List<Region> after) {
        requireOpen();
        before.getFirst().list().replace(before, after);
        tree.lock();
        try {
            regions.replace(before, after);
        } finally {
            tree.unlock();
        }
    }

    /** The lowest region that ends above an address. */
    @Nullable
    Region regionFrom(long address) {
        return regions.findFrom(address);
    }

    /** One at a time, and not beside {@link #close}, which would miss a region that is off the map but still mapped. */
    synchronized void closeRegion(Region region) {
        if (regions.find(region.start()) != region) {
            return;
        }
        lifetime.enter();
        try {
            tree.lock();
            try {
                // From here on nothing can be mapped in it any more.
                regions.remove(region);
            } finally {
                tree.unlock();
            }
            unmapAndFree(region.start(), region.end());
            region.list().remove(region);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Maps consecutive pages of a folio, each with an entry of its own (set_ptes). Anonymous pages that are mapped
     * writable are exclusive: no other process may map them.
     *
     * @param address virtual address of the first page, a multiple of 4096, in a region of the folio's owner and where
     *     the page belongs
     * @param folio head of a folio to which the caller holds a reference; if it is a file's, the caller has locked it
     * @param firstPage first page to map, relative to the folio
     * @param nrPages how many pages, at least 1
     * @param writable whether they may be written to
     * @return 0; EOVERFLOW if the folio is mapped too often ({@link FolioMapcounts#MAX_PAGE_MAPPINGS}); EEXIST if
     *     something is mapped there already, also in part, or migrating; ENOMEM if there is no memory for tables; then
     *     nothing has changed
     * @throws IllegalArgumentException if the handle is no head of a folio, the pages are not all in it, they do not
     *     belong to these addresses, or are to be writable in a region that is read-only, or of a file that has to know
     *     before, as its folio is not dirty
     */
    public int map(long address, long folio, long firstPage, long nrPages, boolean writable) {
        long end = AddressRange.requirePages(address, nrPages);
        context.arena.requirePage(folio);
        lifetime.enter();
        try {
            leafMapping.requirePages(folio, firstPage, nrPages);
            if (!FolioMapcounts.hasRoom(folio, 0, nrPages)) {
                return Errno.EOVERFLOW;
            }
            int result = mapPages(address, end, folio, firstPage, writable);
            if (result == Errno.EOVERFLOW) {
                // Refused with the tables made, beside others who map the folio.
                freeEmptyTables(address, end);
            }
            return result;
        } finally {
            lifetime.exit();
        }
    }

    private int mapPages(long address, long end, long folio, long firstPage, boolean writable) {
        tree.lock();
        boolean treeLocked = true;
        try {
            requireOpen();
            regions.requirePlace(address, end, folio, firstPage, writable);
            int result = leafMapping.growTables(address, end);
            if (result != Errno.OK) {
                return result;
            }
            if (TableTree.nextAt(TableTree.PMD_LEVEL, address) >= end) {
                long slot = tree.descend(address);
                tree.lockTable(slot);
                tree.unlock();
                treeLocked = false;
                return leafMapping.mapInTable(slot, address, end, folio, firstPage, writable);
            }
            return leafMapping.mapAcrossTables(address, end, folio, firstPage, writable);
        } finally {
            if (treeLocked) {
                tree.unlock();
            }
        }
    }

    /**
     * Maps a part of a folio, or all of it, with one large entry (set_pmd, set_pud). For anonymous memory the tables
     * that splitting the entry will take are set aside now: 1 for 2 MiB, 513 for 1 GiB.
     *
     * @param address virtual address, a multiple of the entry's size, in a region of the folio's owner and where the
     *     page belongs
     * @param folio head of a folio to which the caller holds a reference; if it is a file's, the caller has locked it
     * @param firstPage first page to map, relative to the folio, a multiple of the entry's pages
     * @param order log2 pages of the entry: 9 or 18
     * @param writable whether the memory may be written to
     * @return 0; EOVERFLOW if the folio is mapped too often ({@link FolioMapcounts#MAX_PAGE_MAPPINGS}); EEXIST if
     *     something is mapped there already, also in part, or migrating; ENOMEM if there is no memory for tables; then
     *     nothing has changed
     * @throws IllegalArgumentException if there is no entry of this order, the handle is no head of a folio, the pages
     *     are not all in it, they do not belong to these addresses, or are to be writable where {@link #map} refuses
     *     that
     */
    public int mapHuge(long address, long folio, long firstPage, int order, boolean writable) {
        if (order != Geometry.PMD_ORDER && order != Geometry.PUD_ORDER) {
            throw new IllegalArgumentException("no large entry of this order: order=" + order + ", allowed=9 and 18");
        }
        long nrPages = Geometry.pagesIn(order);
        long end = AddressRange.requirePages(address, nrPages);
        if (!Geometry.isAligned(address >>> Geometry.PAGE_SHIFT, order) || !Geometry.isAligned(firstPage, order)) {
            throw new IllegalArgumentException("not aligned to a large entry: address=0x" + Long.toHexString(address)
                    + ", firstPage=" + firstPage + ", order=" + order);
        }
        context.arena.requirePage(folio);
        lifetime.enter();
        try {
            leafMapping.requirePages(folio, firstPage, nrPages);
            if (!FolioMapcounts.hasRoom(folio, order, 1)) {
                return Errno.EOVERFLOW;
            }
            tree.lock();
            try {
                requireOpen();
                regions.requirePlace(address, end, folio, firstPage, writable);
                return leafMapping.mapLarge(address, folio, firstPage, order / TableTree.LEVEL_BITS, writable);
            } finally {
                tree.unlock();
            }
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Lets a page be written to through the leaf that maps it already, large or small (wp_page_reuse); the dirty and
     * accessed bits stay.
     *
     * @param address virtual address of the page, a multiple of 4096, in a region of the folio's owner and where the
     *     page belongs
     * @param folio head of a file's folio that the caller has locked, and to which it holds a reference
     * @param page the page, relative to the folio
     * @return whether a leaf maps the page there; if not, nothing has changed
     * @throws IllegalArgumentException if the handle is no head of a folio, or of an anonymous one, the page is not in
     *     it, does not belong to this address, or may not be mapped writable there
     */
    public boolean allowWriting(long address, long folio, long page) {
        long end = AddressRange.requirePages(address, 1);
        context.arena.requirePage(folio);
        lifetime.enter();
        try {
            leafMapping.requirePages(folio, page, 1);
            if (LeafSplit.isAnonymous(folio)) {
                throw new IllegalArgumentException("the folio is anonymous: folio=0x" + Long.toHexString(folio));
            }
            tree.lock();
            try {
                requireOpen();
                regions.requirePlace(address, end, folio, page, true);
                return leafMapping.allowWriting(address, folio, page);
            } finally {
                tree.unlock();
            }
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Unmaps whatever is mapped in a range and frees tables that are empty then (zap_page_range_single). A large entry
     * that the range covers in part is split before; one of a file is unmapped as a whole. When this returns, no walk
     * that begins finds the pages, and who pinned one before holds a reference that the caller can see.
     *
     * @param address first virtual address, a multiple of 4096
     * @param nrPages length in pages, at least 1
     * @throws IllegalArgumentException if the addresses are out of range
     */
    public void unmap(long address, long nrPages) {
        long end = AddressRange.requirePages(address, nrPages);
        lifetime.enter();
        try {
            requireOpen();
            unmapAndFree(address, end);
        } finally {
            lifetime.exit();
        }
    }

    private void unmapAndFree(long start, long end) {
        rangeWalk.run(start, end, unmapRange);
        freeEmptyTables(start, end);
    }

    private void freeEmptyTables(long start, long end) {
        tree.lock();
        try {
            tree.freeEmpty(start, end);
        } finally {
            tree.unlock();
        }
    }

    /**
     * Makes whatever is mapped in a range read-only (mprotect). A large entry that the range covers in part is split
     * before; one of a file is unmapped as a whole.
     *
     * @param address first virtual address, a multiple of 4096
     * @param nrPages length in pages, at least 1
     * @throws IllegalArgumentException if the addresses are out of range
     */
    public void writeProtect(long address, long nrPages) {
        long end = AddressRange.requirePages(address, nrPages);
        lifetime.enter();
        try {
            requireOpen();
            rangeWalk.run(address, end, ChangeProtection.READ_ONLY);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * If a migration entry is at an address, sleeps until its page is mapped again, or is gone (migration_entry_wait).
     * The caller then looks again. It holds no lock and is in no read section.
     *
     * @param address a virtual address
     * @return whether there was a migration entry
     * @throws IllegalArgumentException if the address is out of range
     */
    public boolean awaitMigration(long address) {
        AddressRange.requireAddress(address);
        lifetime.enter();
        try {
            requireOpen();
            return awaitMigrationAt(address);
        } finally {
            lifetime.exit();
        }
    }

    private boolean awaitMigrationAt(long address) {
        long slot = tree.lockEntry(address);
        if (slot == TableTree.NO_SLOT) {
            return false;
        }
        MigrationWaiters.Waiter waiter;
        try {
            long entry = PageTableStruct.entryAcquire(slot);
            if (!PageTableEntry.isMigration(entry)) {
                return false;
            }
            waiter = context.migrationWaiters.announce(PageTableEntry.pfn(entry));
        } finally {
            tree.unlockTable(slot);
        }
        context.migrationWaiters.await(waiter);
        return true;
    }

    /**
     * Makes a thread's lock-free way through these tables.
     *
     * @param reader reader of the thread that will use it
     * @return a walker for that thread
     * @throws IllegalArgumentException if the reader is of another engine
     */
    public PageWalker newWalker(RcuReader reader) {
        context.rcu.requireOwn(reader);
        return new PageWalker(context, this, tree, reader);
    }

    /**
     * Region that an address lies in. Wait-free.
     *
     * @param address a virtual address
     * @return the region, or null
     * @throws IllegalArgumentException if the address is out of range
     */
    public @Nullable Region regionAt(long address) {
        AddressRange.requireAddress(address);
        return regions.find(address);
    }

    /**
     * Pages used as tables, those set aside for splits included.
     *
     * @return number of pages; a hint while others change the tables
     */
    public long nrTables() {
        return tree.nrTables();
    }

    /**
     * Whether {@link #close} has been called.
     *
     * @return true from the moment it has closed the last region
     */
    public boolean isClosed() {
        return closed;
    }

    /** Whether nothing is mapped or migrating in a range; a hint as soon as this returns. */
    boolean isVacant(long start, long end) {
        tree.lock();
        try {
            return leafMapping.isVacant(start, end);
        } finally {
            tree.unlock();
        }
    }

    /**
     * Moves what is mapped in a range of a region to addresses at which the same pages belong, by a region that was
     * added later, see {@link MoveLeaves#move}.
     */
    int moveLeaves(long start, long end, long newStart) {
        return new MoveLeaves(context, tree, leafMapping, leafSplit).move(start, end, newStart);
    }

    /** For walks over all who map a folio; the regions walked keep the tables open. */
    void walk(long start, long end, RangeOperation operation) {
        rangeWalk.run(start, end, operation);
    }

    /**
     * Closes all regions, which unmaps everything, and frees the tables after a grace period. Again, it does nothing.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        lifetime.enter();
        try {
            tree.lock();
            try {
                // No region is added from here on, and no walk begins.
                closed = true;
            } finally {
                tree.unlock();
            }
            for (Region region : regions.all()) {
                closeRegion(region);
            }
            tree.freeRoot();
        } finally {
            lifetime.exit();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the page tables are closed");
        }
    }
}
