/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;

/**
 * What kinds of folios there are, in the arena's page of counters (the kernel's mthp and vmstat counters of large
 * folios).
 *
 * <pre>
 *  1024                     1176             1184              1192            1200      1208      1216
 *  | anonymous by order[19] | file THP pages | shmem THP pages | partly mapped | dropped | cleaned | deferred splits |
 * </pre>
 *
 * Thread-safe; each change is one atomic addition, made only once what it counts can no longer fail.
 */
public final class FolioCounters {
    private static final long ANONYMOUS = 1024;
    private static final long FILE_THP_PAGES = ANONYMOUS + (long) Geometry.NR_ORDERS * Long.BYTES;
    private static final long SHARED_MEMORY_THP_PAGES = FILE_THP_PAGES + Long.BYTES;
    private static final long PARTIALLY_MAPPED = SHARED_MEMORY_THP_PAGES + Long.BYTES;
    private static final long DROPPED_PAGES = PARTIALLY_MAPPED + Long.BYTES;
    private static final long CLEANED_PAGES = DROPPED_PAGES + Long.BYTES;
    private static final long DEFERRED_SPLITS = CLEANED_PAGES + Long.BYTES;

    private final Lifetime lifetime;
    private final long base;

    /**
     * Makes the counters of an arena.
     *
     * @param arena the arena
     * @param lifetime guard against close
     */
    public FolioCounters(PageArena arena, Lifetime lifetime) {
        this.lifetime = lifetime;
        base = arena.countersBase();
    }

    /**
     * Anonymous folios of an order.
     *
     * @param order log2 pages, 0 to 18
     * @return number of folios
     * @throws IllegalArgumentException if the order is out of range
     */
    public long nrAnonymous(int order) {
        return read(ANONYMOUS + (long) Geometry.requireOrder(order) * Long.BYTES);
    }

    /**
     * Pages of files in folios of at least 2 MiB.
     *
     * @return number of pages
     */
    public long fileThpPages() {
        return read(FILE_THP_PAGES);
    }

    /**
     * Pages of shared memory in folios of at least 2 MiB.
     *
     * @return number of pages
     */
    public long sharedMemoryThpPages() {
        return read(SHARED_MEMORY_THP_PAGES);
    }

    /**
     * Large folios of which some pages are known to be unmapped.
     *
     * @return number of folios
     */
    public long nrPartiallyMapped() {
        return read(PARTIALLY_MAPPED);
    }

    /**
     * Large folios that were found to be partially mapped, ever: each time one became so (thp_deferred_split_page).
     *
     * @return number of times
     */
    public long nrDeferredSplits() {
        return read(DEFERRED_SPLITS);
    }

    /**
     * Pages beyond the end that splits have dropped from shared memory, ever.
     *
     * @return number of pages
     */
    public long sharedMemoryPagesDropped() {
        return read(DROPPED_PAGES);
    }

    /**
     * Dirty pages beyond the end that splits have dropped from files without writing them, ever.
     *
     * @return number of pages
     */
    public long filePagesCleaned() {
        return read(CLEANED_PAGES);
    }

    void addAnonymous(int order, long nrFolios) {
        NativeMemory.getAndAddLong(base + ANONYMOUS + (long) order * Long.BYTES, nrFolios);
    }

    /**
     * Counts pages in huge page-cache folios: for the engine's owners of such folios.
     *
     * @param swapBacked whether they are of shared memory, not of a file
     * @param nrPages pages more, or less if negative
     */
    public void addThpPages(boolean swapBacked, long nrPages) {
        lifetime.enter();
        try {
            countThpPages(swapBacked, nrPages);
        } finally {
            lifetime.exit();
        }
    }

    /** As {@link #addThpPages}, from inside a call. */
    void countThpPages(boolean swapBacked, long nrPages) {
        NativeMemory.getAndAddLong(base + (swapBacked ? SHARED_MEMORY_THP_PAGES : FILE_THP_PAGES), nrPages);
    }

    void addPartiallyMapped(long nrFolios) {
        NativeMemory.getAndAddLong(base + PARTIALLY_MAPPED, nrFolios);
        if (nrFolios > 0) {
            NativeMemory.getAndAddLong(base + DEFERRED_SPLITS, nrFolios);
        }
    }

    void addSharedMemoryDropped(long nrPages) {
        NativeMemory.getAndAddLong(base + DROPPED_PAGES, nrPages);
    }

    void addFileCleaned(long nrPages) {
        NativeMemory.getAndAddLong(base + CLEANED_PAGES, nrPages);
    }

    private long read(long offsetBytes) {
        lifetime.enter();
        try {
            // Opaque: a count that moves; whoever needs it exact excludes changes.
            return NativeMemory.getLongOpaque(base + offsetBytes);
        } finally {
            lifetime.exit();
        }
    }
}
