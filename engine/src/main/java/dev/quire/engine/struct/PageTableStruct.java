/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * struct ptdesc: the page struct of a page that is a page table, and the 512 entries of 8 bytes in its frame.
 *
 * <pre>
 *  0        8          16        24             40     44         48     52          56      64
 *  | flags  | next     | deposit | -  (zero)    | lock | nr       | type | refcount  | -     |
 *  |        | or RCU   |         |              |      | _entries |      | (zero)    |       |
 * </pre>
 *
 * {@code next} chains tables that are set aside, and later those that wait for a grace period. {@code deposit} is the
 * first of the tables set aside for splitting leaf entries of this table. {@code lock} guards entries and count of a
 * lowest-level table; those of upper levels are guarded by a lock of the process. The reference count stays 0: nobody
 * can pin a table.
 */
public final class PageTableStruct {
    /** Bytes of the struct. */
    public static final int BYTES = PageStruct.BYTES;

    /** Entries in a table. */
    public static final int NR_ENTRIES = Geometry.PAGE_BYTES / Long.BYTES;

    /** Offset of the chain word, for the queue of tables that wait for a grace period. */
    public static final long NEXT = 8;

    static final long DEPOSIT = 16;
    static final long LOCK = 40;
    static final long ENTRY_COUNT = 44;

    /** The layout, for checks and documentation. */
    public static final StructLayout LAYOUT = MemoryLayout.structLayout(
                    JAVA_LONG.withName("flags"),
                    JAVA_LONG.withName("next"),
                    JAVA_LONG.withName("deposit"),
                    MemoryLayout.paddingLayout(16),
                    JAVA_INT.withName("lock"),
                    JAVA_INT.withName("nr_entries"),
                    JAVA_INT.withName("type"),
                    JAVA_INT.withName("refcount"),
                    MemoryLayout.paddingLayout(8))
            .withName("ptdesc");

    static {
        StructMap.requireSize(LAYOUT, BYTES);
        StructMap.requireOffset(LAYOUT, "next", NEXT);
        StructMap.requireOffset(LAYOUT, "deposit", DEPOSIT);
        StructMap.requireOffset(LAYOUT, "lock", LOCK);
        StructMap.requireOffset(LAYOUT, "nr_entries", ENTRY_COUNT);
        StructMap.requireOffset(LAYOUT, "type", PageStruct.MAPCOUNT);
        StructMap.requireOffset(LAYOUT, "refcount", PageStruct.REFCOUNT);
    }

    private PageTableStruct() {}

    /** Plain stores that make a page from the allocator an empty, unlocked table; its frame is zeroed already. */
    public static void initialise(long table) {
        NativeMemory.setLong(table + NEXT, 0);
        NativeMemory.setLong(table + DEPOSIT, 0);
        NativeMemory.setLong(table + LOCK, 0);
        PageStruct.mapcount(table, PageStruct.TYPE_TABLE);
    }

    /** Plain stores that make a table an ordinary page again. */
    public static void clear(long table) {
        NativeMemory.setLong(table + DEPOSIT, 0);
        NativeMemory.setLong(table + LOCK, 0);
        PageStruct.mapcount(table, PageStruct.MAPCOUNT_NONE);
    }

    /** Address of the lock word. */
    public static long lock(long table) {
        return table + LOCK;
    }

    /** Plain load of the next table of a chain, 0 is the end. */
    public static long next(long table) {
        return NativeMemory.getLong(table + NEXT);
    }

    /** Plain store of the next table of a chain. */
    public static void next(long table, long next) {
        NativeMemory.setLong(table + NEXT, next);
    }

    /** Plain load of the first table set aside, 0 is none. */
    public static long deposit(long table) {
        return NativeMemory.getLong(table + DEPOSIT);
    }

    /** Plain store of the first table set aside. */
    public static void deposit(long table, long first) {
        NativeMemory.setLong(table + DEPOSIT, first);
    }

    /** Plain load of the number of entries that are not none, under the lock. */
    public static int nrEntries(long table) {
        return NativeMemory.getInt(table + ENTRY_COUNT);
    }

    /** Plain addition to the number of entries that are not none, under the lock. */
    public static void addNrEntries(long table, int delta) {
        NativeMemory.setInt(table + ENTRY_COUNT, nrEntries(table) + delta);
    }

    /** Plain store of an entry of a table that nobody can reach yet. */
    public static void entry(long slot, long entry) {
        NativeMemory.setLong(slot, entry);
    }

    /** Acquire load of an entry: what it leads to is seen complete. */
    public static long entryAcquire(long slot) {
        return NativeMemory.getLongAcquire(slot);
    }

    /** Release store of an entry over one that nobody else changes: none, or not present. */
    public static void entryRelease(long slot, long entry) {
        NativeMemory.setLongRelease(slot, entry);
    }

    /** Atomically replaces an entry if it is as expected. */
    public static boolean compareAndSetEntry(long slot, long expected, long entry) {
        return NativeMemory.compareAndSetLong(slot, expected, entry);
    }

    /** Atomically clears bits of an entry; returns the entry from before. */
    public static long getAndClearEntryBits(long slot, long bits) {
        return NativeMemory.getAndBitwiseAndLong(slot, ~bits);
    }
}
