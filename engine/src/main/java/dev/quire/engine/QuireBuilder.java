/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitObserver;
import dev.quire.engine.memory.AllocationFailures;
import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.BarrierMode;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Describes an engine and opens it. Setters check their argument at once and return this. Not thread-safe. */
public final class QuireBuilder {
    private static final long DEFAULT_CAPACITY_BYTES = 1L << 36;
    private static final int MAX_ADDRESS_SPACES = 1 << 20;
    private static final long UNSET = 0;

    HeadMapKind headMap = HeadMapKind.HEAD_BITS;
    Backing backing = Backing.AUTOMATIC;
    BarrierMode barrierMode = BarrierMode.AUTOMATIC;
    boolean checked = true;
    boolean lockOrderChecked;
    boolean pageOwners;
    long maximumZeroPages = Long.MAX_VALUE;
    boolean hugeMetadata = true;
    int nrAddressSpaces = 4096;
    int pageCacheOrder = Geometry.PMD_ORDER;
    AllocationFailures failures = new AllocationFailures();

    @Nullable
    SplitObserver splitObserver;

    private long capacityBytes = DEFAULT_CAPACITY_BYTES;
    private long nrNodes = UNSET;

    QuireBuilder() {}

    /**
     * Size of all page frames together; default 64 GiB. Only what is touched takes memory, so it may exceed the
     * machine's, unless the system counts all memory (vm.overcommit_memory=2) or limits the addresses of a process
     * (ulimit -v).
     *
     * @param capacityBytes a multiple of 4096, 4096 to 2^46 (64 TiB)
     * @return this
     * @throws IllegalArgumentException if it is not
     */
    public QuireBuilder capacityBytes(long capacityBytes) {
        if (capacityBytes < Geometry.PAGE_BYTES
                || capacityBytes % Geometry.PAGE_BYTES != 0
                || capacityBytes >>> Geometry.PAGE_SHIFT > PageArena.MAX_PAGES) {
            throw new IllegalArgumentException("capacityBytes out of range or no multiple of 4096: capacityBytes="
                    + capacityBytes + ", max=" + (PageArena.MAX_PAGES << Geometry.PAGE_SHIFT));
        }
        this.capacityBytes = capacityBytes;
        return this;
    }

    /**
     * Most index nodes that can exist at once; default one per 16 pages, at least 65,536.
     *
     * @param nrNodes 1 to {@link PageArena#MAX_NODES}
     * @return this
     * @throws IllegalArgumentException if it is out of range
     */
    public QuireBuilder nodes(long nrNodes) {
        if (nrNodes < 1 || nrNodes > PageArena.MAX_NODES) {
            throw new IllegalArgumentException(
                    "nrNodes out of range: nrNodes=" + nrNodes + ", min=1, max=" + PageArena.MAX_NODES);
        }
        this.nrNodes = nrNodes;
        return this;
    }

    /**
     * Most address spaces that can be open at once; default 4096.
     *
     * @param nrAddressSpaces 1 to 1,048,576
     * @return this
     * @throws IllegalArgumentException if it is out of range
     */
    public QuireBuilder addressSpaces(int nrAddressSpaces) {
        if (nrAddressSpaces < 1 || nrAddressSpaces > MAX_ADDRESS_SPACES) {
            throw new IllegalArgumentException(
                    "nrAddressSpaces out of range: nrAddressSpaces=" + nrAddressSpaces + ", max=" + MAX_ADDRESS_SPACES);
        }
        this.nrAddressSpaces = nrAddressSpaces;
        return this;
    }

    /**
     * Largest folio that the page cache makes when it reads ahead or writes; default 9, 2 MiB.
     *
     * @param pageCacheOrder log2 pages, 0 to 18
     * @return this
     * @throws IllegalArgumentException if it is out of range
     */
    public QuireBuilder pageCacheOrder(int pageCacheOrder) {
        this.pageCacheOrder = Geometry.requireOrder(pageCacheOrder);
        return this;
    }

    /**
     * How the head of a page is found; default {@link HeadMapKind#HEAD_BITS}.
     *
     * @param headMap the kind
     * @return this
     */
    public QuireBuilder headMap(HeadMapKind headMap) {
        this.headMap = Objects.requireNonNull(headMap, "headMap");
        return this;
    }

    /**
     * Where the memory comes from; default {@link Backing#AUTOMATIC}.
     *
     * @param backing the backing
     * @return this
     */
    public QuireBuilder backing(Backing backing) {
        this.backing = Objects.requireNonNull(backing, "backing");
        return this;
    }

    /**
     * Who pays for ordering readers; default {@link BarrierMode#AUTOMATIC}.
     *
     * @param barrierMode the mode
     * @return this
     */
    public QuireBuilder barrierMode(BarrierMode barrierMode) {
        this.barrierMode = Objects.requireNonNull(barrierMode, "barrierMode");
        return this;
    }

    /**
     * Whether the engine is in checked mode, see {@link dev.quire.engine.rcu.Lifetime#isChecked}; default true. Turn it
     * off for measurements only.
     *
     * @param checked false for unchecked mode
     * @return this
     */
    public QuireBuilder checked(boolean checked) {
        this.checked = checked;
        return this;
    }

    /**
     * Whether the order of locks is checked at run time; default false.
     *
     * @param lockOrderChecked true to check
     * @return this
     */
    public QuireBuilder lockOrderChecked(boolean lockOrderChecked) {
        this.lockOrderChecked = lockOrderChecked;
        return this;
    }

    /**
     * Whether the order of every page and the tag of every head are recorded; default false. Every split then writes a
     * word for every page.
     *
     * @param pageOwners true to record
     * @return this
     */
    public QuireBuilder pageOwners(boolean pageOwners) {
        this.pageOwners = pageOwners;
        return this;
    }

    /**
     * How many pages of a folio on the deferred-split queue may hold nothing but zeroes before it is split although all
     * of it may be in use (khugepaged's max_ptes_none); default: any number.
     *
     * @param maximumZeroPages 0 or more
     * @return this
     * @throws IllegalArgumentException if it is negative
     */
    public QuireBuilder maximumZeroPages(long maximumZeroPages) {
        if (maximumZeroPages < 0) {
            throw new IllegalArgumentException(
                    "maximumZeroPages out of range: maximumZeroPages=" + maximumZeroPages + ", min=0");
        }
        this.maximumZeroPages = maximumZeroPages;
        return this;
    }

    /**
     * Whether the system is asked to back metadata (page structs, head bits, index nodes) with pages of 2 MiB; default
     * true. A random lookup in a large index then misses the TLB less often, and first touches cost a quarter. In
     * return metadata takes memory 2 MiB at a time. {@link PageArena#hugeMetadataBytes} tells what the system granted.
     *
     * @param hugeMetadata false to leave it to the system
     * @return this
     */
    public QuireBuilder hugeMetadata(boolean hugeMetadata) {
        this.hugeMetadata = hugeMetadata;
        return this;
    }

    /**
     * Makes chosen allocations fail, for tests.
     *
     * @param failures asked before every allocation
     * @return this
     */
    public QuireBuilder allocationFailures(AllocationFailures failures) {
        this.failures = Objects.requireNonNull(failures, "failures");
        return this;
    }

    /**
     * Told of every split with its duration; default none.
     *
     * @param splitObserver the observer, or null for none
     * @return this
     */
    public QuireBuilder splitObserver(@Nullable SplitObserver splitObserver) {
        this.splitObserver = splitObserver;
        return this;
    }

    /**
     * Opens the engine.
     *
     * @return the engine; close it
     * @throws OutOfMemoryError if the system refuses the address space
     * @throws IllegalArgumentException if the system has no such {@link #backing} or {@link #barrierMode}
     * @throws java.io.UncheckedIOException if the file of {@link Backing#SPARSE_FILE} cannot be made
     */
    public Quire open() {
        return new Quire(this);
    }

    long nrPages() {
        return capacityBytes >>> Geometry.PAGE_SHIFT;
    }

    long nrNodes() {
        return nrNodes == UNSET ? Math.max(nrPages() / 16, 1 << 16) : nrNodes;
    }
}
