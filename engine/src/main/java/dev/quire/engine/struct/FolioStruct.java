/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static dev.quire.engine.struct.StructMap.line;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * struct folio: an overlay over the page structs of a folio's head and first three tails, 256 bytes. An order-0 folio
 * has page 0 only, an order-1 folio pages 0 and 1.
 *
 * <pre>
 *  0    page 0: struct page of the head
 *  64   flags_1 (bits 0-7 order, 8 has hwpoisoned, 9 large rmappable, 16 partially mapped, 17 queued) | compound info
 *  80   large_mapcount | nr_pages_mapped | entire_mapcount | pincount
 *  96   mm_id_mapcount[2] | mm_id[2] | mapcount, refcount of page 1 | nr_pages | -
 *  128  flags_2 | compound info | deferred_list | ... page 2
 *  192  flags_3 | compound info | four words for huge pages of a pool | ... page 3
 * </pre>
 *
 * The folio lock guards the fields of page 1 but the map counts, which move by atomics; the lock of the deferred-split
 * queue guards {@code deferred_list}.
 */
public final class FolioStruct {
    /** Bytes of the overlay. */
    public static final int BYTES = 4 * PageStruct.BYTES;

    static final long FLAGS_1 = 64;
    static final long LARGE_MAPCOUNT = 80;
    static final long NR_PAGES_MAPPED = 84;
    static final long ENTIRE_MAPCOUNT = 88;
    static final long PINCOUNT = 92;
    static final long MM_ID_MAPCOUNT = 96;
    static final long MM_ID = 104;
    static final long NR_PAGES = 120;
    static final long DEFERRED_LIST = 144;

    /** The layout, for checks and documentation. */
    public static final StructLayout LAYOUT = MemoryLayout.structLayout(
                    PageStruct.LAYOUT.withName("page_0"),
                    JAVA_LONG.withName("flags_1"),
                    JAVA_LONG.withName("head_1"),
                    JAVA_INT.withName("large_mapcount"),
                    JAVA_INT.withName("nr_pages_mapped"),
                    JAVA_INT.withName("entire_mapcount"),
                    JAVA_INT.withName("pincount"),
                    MemoryLayout.sequenceLayout(2, JAVA_INT).withName("mm_id_mapcount"),
                    MemoryLayout.sequenceLayout(2, JAVA_INT).withName("mm_id"),
                    JAVA_INT.withName("mapcount_1"),
                    JAVA_INT.withName("refcount_1"),
                    JAVA_INT.withName("nr_pages"),
                    MemoryLayout.paddingLayout(4),
                    JAVA_LONG.withName("flags_2"),
                    JAVA_LONG.withName("head_2"),
                    ListHead.LAYOUT.withName("deferred_list"),
                    MemoryLayout.paddingLayout(32),
                    JAVA_LONG.withName("flags_3"),
                    JAVA_LONG.withName("head_3"),
                    JAVA_LONG.withName("hugetlb_subpool"),
                    JAVA_LONG.withName("hugetlb_cgroup"),
                    JAVA_LONG.withName("hugetlb_cgroup_rsvd"),
                    JAVA_LONG.withName("hugetlb_hwpoison"),
                    MemoryLayout.paddingLayout(16))
            .withName("folio");

    static {
        StructMap.requireSize(LAYOUT, BYTES);
        StructMap.requireOffset(LAYOUT, "flags_1", FLAGS_1);
        StructMap.requireOffset(LAYOUT, "head_1", PageStruct.BYTES + PageStruct.COMPOUND_INFO);
        StructMap.requireOffset(LAYOUT, "large_mapcount", LARGE_MAPCOUNT);
        StructMap.requireOffset(LAYOUT, "nr_pages_mapped", NR_PAGES_MAPPED);
        StructMap.requireOffset(LAYOUT, "entire_mapcount", ENTIRE_MAPCOUNT);
        StructMap.requireOffset(LAYOUT, "pincount", PINCOUNT);
        StructMap.requireOffset(LAYOUT, "mm_id_mapcount", MM_ID_MAPCOUNT);
        StructMap.requireOffset(LAYOUT, "mm_id", MM_ID);
        StructMap.requireOffset(LAYOUT, "mapcount_1", PageStruct.BYTES + PageStruct.MAPCOUNT);
        StructMap.requireOffset(LAYOUT, "refcount_1", PageStruct.BYTES + PageStruct.REFCOUNT);
        StructMap.requireOffset(LAYOUT, "nr_pages", NR_PAGES);
        StructMap.requireOffset(LAYOUT, "head_2", 2 * PageStruct.BYTES + PageStruct.COMPOUND_INFO);
        StructMap.requireOffset(LAYOUT, "deferred_list", DEFERRED_LIST);
        StructMap.requireOffset(LAYOUT, "hugetlb_subpool", 208);
        StructMap.requireOffset(LAYOUT, "hugetlb_hwpoison", 232);
    }

    /** Bits of {@code flags_1} that hold the order. */
    public static final long ORDER_MASK = 0xff;

    private FolioStruct() {}

    /**
     * Order of a folio: 0 unless the head flag is set. Opaque loads: exact while the caller holds the folio lock or a
     * reference; else a hint to be checked again.
     */
    public static int order(long folio) {
        return PageFlag.HEAD.isSet(NativeMemory.getLongOpaque(line(folio) + PageStruct.FLAGS))
                ? (int) (NativeMemory.getLongOpaque(line(folio) + FLAGS_1) & ORDER_MASK)
                : 0;
    }

    /** Plain load of the flags of page 1. */
    public static long flags1(long folio) {
        return NativeMemory.getLong(line(folio) + FLAGS_1);
    }

    /** Opaque store of the flags of page 1, which hold the order; the folio is frozen or not yet reachable. */
    public static void flags1Opaque(long folio, long flags) {
        NativeMemory.setLongOpaque(line(folio) + FLAGS_1, flags);
    }

    /** Atomically sets flag bits of page 1, by the holder of a reference; returns the flags from before. */
    public static long getAndSetFlags1(long folio, long bits) {
        return NativeMemory.getAndBitwiseOrLong(line(folio) + FLAGS_1, bits);
    }

    /** Atomically clears flag bits of page 1, by the holder of a reference; returns the flags from before. */
    public static long getAndClearFlags1(long folio, long bits) {
        return NativeMemory.getAndBitwiseAndLong(line(folio) + FLAGS_1, ~bits);
    }

    /** Plain load of the number of pages of a large folio. */
    public static int nrPages(long folio) {
        return NativeMemory.getInt(line(folio) + NR_PAGES);
    }

    /** Plain store of the number of pages of a large folio; the same bytes are page 1's memory group word. */
    public static void nrPages(long folio, int nrPages) {
        NativeMemory.setLong(line(folio) + NR_PAGES, nrPages);
    }

    /** Plain load of the number of mappings of a large folio or its pages, -1 is none. */
    public static int largeMapcount(long folio) {
        return NativeMemory.getInt(line(folio) + LARGE_MAPCOUNT);
    }

    /** Opaque load of the number of leaf entries that map a large folio or parts of it, -1 is none. */
    public static int largeMapcountOpaque(long folio) {
        return NativeMemory.getIntOpaque(line(folio) + LARGE_MAPCOUNT);
    }

    /** Atomic addition to the number of leaf entries; returns the count from before. */
    public static int getAndAddLargeMapcount(long folio, int delta) {
        return NativeMemory.getAndAddInt(line(folio) + LARGE_MAPCOUNT, delta);
    }

    /** Opaque load of the number of pages that entries smaller than the folio map, each counted per entry. */
    public static int nrPagesMappedOpaque(long folio) {
        return NativeMemory.getIntOpaque(line(folio) + NR_PAGES_MAPPED);
    }

    /** Atomic addition to the number of pages mapped by smaller entries; returns the number from before. */
    public static int getAndAddNrPagesMapped(long folio, int delta) {
        return NativeMemory.getAndAddInt(line(folio) + NR_PAGES_MAPPED, delta);
    }

    /** Opaque load of the number of entries that each map the whole folio, -1 is none. */
    public static int entireMapcountOpaque(long folio) {
        return NativeMemory.getIntOpaque(line(folio) + ENTIRE_MAPCOUNT);
    }

    /** Acquire load of the number of entries that each map the whole folio, -1 is none. */
    public static int entireMapcountAcquire(long folio) {
        return NativeMemory.getIntAcquire(line(folio) + ENTIRE_MAPCOUNT);
    }

    /** Atomic addition to the number of entries that each map the whole folio; returns the count from before. */
    public static int getAndAddEntireMapcount(long folio, int delta) {
        return NativeMemory.getAndAddInt(line(folio) + ENTIRE_MAPCOUNT, delta);
    }

    /** Plain store of the map counts of a large folio that nothing maps. */
    public static void clearMapcounts(long folio) {
        NativeMemory.setInt(line(folio) + LARGE_MAPCOUNT, PageStruct.MAPCOUNT_NONE);
        NativeMemory.setInt(line(folio) + NR_PAGES_MAPPED, 0);
        NativeMemory.setInt(line(folio) + ENTIRE_MAPCOUNT, PageStruct.MAPCOUNT_NONE);
        NativeMemory.setInt(line(folio) + PINCOUNT, 0);
        NativeMemory.setInt(line(folio) + MM_ID_MAPCOUNT, PageStruct.MAPCOUNT_NONE);
        NativeMemory.setInt(line(folio) + MM_ID_MAPCOUNT + Integer.BYTES, PageStruct.MAPCOUNT_NONE);
        NativeMemory.setLong(line(folio) + MM_ID, 0);
        NativeMemory.setInt(line(folio) + PageStruct.BYTES + PageStruct.MAPCOUNT, PageStruct.MAPCOUNT_NONE);
    }

    /** Plain load of the pin count of a large folio. */
    public static int pincount(long folio) {
        return NativeMemory.getInt(line(folio) + PINCOUNT);
    }

    /** Address of the link on the deferred-split queue; folios of order 2 and more only. */
    public static long deferredList(long folio) {
        return folio + DEFERRED_LIST;
    }

    /** Folio whose link on the deferred-split queue this is. */
    public static long folioOfDeferredList(long link) {
        return link - DEFERRED_LIST;
    }
}
