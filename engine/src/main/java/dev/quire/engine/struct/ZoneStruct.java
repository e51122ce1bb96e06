/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * struct zone: the state of an arena's buddy allocator, 576 bytes, 9 cache lines.
 *
 * <pre>
 *  0      4        64             72             80                              536  576
 *  | lock | -      | nr_free      | untouched    | free_area                     | -  |
 *  |      |        | _pages       | _pfn         | 19 x (list 16 B, nr_free 8 B) |    |
 * </pre>
 *
 * The lock guards everything; it has a cache line of its own, so that waiters do not slow down the holder. Counters are
 * stored opaque, so that anyone may read them as hints.
 */
public final class ZoneStruct {
    /** Bytes of a zone. */
    public static final int BYTES = 576;

    /** Bytes of a free area: the list of the free blocks of one order and their number. */
    public static final int FREE_AREA_BYTES = 24;

    static final long LOCK = 0;
    static final long NR_FREE_PAGES = 64;
    static final long UNTOUCHED_PFN = 72;
    static final long FREE_AREA = 80;
    static final long FREE_AREA_LIST = 0;
    static final long FREE_AREA_NR_FREE = 16;

    /** The layout of a free area, for checks and documentation. */
    public static final StructLayout FREE_AREA_LAYOUT = MemoryLayout.structLayout(
                    ListHead.LAYOUT.withName("list"), JAVA_LONG.withName("nr_free"))
            .withName("free_area");

    /** The layout, for checks and documentation. */
    public static final StructLayout LAYOUT = MemoryLayout.structLayout(
                    JAVA_INT.withName("lock"),
                    MemoryLayout.paddingLayout(60),
                    JAVA_LONG.withName("nr_free_pages"),
                    JAVA_LONG.withName("untouched_pfn"),
                    MemoryLayout.sequenceLayout(Geometry.NR_ORDERS, FREE_AREA_LAYOUT)
                            .withName("free_area"),
                    MemoryLayout.paddingLayout(40))
            .withName("zone");

    static {
        StructMap.requireSize(FREE_AREA_LAYOUT, FREE_AREA_BYTES);
        StructMap.requireOffset(FREE_AREA_LAYOUT, "list", FREE_AREA_LIST);
        StructMap.requireOffset(FREE_AREA_LAYOUT, "nr_free", FREE_AREA_NR_FREE);
        StructMap.requireSize(LAYOUT, BYTES);
        StructMap.requireOffset(LAYOUT, "lock", LOCK);
        StructMap.requireOffset(LAYOUT, "nr_free_pages", NR_FREE_PAGES);
        StructMap.requireOffset(LAYOUT, "untouched_pfn", UNTOUCHED_PFN);
        StructMap.requireOffset(LAYOUT, "free_area", FREE_AREA);
    }

    private ZoneStruct() {}

    /** Address of the lock word. */
    public static long lock(long zone) {
        return zone + LOCK;
    }

    /** Opaque load of the number of free pages, listed and untouched ones. */
    public static long nrFreePagesOpaque(long zone) {
        return NativeMemory.getLongOpaque(zone + NR_FREE_PAGES);
    }

    /** Opaque store of the number of free pages, under the lock. */
    public static void nrFreePagesOpaque(long zone, long nrPages) {
        NativeMemory.setLongOpaque(zone + NR_FREE_PAGES, nrPages);
    }

    /** Opaque load of the first page number that never was in a free area; it and all above it are free. */
    public static long untouchedPfnOpaque(long zone) {
        return NativeMemory.getLongOpaque(zone + UNTOUCHED_PFN);
    }

    /** Opaque store of the first page number that never was in a free area, under the lock. */
    public static void untouchedPfnOpaque(long zone, long pfn) {
        NativeMemory.setLongOpaque(zone + UNTOUCHED_PFN, pfn);
    }

    /** Address of the list of free blocks of an order. */
    public static long freeList(long zone, int order) {
        return freeArea(zone, order) + FREE_AREA_LIST;
    }

    /** Opaque load of the number of listed free blocks of an order. */
    public static long nrFreeOpaque(long zone, int order) {
        return NativeMemory.getLongOpaque(freeArea(zone, order) + FREE_AREA_NR_FREE);
    }

    /** Opaque store of the number of listed free blocks of an order, under the lock. */
    public static void nrFreeOpaque(long zone, int order, long nrBlocks) {
        NativeMemory.setLongOpaque(freeArea(zone, order) + FREE_AREA_NR_FREE, nrBlocks);
    }

    private static long freeArea(long zone, int order) {
        return zone + FREE_AREA + (long) order * FREE_AREA_BYTES;
    }
}
