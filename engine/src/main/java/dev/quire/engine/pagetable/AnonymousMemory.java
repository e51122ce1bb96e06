/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.DeferredSplitShrinker;
import dev.quire.engine.folio.FolioSplitter;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.Lifetime;

/**
 * The anonymous memory of one process, changed by its system calls and filled by its faults (mm_struct, mm/mmap.c,
 * mm/madvise.c, mm/mprotect.c, mm/mremap.c).
 *
 * <p>Calls cut regions where they must and unite neighbours that have become alike. Pages come with the first fault, in
 * folios as large as {@link LargeFolioOrders} and the region allow. A folio of which a part is unmapped is queued; when
 * memory is short, that is, when the arena has no block left, queued folios are split and what is unmapped of them is
 * freed; then the page cache gives what was used longest ago.
 *
 * <p>As the system calls do, calls return errors: the caller, a program, may ask for anything. Addresses are always
 * given; nothing looks for a vacant range. There is no sharing after a fork, no zero page and no swap.
 *
 * <p>Thread-safe: faults run beside each other, everything else alone (mmap_lock). Calls block, and must not be made
 * from a read section. Faults allocate nothing on the heap but for waiting, and when memory is short. Once the engine
 * is closed every call throws {@link IllegalStateException}; memory that is closed has no region, and gets none.
 */
public final class AnonymousMemory implements FaultHandler, AutoCloseable {
    private final PageTableContext context;
    private final Lifetime lifetime;
    private final PageTables tables;
    private final AnonVma owner;
    private final AnonymousRegions regions;
    private final MappedPages mappedPages;
    private final AnonymousFault faults;

    private final MemoryMapLock mapLock;

    /** Guarded by the lock; 0 before there is a heap, which is empty while they are equal. */
    private long heapStart;

    private long heapEnd;

    private AnonymousMemory(
            PageTableContext context,
            PageTables tables,
            AnonVma owner,
            DeferredSplitShrinker shrinker,
            MappedPages mappedPages,
            LargeFolioOrders orders) {
        this.context = context;
        this.tables = tables;
        this.owner = owner;
        this.mappedPages = mappedPages;
        regions = new AnonymousRegions(tables, owner);
        lifetime = context.lifetime;
        mapLock = new MemoryMapLock(context.lockOrder, lifetime);
        faults = new AnonymousFault(context, shrinker, mappedPages, tables, owner, orders);
    }

    /**
     * Opens the memory of a process.
     *
     * @param context the engine's parts
     * @param shrinker finds folios to split when memory is short
     * @param splitter splits them
     * @param policy how: see the policies in the order of the pieces they leave; {@code UNIFORM} does as the kernel
     * @param orders which folios faults bring in
     * @return memory without any region
     * @throws OutOfMemoryError if there is no page for the root of its page tables
     * @throws IllegalStateException if the engine has as many address spaces and owners as it was made for
     */
    public static AnonymousMemory open(
            PageTableContext context,
            DeferredSplitShrinker shrinker,
            FolioSplitter splitter,
            SplitPolicies policy,
            LargeFolioOrders orders) {
        MappedPages mappedPages = new MappedPages(context, splitter, policy);
        AnonVma owner = AnonVma.open(context);
        try {
            return new AnonymousMemory(
                    context, PageTables.openForAnonymousMemory(context), owner, shrinker, mappedPages, orders);
        } catch (RuntimeException | OutOfMemoryError refused) {
            owner.close();
            throw refused;
        }
    }

    /**
     * Sets a range of addresses aside (mmap with MAP_FIXED and MAP_ANONYMOUS). What is there is unmapped before.
     *
     * @param address first virtual address
     * @param lengthBytes length; rounded up to whole pages
     * @param protection what the process may do there
     * @return 0; EINVAL if the address is not a multiple of 4096 or the length is 0; ENOMEM if the range ends beyond
     *     the addresses that exist
     */
    public int map(long address, long lengthBytes, Protection protection) {
        int refusal = check(address, lengthBytes);
        if (refusal != Errno.OK || lengthBytes == 0) {
            return refusal == Errno.OK ? Errno.EINVAL : refusal;
        }
        long end = endOf(address, lengthBytes);
        mapLock.lockExclusive();
        try {
            regions.clear(address, end);
            regions.add(address, end, pageOf(address), RegionFlags.of(protection));
            return Errno.OK;
        } finally {
            mapLock.unlockExclusive();
        }
    }

    /**
     * Gives a range of addresses up, with the pages in it (munmap). Holes in it do not matter.
     *
     * @param address first virtual address
     * @param lengthBytes length; rounded up to whole pages
     * @return 0; EINVAL if the address is not a multiple of 4096, the length is 0, or the range ends beyond the
     *     addresses that exist
     */
    public int unmap(long address, long lengthBytes) {
        if (check(address, lengthBytes) != Errno.OK || lengthBytes == 0) {
            return Errno.EINVAL;
        }
        mapLock.lockExclusive();
        try {
            regions.clear(address, endOf(address, lengthBytes));
            return Errno.OK;
        } finally {
            mapLock.unlockExclusive();
        }
    }

    /**
     * Changes what the process may do (mprotect). Pages that are there are kept; those of a range without any right
     * stay readable to a {@link PageWalker}, as nothing marks an entry as present but forbidden.
     *
     * @param address first virtual address
     * @param lengthBytes length; rounded up to whole pages
     * @param protection what the process may do from now on
     * @return 0; EINVAL if the address is not a multiple of 4096; ENOMEM if there is a hole in the range: then, unlike
     *     in the original, nothing has changed
     */
    public int protect(long address, long lengthBytes, Protection protection) {
        int refusal = check(address, lengthBytes);
        if (refusal != Errno.OK || lengthBytes == 0) {
            return refusal;
        }
        long end = endOf(address, lengthBytes);
        mapLock.lockExclusive();
        try {
            if (regions.hasHole(address, end)) {
                return Errno.ENOMEM;
            }
            boolean writable = protection == Protection.READ_WRITE;
            regions.changeFlags(address, end, flags -> RegionFlags.withProtection(flags, protection));
            tables.walk(address, end, writable ? ChangeProtection.WRITABLE : ChangeProtection.READ_ONLY);
            return Errno.OK;
        } finally {
            mapLock.unlockExclusive();
        }
    }

    /**
     * Follows advice about a range (madvise).
     *
     * @param address first virtual address
     * @param lengthBytes length; rounded up to whole pages
     * @param advice what the process says
     * @return 0; EINVAL if the address is not a multiple of 4096 or the range ends beyond the addresses that exist;
     *     ENOMEM if there is a hole in it, after the advice was followed for the rest. {@code POPULATE_WRITE} stops at
     *     what it cannot populate: ENOMEM if that is a hole, or there is no memory, EINVAL if the process may not write
     *     there; what comes before is populated then
     */
    public int advise(long address, long lengthBytes, Advice advice) {
        if (check(address, lengthBytes) != Errno.OK) {
            return Errno.EINVAL;
        }
        if (lengthBytes == 0) {
            return Errno.OK;
        }
        long end = endOf(address, lengthBytes);
        if (advice == Advice.POPULATE_WRITE) {
            return populate(address, end);
        }
        mapLock.lockExclusive();
        try {
            switch (advice) {
                case DONT_NEED, FREE -> tables.unmap(address, (end - address) >>> Geometry.PAGE_SHIFT);
                case HUGE_PAGE -> regions.changeFlags(address, end, flags -> RegionFlags.withHugePages(flags, true));
                case NO_HUGE_PAGE ->
                    regions.changeFlags(address, end, flags -> RegionFlags.withHugePages(flags, false));
                case POPULATE_WRITE -> throw new AssertionError("populating does not change the map");
            }
            return regions.hasHole(address, end) ? Errno.ENOMEM : Errno.OK;
        } finally {
            mapLock.unlockExclusive();
        }
    }

    private int populate(long start, long end) {
        for (long address = start; address < end; address += Geometry.PAGE_BYTES) {
            int result = bringIn(address, true);
            if (result != Errno.OK) {
                return switch (result) {
                    case Errno.EFAULT -> Errno.ENOMEM;
                    case Errno.EACCES -> Errno.EINVAL;
                    default -> result;
                };
            }
        }
        return Errno.OK;
    }

    /**
     * Moves the end of the heap (brk). The first call with an address that exists, above 0, says where the heap begins,
     * and maps nothing.
     *
     * @param address the wanted end
     * @return the end after the call: not the wanted one if that lies before the beginning or beyond the addresses that
     *     exist, or if something else is mapped in between; 0 if there is no heap yet
     */
    public long setBreak(long address) {
        mapLock.lockExclusive();
        try {
            if (address <= 0 || address > PageTables.ADDRESS_END) {
                return heapEnd;
            }
            if (heapStart == 0) {
                heapStart = address;
                heapEnd = address;
                return address;
            }
            if (address < heapStart || !moveHeapEnd(roundUp(address))) {
                return heapEnd;
            }
            heapEnd = address;
            return address;
        } finally {
            mapLock.unlockExclusive();
        }
    }

    private boolean moveHeapEnd(long end) {
        long oldEnd = roundUp(heapEnd);
        if (end < oldEnd) {
            regions.clear(end, oldEnd);
        } else if (end > oldEnd) {
            if (!regions.isVacant(oldEnd, end)) {
                return false;
            }
            regions.add(oldEnd, end, pageOf(oldEnd), RegionFlags.of(Protection.READ_WRITE));
        }
        return true;
    }

    /**
     * Makes a range of one region longer or shorter, or moves it with its pages (mremap with MREMAP_FIXED where the
     * address changes). What is at the new addresses is unmapped before. Pages that move are as writable, accessed and
     * dirty as they were, whatever a {@link PageWalker} does to them meanwhile.
     *
     * @param oldAddress first virtual address
     * @param oldLengthBytes length; rounded up to whole pages
     * @param newAddress first virtual address afterwards
     * @param newLengthBytes length afterwards; rounded up to whole pages
     * @return 0; EINVAL if an address is not a multiple of 4096, a length is 0, a range ends beyond the addresses that
     *     exist, or the range overlaps with where it goes; EFAULT if it is not part of one region; ENOMEM if it cannot
     *     grow where it is, or there is no memory for page tables: then it has not been moved, but what was at the new
     *     addresses is unmapped
     */
    public int remap(long oldAddress, long oldLengthBytes, long newAddress, long newLengthBytes) {
        if (check(oldAddress, oldLengthBytes) != Errno.OK
                || check(newAddress, newLengthBytes) != Errno.OK
                || oldLengthBytes == 0
                || newLengthBytes == 0) {
            return Errno.EINVAL;
        }
        long oldEnd = endOf(oldAddress, oldLengthBytes);
        long newEnd = endOf(newAddress, newLengthBytes);
        mapLock.lockExclusive();
        try {
            Region region = tables.regionAt(oldAddress);
            if (region == null || oldEnd > region.end()) {
                return Errno.EFAULT;
            }
            return oldAddress == newAddress
                    ? resize(region, oldEnd, newEnd)
                    : move(region, oldAddress, oldEnd, newAddress, newEnd);
        } finally {
            mapLock.unlockExclusive();
        }
    }

    private int resize(Region region, long oldEnd, long newEnd) {
        if (newEnd < oldEnd) {
            regions.clear(newEnd, oldEnd);
        } else if (newEnd > oldEnd) {
            if (oldEnd != region.end() || !regions.isVacant(oldEnd, newEnd)) {
                return Errno.ENOMEM;
            }
            regions.add(oldEnd, newEnd, region.indexAt(oldEnd), region.flags());
        }
        return Errno.OK;
    }

    private int move(Region region, long oldStart, long oldEnd, long newStart, long newEnd) {
        if (newStart < oldEnd && oldStart < newEnd) {
            return Errno.EINVAL;
        }
        int flags = region.flags();
        long firstIndex = region.indexAt(oldStart);
        regions.clear(newStart, newEnd);
        Region target = tables.addRegion(newStart, nrPages(newStart, newEnd), owner, firstIndex, flags);
        long nrBytes = Math.min(oldEnd - oldStart, newEnd - newStart);
        int result = Errno.ENOMEM;
        try {
            result = moveLeaves(oldStart, oldStart + nrBytes, newStart);
        } finally {
            // Also when the search for memory throws, as who is told of its splits may.
            if (result != Errno.OK) {
                target.close();
            }
        }
        if (result == Errno.OK) {
            regions.clear(oldStart, oldEnd);
            regions.unite(newStart, newEnd);
        }
        return result;
    }

    private int moveLeaves(long start, long end, long newStart) {
        int result = tables.moveLeaves(start, end, newStart);
        if (result == Errno.ENOMEM) {
            // What was freed before, at the new addresses too, counts as free.
            context.rcu.barrier();
            result = tables.moveLeaves(start, end, newStart);
        }
        boolean found = true;
        while (result == Errno.ENOMEM && found) {
            found = faults.findMemory();
            if (!found) {
                // Another thread may have got memory for itself meanwhile, and more than it took.
                context.rcu.barrier();
            }
            result = tables.moveLeaves(start, end, newStart);
        }
        return result;
    }

    /**
     * Brings in the page that belongs at an address (handle_mm_fault).
     *
     * @param address a virtual address
     * @param forWriting whether it is to be written to
     * @return 0 if something is there now; EFAULT if the process may not do that there; ENOMEM if there is no memory,
     *     though every partly mapped folio that can be split was, and every cached page taken that nobody uses
     */
    public int faultIn(long address, boolean forWriting) {
        if (address < 0 || address >= PageTables.ADDRESS_END) {
            return Errno.EFAULT;
        }
        int result = bringIn(address, forWriting);
        return result == Errno.EACCES ? Errno.EFAULT : result;
    }

    /** As {@link #faultIn}, of an address that exists; EACCES if there is a region that does not allow it. */
    private int bringIn(long address, boolean forWriting) {
        mapLock.lockShared();
        try {
            Region region = tables.regionAt(address);
            if (region == null) {
                return Errno.EFAULT;
            }
            if (!RegionFlags.allows(region.flags(), forWriting)) {
                return Errno.EACCES;
            }
            int result = faults.handle(region, address);
            if (result == Errno.EEXIST && forWriting) {
                long page = address & -Geometry.PAGE_BYTES;
                tables.walk(page, page + Geometry.PAGE_BYTES, ChangeProtection.WRITTEN);
            }
            return result == Errno.EEXIST ? Errno.OK : result;
        } finally {
            mapLock.unlockShared();
        }
    }

    @Override
    public boolean fault(PageTables faulting, long address, boolean forWriting) {
        return faultIn(address, forWriting) == Errno.OK;
    }

    /**
     * Splits some of the partly mapped folios of the engine, and waits until what is freed thereby is free.
     *
     * @return number of folios that were split; 0 if there is nothing left to be gained
     */
    public long shrink() {
        lifetime.enter();
        try {
            return faults.shrink();
        } finally {
            lifetime.exit();
        }
    }

    /**
     * The page tables, for walks.
     *
     * @return tables whose regions only this object changes
     */
    public PageTables tables() {
        return tables;
    }

    /**
     * Faults that have brought in a folio.
     *
     * @param order log2 pages of the folio, 0 to 9
     * @return how many
     */
    public long nrFaults(int order) {
        return faults.nrFaults(order);
    }

    /** {@return faults for which there was no memory} */
    public long nrFaultsRefused() {
        return faults.nrRefused();
    }

    /** {@return folios split because this memory had none left, or {@link #shrink} was called} */
    public long nrShrinkerSplits() {
        return mappedPages.nrFoliosSplit();
    }

    /** {@return pages that these splits freed} */
    public long nrPagesFreedByShrinker() {
        return mappedPages.nrPagesFreed();
    }

    /** {@return number of regions now} */
    public int nrRegions() {
        int nrRegions = 0;
        for (Region region = tables.regionFrom(0); region != null; region = tables.regionFrom(region.end())) {
            nrRegions++;
        }
        return nrRegions;
    }

    /** Unmaps everything. Again, it does nothing. */
    @Override
    public void close() {
        if (owner.isClosed()) {
            return;
        }
        mapLock.lockExclusive();
        try {
            tables.close();
            owner.close();
        } finally {
            mapLock.unlockExclusive();
        }
    }

    // ---- arguments

    /** EINVAL for what is no address of a page, ENOMEM for a range that ends beyond the addresses that exist. */
    private static int check(long address, long lengthBytes) {
        if (address < 0 || address % Geometry.PAGE_BYTES != 0 || lengthBytes < 0) {
            return Errno.EINVAL;
        }
        return address > PageTables.ADDRESS_END || lengthBytes > PageTables.ADDRESS_END - address
                ? Errno.ENOMEM
                : Errno.OK;
    }

    private static long endOf(long address, long lengthBytes) {
        return roundUp(address + lengthBytes);
    }

    private static long roundUp(long address) {
        return (address + Geometry.PAGE_BYTES - 1) & -Geometry.PAGE_BYTES;
    }

    private static long pageOf(long address) {
        return address >>> Geometry.PAGE_SHIFT;
    }

    private static long nrPages(long start, long end) {
        return (end - start) >>> Geometry.PAGE_SHIFT;
    }
}
