/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * The state of the swap table, 128 bytes: who is changing slots, and where the search for free ones goes on.
 *
 * <pre>
 *  0      4    64          72         80   128
 *  | lock | -  | next_slot | nr_in_use | -  |
 * </pre>
 *
 * The lock guards everything and all changes of slots; it has a cache line of its own.
 */
public final class SwapAreaStruct {
    /** Bytes of the struct. */
    public static final int BYTES = 128;

    static final long LOCK = 0;
    static final long NEXT_SLOT = 64;
    static final long NR_IN_USE = 72;

    /** The layout, for checks and documentation. */
    public static final StructLayout LAYOUT = MemoryLayout.structLayout(
                    JAVA_INT.withName("lock"),
                    MemoryLayout.paddingLayout(60),
                    JAVA_LONG.withName("next_slot"),
                    JAVA_LONG.withName("nr_in_use"),
                    MemoryLayout.paddingLayout(48))
            .withName("swap_area");

    static {
        StructMap.requireSize(LAYOUT, BYTES);
        StructMap.requireOffset(LAYOUT, "next_slot", NEXT_SLOT);
        StructMap.requireOffset(LAYOUT, "nr_in_use", NR_IN_USE);
    }

    private SwapAreaStruct() {}

    /** Address of the lock word. */
    public static long lock(long area) {
        return area + LOCK;
    }

    /** Plain load of the slot where the next search starts. */
    public static long nextSlot(long area) {
        return NativeMemory.getLong(area + NEXT_SLOT);
    }

    /** Plain store of the slot where the next search starts. */
    public static void nextSlot(long area, long slot) {
        NativeMemory.setLong(area + NEXT_SLOT, slot);
    }

    /** Opaque load of the number of slots in use. */
    public static long nrInUseOpaque(long area) {
        return NativeMemory.getLongOpaque(area + NR_IN_USE);
    }

    /** Adds to the number of slots in use, under the lock; readers load it opaque. */
    public static void addNrInUse(long area, long nrSlots) {
        NativeMemory.setLongOpaque(area + NR_IN_USE, NativeMemory.getLong(area + NR_IN_USE) + nrSlots);
    }
}
