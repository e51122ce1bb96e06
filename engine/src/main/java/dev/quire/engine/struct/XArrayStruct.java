/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * struct xarray: the anchor of an array, 16 bytes.
 *
 * <pre>
 *  0      4       8       16
 *  | lock | flags | head  |
 * </pre>
 *
 * The lock word is not used: the array's lock, which guards flags and head, is on a cache line of its own, because
 * readers under RCU load the head with acquire and the flags with opaque.
 */
public final class XArrayStruct {
    /** Bytes of an anchor. */
    public static final int BYTES = 16;

    static final long FLAGS = 4;
    static final long HEAD = 8;

    /** The layout, for checks and documentation. */
    public static final StructLayout LAYOUT = MemoryLayout.structLayout(
                    JAVA_INT.withName("lock"), JAVA_INT.withName("flags"), JAVA_LONG.withName("head"))
            .withName("xarray");

    static {
        StructMap.requireSize(LAYOUT, BYTES);
        StructMap.requireOffset(LAYOUT, "flags", FLAGS);
        StructMap.requireOffset(LAYOUT, "head", HEAD);
    }

    private XArrayStruct() {}

    /** Opaque load of the flags. */
    public static int flagsOpaque(long array) {
        return NativeMemory.getIntOpaque(NativeMemory.structAddress(array) + FLAGS);
    }

    /** Plain store of the flags under the lock; readers load them opaque, as hints. */
    public static void flags(long array, int flags) {
        NativeMemory.setInt(NativeMemory.structAddress(array) + FLAGS, flags);
    }

    /** Plain load of the head entry under the lock. */
    public static long head(long array) {
        return NativeMemory.getLong(NativeMemory.structAddress(array) + HEAD);
    }

    /** Acquire load of the head entry; pairs with {@link #headRelease}. */
    public static long headAcquire(long array) {
        return NativeMemory.getLongAcquire(NativeMemory.structAddress(array) + HEAD);
    }

    /** Release store of the head entry; publishes the tree below it. */
    public static void headRelease(long array, long entry) {
        NativeMemory.setLongRelease(NativeMemory.structAddress(array) + HEAD, entry);
    }
}
