/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import dev.quire.engine.buddy.HeadBits;
import dev.quire.engine.buddy.Zone;
import dev.quire.engine.folio.DeferredSplitQueue;
import dev.quire.engine.folio.DeferredSplitShrinker;
import dev.quire.engine.folio.FolioAccounting;
import dev.quire.engine.folio.FolioContext;
import dev.quire.engine.folio.FolioCounters;
import dev.quire.engine.folio.FolioMappers;
import dev.quire.engine.folio.FolioMerger;
import dev.quire.engine.folio.FolioOwners;
import dev.quire.engine.folio.FolioSplitter;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadBitsMap;
import dev.quire.engine.folio.HeadMap;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.folio.MemoryGroups;
import dev.quire.engine.folio.MemoryPressure;
import dev.quire.engine.folio.PageOwners;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitStatistics;
import dev.quire.engine.folio.StagedSplitter;
import dev.quire.engine.folio.SwapTable;
import dev.quire.engine.folio.TailWordsMap;
import dev.quire.engine.guest.GuestContext;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.GuestSplitPolicy;
import dev.quire.engine.guest.SecondaryMmu;
import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.MappingContext;
import dev.quire.engine.mapping.PageCache;
import dev.quire.engine.memory.ObjectSlab;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.pagetable.AnonVma;
import dev.quire.engine.pagetable.AnonymousMemory;
import dev.quire.engine.pagetable.LargeFolioOrders;
import dev.quire.engine.pagetable.PageTableContext;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaNodePool;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * One engine: an arena of page frames with everything that manages them. Engines share nothing; a JVM can have many.
 *
 * <p>Thread-safe. In checked mode, the default, no argument and no order of calls to the objects that an engine hands
 * out crashes the JVM: bad ones throw, and calls after {@link #close} throw {@link IllegalStateException}. Classes
 * below them that trust the addresses they are given say so; they are for who builds on the engine's parts.
 */
public final class Quire implements AutoCloseable {
    private static final Logger LOGGER = System.getLogger(Quire.class.getName());

    private final PageArena arena;
    private final Runnable arenaCloser;
    private final ObjectSlab objects;
    private final Rcu rcu;
    private final Lifetime lifetime;
    private final Zone zone;
    private final XaNodePool nodes;
    private final LockOrder lockOrder;
    private final Folios folios;
    private final FolioSplitter splitter;
    private final StagedSplitter stagedSplitter;
    private final FolioMerger merger;
    private final SplitStatistics statistics;
    private final FolioAccounting accounting;
    private final SwapTable swapTable;
    private final DeferredSplitShrinker shrinker;
    private final MappingContext mappings;
    private final PageCache pageCache;
    private final PageTableContext pageTables;
    private final GuestContext guests;
    private volatile boolean closed;

    Quire(QuireBuilder options) {
        // Before the arena is mapped, as a barrier mode can be refused.
        rcu = new Rcu(options.barrierMode);
        lifetime = new Lifetime(options.checked, options.barrierMode);
        arena = PageArena.open(options.nrPages(), options.nrNodes(), options.nrAddressSpaces, options.backing);
        arenaCloser = arena.handOver();
        if (options.hugeMetadata) {
            // Before anything is touched: the system grants huge pages at the first touch.
            arena.adviseHugeMetadata(true);
        }
        lockOrder = new LockOrder(options.lockOrderChecked);
        objects = new ObjectSlab(arena);
        @Nullable HeadBits headBits = options.headMap == HeadMapKind.HEAD_BITS ? new HeadBits(arena) : null;
        HeadMap headMap = headBits == null ? new TailWordsMap() : new HeadBitsMap(arena, headBits);
        zone = new Zone(arena, lockOrder, options.failures, lifetime, headBits);
        nodes = new XaNodePool(arena, rcu, options.failures, lifetime);
        FolioLock folioLock = new FolioLock(lockOrder);
        accounting = newAccounting(options.pageOwners);
        folios = new Folios(arena, zone, headMap, rcu, lifetime, folioLock, accounting);
        swapTable = new SwapTable(arena, folios, lockOrder, lifetime);
        FolioOwners owners = new FolioOwners(objects, options.nrAddressSpaces);
        statistics = new SplitStatistics(arena, lifetime);
        MemoryPressure pressure = new MemoryPressure(rcu);
        pageTables = new PageTableContext(
                arena, objects, zone, folios, headMap, folioLock, pressure, rcu, lifetime, lockOrder);
        FolioMappers mappers = pageTables.mappers();
        FolioContext context =
                new FolioContext(arena, folios, headMap, folioLock, owners, swapTable, accounting, mappers, lifetime);
        splitter = new FolioSplitter(context, statistics, options.splitObserver);
        stagedSplitter = new StagedSplitter(context, splitter);
        merger = new FolioMerger(context);
        shrinker = new DeferredSplitShrinker(context, splitter, options.maximumZeroPages);
        pressure.register(shrinker);
        mappings = new MappingContext(
                arena,
                objects,
                nodes,
                folios,
                splitter,
                mappers,
                owners,
                swapTable,
                accounting,
                pressure,
                rcu,
                lifetime,
                lockOrder);
        guests = new GuestContext(mappings, options.failures);
        pageCache = new PageCache(mappings, options.pageCacheOrder);
    }

    private FolioAccounting newAccounting(boolean pageOwners) {
        FolioCounters counters = new FolioCounters(arena, lifetime);
        DeferredSplitQueue deferredSplits = new DeferredSplitQueue(arena, lockOrder, lifetime, counters);
        return new FolioAccounting(
                new LruLists(arena, lockOrder, lifetime),
                deferredSplits,
                new MemoryGroups(arena, objects, deferredSplits, lifetime),
                counters,
                pageOwners ? new PageOwners(arena, lifetime) : null);
    }

    /**
     * Starts the description of an engine.
     *
     * @return a builder with all defaults
     */
    public static QuireBuilder builder() {
        return new QuireBuilder();
    }

    /**
     * Folios: allocation, references, locks.
     *
     * @return the folios of this engine
     */
    public Folios folios() {
        return folios;
    }

    /**
     * The splitter of folios.
     *
     * @return the splitter of this engine
     */
    public FolioSplitter splitter() {
        return splitter;
    }

    /**
     * The splitter that bounds how long readers wait.
     *
     * @return the staged splitter of this engine
     */
    public StagedSplitter stagedSplitter() {
        return stagedSplitter;
    }

    /**
     * The merger of folios.
     *
     * @return the merger of this engine
     */
    public FolioMerger merger() {
        return merger;
    }

    /**
     * Counters of splits.
     *
     * @return the counters of this engine
     */
    public SplitStatistics splitStatistics() {
        return statistics;
    }

    /**
     * What is kept about folios beside their page structs: LRU lists, deferred-split queue, memory groups, counters,
     * owners.
     *
     * @return the accounting of this engine
     */
    public FolioAccounting accounting() {
        return accounting;
    }

    /**
     * The swap cache.
     *
     * @return the table of this engine
     */
    public SwapTable swapTable() {
        return swapTable;
    }

    /**
     * What splits the folios on the deferred-split queue.
     *
     * @return the shrinker of this engine
     */
    public DeferredSplitShrinker shrinker() {
        return shrinker;
    }

    /**
     * The arena, for going from handles to page numbers and back.
     *
     * @return the arena of this engine; the engine closes it
     */
    public PageArena arena() {
        return arena;
    }

    /**
     * The pool of index nodes.
     *
     * @return the pool of this engine
     */
    public XaNodePool nodes() {
        return nodes;
    }

    /**
     * The allocator of blocks.
     *
     * @return the zone of this engine
     */
    public Zone zone() {
        return zone;
    }

    /**
     * Files read and written through memory.
     *
     * @return the page cache of this engine; what is opened through it is to be closed before the engine
     */
    public PageCache pageCache() {
        return pageCache;
    }

    /**
     * Opens an index of its own, of values and pointers that the engine does not follow. It counts as an address space.
     *
     * @param flags 0, {@link XArray#TRACK_FREE}, or {@code TRACK_FREE | ZERO_BUSY}
     * @return an empty array, to be closed before the engine
     * @throws IllegalArgumentException if the flags are none of these
     * @throws IllegalStateException if the engine has as many address spaces as it was made for
     */
    public XArray newArray(int flags) {
        return XArray.open(objects, nodes, lockOrder, flags);
    }

    /**
     * Opens an address space whose folios may have any order.
     *
     * @return an empty address space, to be closed before the engine
     * @throws IllegalStateException if the engine has as many as it was made for
     */
    public AddressSpace newAddressSpace() {
        return AddressSpace.open(mappings, 0, false);
    }

    /**
     * Opens an address space.
     *
     * @param minimumOrder no folio of the space may be smaller, log2 pages
     * @return an empty address space, to be closed before the engine
     * @throws IllegalArgumentException if the order is out of range
     * @throws IllegalStateException if the engine has as many as it was made for
     */
    public AddressSpace newAddressSpace(int minimumOrder) {
        return AddressSpace.open(mappings, minimumOrder, false);
    }

    /**
     * Opens an address space of shared memory: its folios are backed by swap, not by a file. What is in it, and where
     * it is swapped to, is the caller's business; {@link PageCache#newSharedMemory} makes shared memory to be read and
     * written.
     *
     * @return an empty address space, to be closed before the engine
     * @throws IllegalStateException if the engine has as many as it was made for
     */
    public AddressSpace newSharedMemory() {
        return AddressSpace.open(mappings, 0, true);
    }

    /**
     * Opens guest memory: of fixed size, not populated, and private. It counts as an address space.
     *
     * @param sizeBytes its size, a multiple of the huge page, up to 2^50
     * @param hugeOrder log2 pages of the huge page: 9 or 18
     * @param policy which folios private memory consists of
     * @return the memory, to be closed before the engine
     * @throws IllegalArgumentException if the size or the order is none of these
     * @throws IllegalStateException if the engine has as many address spaces as it was made for
     */
    public GuestMemory newGuestMemory(long sizeBytes, int hugeOrder, GuestSplitPolicy policy) {
        return GuestMemory.open(guests, sizeBytes, hugeOrder, policy, SecondaryMmu.NONE);
    }

    /**
     * Opens guest memory whose guest has page tables.
     *
     * @param sizeBytes its size, a multiple of the huge page, up to 2^50
     * @param hugeOrder log2 pages of the huge page: 9 or 18
     * @param policy which folios private memory consists of
     * @param secondaryMmu told what the guest must no longer have mapped
     * @return the memory, to be closed before the engine
     * @throws IllegalArgumentException if the size or the order is none of these
     * @throws IllegalStateException if the engine has as many address spaces as it was made for
     */
    public GuestMemory newGuestMemory(
            long sizeBytes, int hugeOrder, GuestSplitPolicy policy, SecondaryMmu secondaryMmu) {
        return GuestMemory.open(guests, sizeBytes, hugeOrder, policy, secondaryMmu);
    }

    /**
     * Opens the page tables of a simulated process. Must not be called from a read section.
     *
     * @return page tables that map nothing, to be closed before the engine
     * @throws OutOfMemoryError if there is no page for their root
     */
    public PageTables newPageTables() {
        return PageTables.open(pageTables);
    }

    /**
     * Opens an owner of anonymous memory. It counts as an address space.
     *
     * @return an owner of nothing, to be closed before the engine
     * @throws IllegalStateException if the engine has as many address spaces as it was made for
     */
    public AnonVma newAnonVma() {
        return AnonVma.open(pageTables);
    }

    /**
     * Opens the anonymous memory of a simulated process, with page tables of its own. It counts as an address space.
     * Must not be called from a read section.
     *
     * @param policy how partly mapped folios are split when memory is short; {@code UNIFORM} does as the kernel
     * @param orders which folios faults bring in
     * @return memory without any region, to be closed before the engine
     * @throws OutOfMemoryError if there is no page for the root of its tables
     * @throws IllegalStateException if the engine has as many address spaces as it was made for
     */
    public AnonymousMemory newAnonymousMemory(SplitPolicies policy, LargeFolioOrders orders) {
        return AnonymousMemory.open(pageTables, shrinker, splitter, policy, orders);
    }

    /**
     * The way from a folio to all its mappings.
     *
     * @return the mappers of this engine's folios
     */
    public FolioMappers mappers() {
        return pageTables.mappers();
    }

    /**
     * Registers a reader for one thread.
     *
     * @return the reader; close it when the thread is done
     */
    public RcuReader newReader() {
        return rcu.register();
    }

    /** Waits until everything freed before this call can be allocated again. Must not be called from a read section. */
    public void awaitReclaim() {
        lifetime.enter();
        try {
            rcu.barrier();
        } finally {
            lifetime.exit();
        }
    }

    /**
     * What is in use now: before close, what would leak. Waits for pending reclaim. Poisoned frames are in use by
     * nobody.
     *
     * @return numbers of pages, nodes, and address spaces with what counts as such
     */
    public Leaks leaks() {
        lifetime.enter();
        try {
            rcu.barrier();
            return new Leaks(
                    arena.nrPages() - zone.nrFreePages() - folios.nrPagesPoisoned(),
                    nodes.nrInUse(),
                    objects.nrInUse());
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Whether {@link #close} has been called.
     *
     * @return true from the moment it begins
     */
    public boolean isClosed() {
        return closed;
    }

    /**
     * Waits for readers and running calls, logs a warning if anything leaked, naming the files that lose what was
     * written to them, and gives the memory back. Must not be called from inside a read section. Closing again does
     * nothing.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        rcu.close();
        try {
            reportLeaks();
        } finally {
            // Whatever the embedder's logger throws: nobody could give the memory back later.
            lifetime.close();
            arenaCloser.run();
        }
    }

    private void reportLeaks() {
        Leaks leaks = leaks();
        if (!leaks.isEmpty()) {
            LOGGER.log(
                    Level.WARNING,
                    "engine closed with leaks: {0}; files not written back: {1}",
                    leaks,
                    pageCache.unwrittenFiles());
        }
    }
}
