/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static dev.quire.engine.struct.StructMap.line;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.PageArena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * struct page: 64 bytes per 4 KiB frame, one cache line, an array indexed by pfn.
 *
 * <pre>
 *  0        8         16         24         32       40         48          52          56        64
 *  | flags  | list    | list     | mapping  | index  | private  | mapcount  | refcount  | memcg   |
 *  |        | .next   | .prev    |          |        |          | or type   |           | data    |
 *           | or compound info (tails: bit 0 set)
 * </pre>
 *
 * Who guards what: {@code flags} is changed by atomic read-modify-write only (bit 0 is the folio lock); {@code list} by
 * the lock of the list it is on; {@code mapping}, {@code index} and {@code private} by the folio lock; {@code refcount}
 * by atomics alone. A refcount of 0 means free, tail, or frozen: nobody may take a reference.
 */
public final class PageStruct {
    /** Bytes of a page struct. */
    public static final int BYTES = PageArena.PAGE_STRUCT_BYTES;

    static final long FLAGS = 0;
    static final long LIST = 8;
    static final long COMPOUND_INFO = 8;
    static final long MLOCK_COUNT = 16;
    static final long MAPPING = 24;
    static final long INDEX = 32;
    static final long PRIVATE = 40;
    static final long MAPCOUNT = 48;
    static final long REFCOUNT = 52;
    static final long MEMCG_DATA = 56;

    /** The layout, for checks and documentation. */
    public static final StructLayout LAYOUT = MemoryLayout.structLayout(
                    JAVA_LONG.withName("flags"),
                    ListHead.LAYOUT.withName("list"),
                    JAVA_LONG.withName("mapping"),
                    JAVA_LONG.withName("index"),
                    JAVA_LONG.withName("private"),
                    JAVA_INT.withName("mapcount"),
                    JAVA_INT.withName("refcount"),
                    JAVA_LONG.withName("memcg_data"))
            .withName("page");

    /** Value of {@code mapcount} when nothing maps the page. */
    public static final int MAPCOUNT_NONE = -1;

    /** Value of the {@code mapcount} word of the first page of a free block: the page type "buddy". */
    public static final int TYPE_BUDDY = 0xf0 << 24;

    /** Value of the {@code mapcount} word of a page that is a page table: the page type "table". */
    public static final int TYPE_TABLE = 0xf2 << 24;

    static {
        StructMap.requireSize(LAYOUT, BYTES);
        StructMap.requireOffset(LAYOUT, "list", LIST);
        StructMap.requireOffset(LAYOUT, "mapping", MAPPING);
        StructMap.requireOffset(LAYOUT, "index", INDEX);
        StructMap.requireOffset(LAYOUT, "private", PRIVATE);
        StructMap.requireOffset(LAYOUT, "mapcount", MAPCOUNT);
        StructMap.requireOffset(LAYOUT, "refcount", REFCOUNT);
        StructMap.requireOffset(LAYOUT, "memcg_data", MEMCG_DATA);
    }

    private PageStruct() {}

    /** Plain load of the flags; the page is owned, or any bit but the one asked for may be stale. */
    public static long flags(long page) {
        return NativeMemory.getLong(line(page) + FLAGS);
    }

    /** Acquire load of the flags. */
    public static long flagsAcquire(long page) {
        return NativeMemory.getLongAcquire(line(page) + FLAGS);
    }

    /** Plain store of the flags of a page that nobody else can reach yet. */
    public static void flags(long page, long flags) {
        NativeMemory.setLong(line(page) + FLAGS, flags);
    }

    /** Atomically sets flag bits; returns the flags from before. */
    public static long getAndSetFlags(long page, long bits) {
        return NativeMemory.getAndBitwiseOrLong(line(page) + FLAGS, bits);
    }

    /** Atomically clears flag bits; returns the flags from before. */
    public static long getAndClearFlags(long page, long bits) {
        return NativeMemory.getAndBitwiseAndLong(line(page) + FLAGS, ~bits);
    }

    /** Atomically replaces the flags if they are as expected. */
    public static boolean compareAndSetFlags(long page, long expected, long flags) {
        return NativeMemory.compareAndSetLong(line(page) + FLAGS, expected, flags);
    }

    /** Address of the list link: of the LRU, a free area, or the queue of pages waiting for a grace period. */
    public static long list(long page) {
        return page + LIST;
    }

    /** Page whose list link this is. */
    public static long pageOfList(long link) {
        return link - LIST;
    }

    /** Plain load of the next page in a chain that one thread owns; 0 ends it. */
    public static long listNext(long page) {
        return NativeMemory.getLong(line(page) + LIST);
    }

    /** Plain store of the next page in a chain that one thread owns; 0 ends it. */
    public static void listNext(long page, long next) {
        NativeMemory.setLong(line(page) + LIST, next);
    }

    /** Plain store of the number of memory locks on an unevictable folio, which is on no list. */
    public static void mlockCount(long page, long count) {
        NativeMemory.setLong(line(page) + MLOCK_COUNT, count);
    }

    /** Acquire load of the compound word of a tail. */
    public static long compoundInfoAcquire(long page) {
        return NativeMemory.getLongAcquire(line(page) + COMPOUND_INFO);
    }

    /** Release store of the compound word. */
    public static void compoundInfoRelease(long page, long info) {
        NativeMemory.setLongRelease(line(page) + COMPOUND_INFO, info);
    }

    /** Plain load of the mapping word. */
    public static long mapping(long page) {
        return NativeMemory.getLong(line(page) + MAPPING);
    }

    /** Plain store of the mapping word under the folio lock. */
    public static void mapping(long page, long mapping) {
        NativeMemory.setLong(line(page) + MAPPING, mapping);
    }

    /** Plain load of the index, in pages. */
    public static long index(long page) {
        return NativeMemory.getLong(line(page) + INDEX);
    }

    /** Plain store of the index, in pages. */
    public static void index(long page, long index) {
        NativeMemory.setLong(line(page) + INDEX, index);
    }

    /** Plain load of the private word; of the first page of a free block it is the block's order. */
    public static long privateWord(long page) {
        return NativeMemory.getLong(line(page) + PRIVATE);
    }

    /** Plain store of the private word. */
    public static void privateWord(long page, long value) {
        NativeMemory.setLong(line(page) + PRIVATE, value);
    }

    /** Opaque load of the private word. */
    public static long privateWordOpaque(long page) {
        return NativeMemory.getLongOpaque(line(page) + PRIVATE);
    }

    /** Atomically sets bits of the private word; returns the word from before. */
    public static long getAndSetPrivateBits(long page, long bits) {
        return NativeMemory.getAndBitwiseOrLong(line(page) + PRIVATE, bits);
    }

    /** Atomically clears bits of the private word; returns the word from before. */
    public static long getAndClearPrivateBits(long page, long bits) {
        return NativeMemory.getAndBitwiseAndLong(line(page) + PRIVATE, ~bits);
    }

    /** Plain load of the map count (-1 is none) or page type. */
    public static int mapcount(long page) {
        return NativeMemory.getInt(line(page) + MAPCOUNT);
    }

    /** Opaque load of the map count or page type. */
    public static int mapcountOpaque(long page) {
        return NativeMemory.getIntOpaque(line(page) + MAPCOUNT);
    }

    /** Plain store of the map count or page type. */
    public static void mapcount(long page, int mapcount) {
        NativeMemory.setInt(line(page) + MAPCOUNT, mapcount);
    }

    /** Atomic addition to the map count; returns the count from before. */
    public static int getAndAddMapcount(long page, int delta) {
        return NativeMemory.getAndAddInt(line(page) + MAPCOUNT, delta);
    }

    /** Opaque load of the reference count: a hint. */
    public static int refcountOpaque(long page) {
        return NativeMemory.getIntOpaque(line(page) + REFCOUNT);
    }

    /** Acquire load of the reference count. */
    public static int refcountAcquire(long page) {
        return NativeMemory.getIntAcquire(line(page) + REFCOUNT);
    }

    /** Plain store of the reference count of a page that nobody else can reach yet. */
    public static void refcount(long page, int count) {
        NativeMemory.setInt(line(page) + REFCOUNT, count);
    }

    /** Release store of the reference count: publishes a frozen or new folio. */
    public static void refcountRelease(long page, int count) {
        NativeMemory.setIntRelease(line(page) + REFCOUNT, count);
    }

    /** Atomically replaces the reference count if it is as expected. */
    public static boolean compareAndSetRefcount(long page, int expected, int count) {
        return NativeMemory.compareAndSetInt(line(page) + REFCOUNT, expected, count);
    }

    /** Atomic addition to the reference count; returns the count from before. */
    public static int getAndAddRefcount(long page, int delta) {
        return NativeMemory.getAndAddInt(line(page) + REFCOUNT, delta);
    }

    /** Plain load of the memory group word. */
    public static long memcgData(long page) {
        return NativeMemory.getLong(line(page) + MEMCG_DATA);
    }

    /** Plain store of the memory group word. */
    public static void memcgData(long page, long value) {
        NativeMemory.setLong(line(page) + MEMCG_DATA, value);
    }
}
