/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.memory.Geometry;

/**
 * A range of virtual addresses of one process that shows consecutive pages of one owner: a file, or anonymous memory
 * (vm_area_struct). Page {@code firstIndex + n} of the owner is at address {@code start + n * 4096}, once it is mapped.
 *
 * <p>Immutable; safe for use by many threads. Closing unmaps what is mapped in it.
 */
public final class Region implements AutoCloseable {
    private final PageTables tables;
    private final RegionList list;
    private final long ownerWord;
    private final long start;
    private final long end;
    private final long firstIndex;
    private final long key;
    private final int flags;

    Region(PageTables tables, RegionList list, long ownerWord, long start, long end, long firstIndex, int flags) {
        this.tables = tables;
        this.list = list;
        this.ownerWord = ownerWord;
        this.start = start;
        this.end = end;
        this.firstIndex = firstIndex;
        key = list.newKey();
        this.flags = flags;
    }

    /** {@return first virtual address} */
    public long start() {
        return start;
    }

    /** {@return virtual address after the last} */
    public long end() {
        return end;
    }

    /** {@return offset in the owner of the page at the first address, in pages} */
    public long firstIndex() {
        return firstIndex;
    }

    /** {@return length in pages} */
    public long nrPages() {
        return (end - start) >>> Geometry.PAGE_SHIFT;
    }

    /** {@return the page tables that the region is part of} */
    public PageTables tables() {
        return tables;
    }

    /** Index after that of the last page. */
    long endIndex() {
        return firstIndex + nrPages();
    }

    /** Number that no other region of the owner has: later ones have higher ones. */
    long key() {
        return key;
    }

    /**
     * What the memory map says about these addresses, see {@link RegionFlags}; page tables look at {@code READ_ONLY}
     * only.
     */
    int flags() {
        return flags;
    }

    /**
     * A region of the same owner whose pages lie at the same distance from its indexes: a part of this one, or more.
     */
    Region withRange(long newStart, long newEnd, int newFlags) {
        long newIndex = firstIndex + ((newStart - start) >> Geometry.PAGE_SHIFT);
        return new Region(tables, list, ownerWord, newStart, newEnd, newIndex, newFlags);
    }

    /** Whether the region above can become one with this one (can_vma_merge_after). */
    boolean continuesIn(Region upper) {
        return end == upper.start
                && flags == upper.flags
                && ownerWord == upper.ownerWord
                && indexAt(end) == upper.firstIndex;
    }

    RegionList list() {
        return list;
    }

    /** Mapping word of the folios that can be mapped here. */
    long ownerWord() {
        return ownerWord;
    }

    /** Index of the page that belongs at an address. */
    long indexAt(long address) {
        return firstIndex + ((address - start) >>> Geometry.PAGE_SHIFT);
    }

    /** Walks the tables at the addresses at which the region's pages from an index up to before another belong. */
    void walk(long firstIndex, long endIndex, RangeOperation operation) {
        tables.walk(addressFrom(firstIndex), addressFrom(endIndex), operation);
    }

    /** Address, within the region, from which on the pages from an index on belong. */
    private long addressFrom(long index) {
        return start + (Math.clamp(index - firstIndex, 0, nrPages()) << Geometry.PAGE_SHIFT);
    }

    /**
     * Unmaps the region's pages, frees the tables that are empty then, and forgets the region. Waits for splits that
     * walk the owner's regions. Closing again does nothing.
     *
     * @throws IllegalStateException if the engine is closed
     */
    @Override
    public void close() {
        tables.closeRegion(this);
    }
}
