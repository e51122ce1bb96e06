/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.PageArena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * struct address_space: what the mapping word of a page-cache folio points to, 128 bytes.
 *
 * <pre>
 *  0         16              20            24         32           40              48          56           64
 *     68  128
 *  | i_pages | minimum order | swap backed | nr_pages | size bytes | fallocate end | nr charged | nr swapped | tracks
 *     writes | - |
 * </pre>
 *
 * The index lock (in {@code i_pages}) guards {@code nr_pages} and {@code nr swapped}; {@code size bytes} and
 * {@code fallocate end} are changed by one resizer at a time and loaded with acquire; {@code nr charged} is changed by
 * atomics. The others never change.
 */
public final class AddressSpaceStruct {
    /** Bytes of the struct. */
    public static final int BYTES = PageArena.OBJECT_BYTES;

    /** Low bits of a folio's mapping word: none is an address space, this one an anonymous owner. */
    public static final long ANONYMOUS_TAG = 1;

    static final long I_PAGES = 0;
    static final long MINIMUM_ORDER = 16;
    static final long SWAP_BACKED = 20;
    static final long NR_PAGES = 24;
    static final long SIZE_BYTES = 32;
    static final long FALLOCATE_END = 40;
    static final long NR_CHARGED = 48;
    static final long NR_SWAPPED = 56;
    static final long TRACKS_WRITES = 64;

    /** The layout, for checks and documentation. */
    public static final StructLayout LAYOUT = MemoryLayout.structLayout(
                    XArrayStruct.LAYOUT.withName("i_pages"),
                    JAVA_INT.withName("minimum_order"),
                    JAVA_INT.withName("swap_backed"),
                    JAVA_LONG.withName("nr_pages"),
                    JAVA_LONG.withName("size_bytes"),
                    JAVA_LONG.withName("fallocate_end"),
                    JAVA_LONG.withName("nr_charged"),
                    JAVA_LONG.withName("nr_swapped"),
                    JAVA_INT.withName("tracks_writes"),
                    MemoryLayout.paddingLayout(60))
            .withName("address_space");

    static {
        StructMap.requireSize(LAYOUT, BYTES);
        StructMap.requireOffset(LAYOUT, "minimum_order", MINIMUM_ORDER);
        StructMap.requireOffset(LAYOUT, "swap_backed", SWAP_BACKED);
        StructMap.requireOffset(LAYOUT, "nr_pages", NR_PAGES);
        StructMap.requireOffset(LAYOUT, "size_bytes", SIZE_BYTES);
        StructMap.requireOffset(LAYOUT, "fallocate_end", FALLOCATE_END);
        StructMap.requireOffset(LAYOUT, "nr_charged", NR_CHARGED);
        StructMap.requireOffset(LAYOUT, "nr_swapped", NR_SWAPPED);
        StructMap.requireOffset(LAYOUT, "tracks_writes", TRACKS_WRITES);
    }

    private AddressSpaceStruct() {}

    /** Anchor of the index of folios. */
    public static long pages(long space) {
        return space + I_PAGES;
    }

    /** Plain load of the smallest order a folio of this space may have. */
    public static int minimumOrder(long space) {
        return NativeMemory.getInt(space + MINIMUM_ORDER);
    }

    /** Plain store of the smallest order, before the space is used. */
    public static void minimumOrder(long space, int order) {
        NativeMemory.setInt(space + MINIMUM_ORDER, order);
    }

    /** Opaque load of the number of pages the space holds. */
    public static long nrPagesOpaque(long space) {
        return NativeMemory.getLongOpaque(space + NR_PAGES);
    }

    /** Adds to the number of pages, under the index lock; readers load it opaque. */
    public static void addNrPages(long space, long nrPages) {
        NativeMemory.setLongOpaque(space + NR_PAGES, NativeMemory.getLong(space + NR_PAGES) + nrPages);
    }

    /** Acquire load of the size in bytes; pairs with {@link #sizeBytesRelease}. */
    public static long sizeBytesAcquire(long space) {
        return NativeMemory.getLongAcquire(space + SIZE_BYTES);
    }

    /** Release store of the size in bytes, by the one that resizes. */
    public static void sizeBytesRelease(long space, long sizeBytes) {
        NativeMemory.setLongRelease(space + SIZE_BYTES, sizeBytes);
    }

    /** Plain load of whether the folios are backed by swap: shared memory, not a file. */
    public static boolean isSwapBacked(long space) {
        return NativeMemory.getInt(space + SWAP_BACKED) != 0;
    }

    /** Plain store of whether the folios are backed by swap, before the space is used. */
    public static void swapBacked(long space, boolean swapBacked) {
        NativeMemory.setInt(space + SWAP_BACKED, swapBacked ? 1 : 0);
    }

    /**
     * Plain load of whether a folio is dirty before a leaf lets anybody write to it, so that the dirty bit of a leaf is
     * no news to its owner.
     */
    public static boolean tracksWrites(long space) {
        return NativeMemory.getInt(space + TRACKS_WRITES) != 0;
    }

    /** Plain store of whether the owner is told of writes before they are let through, before the space is used. */
    public static void tracksWrites(long space, boolean tracksWrites) {
        NativeMemory.setInt(space + TRACKS_WRITES, tracksWrites ? 1 : 0);
    }

    /**
     * Acquire load of the first index beyond what was allocated on purpose; pairs with {@link #fallocateEndRelease}.
     */
    public static long fallocateEndAcquire(long space) {
        return NativeMemory.getLongAcquire(space + FALLOCATE_END);
    }

    /** Release store of the first index beyond what was allocated on purpose, by the one that resizes. */
    public static void fallocateEndRelease(long space, long index) {
        NativeMemory.setLongRelease(space + FALLOCATE_END, index);
    }

    /** Opaque load of the number of pages charged to shared memory: in memory and swapped. */
    public static long nrChargedOpaque(long space) {
        return NativeMemory.getLongOpaque(space + NR_CHARGED);
    }

    /** Atomically adds to the number of pages charged. */
    public static void addNrCharged(long space, long nrPages) {
        NativeMemory.getAndAddLong(space + NR_CHARGED, nrPages);
    }

    /** Opaque load of the number of pages whose index entries are swap values. */
    public static long nrSwappedOpaque(long space) {
        return NativeMemory.getLongOpaque(space + NR_SWAPPED);
    }

    /** Adds to the number of swapped pages, under the index lock; readers load it opaque. */
    public static void addNrSwapped(long space, long nrPages) {
        NativeMemory.setLongOpaque(space + NR_SWAPPED, NativeMemory.getLong(space + NR_SWAPPED) + nrPages);
    }
}
