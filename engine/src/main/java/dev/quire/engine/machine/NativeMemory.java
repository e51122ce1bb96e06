/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The only class that touches off-heap memory. Addresses are absolute and trusted: validation is the business of the
 * public edge. The struct classes wrap these methods in accessors that carry the field and the ordering in their name.
 *
 * <p>A {@code static final} segment over all of memory lets the compiler fold the segment's base, bounds and lifetime
 * checks into constants; an instance-field segment costs 1.8 times as much per access.
 */
public final class NativeMemory {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final MemorySegment ZEROES = Arena.global().allocate(1 << 16, Long.BYTES);
    private static final VarHandle LONG = JAVA_LONG.varHandle().withInvokeExactBehavior();
    private static final VarHandle INT = JAVA_INT.varHandle().withInvokeExactBehavior();
    private static final VarHandle SHORT = JAVA_SHORT.varHandle().withInvokeExactBehavior();
    private static final VarHandle BYTE = JAVA_BYTE.varHandle().withInvokeExactBehavior();

    /** Bits of an address in user space that is a multiple of 8: of 57 bits, as five levels of page tables map. */
    private static final long STRUCT_ADDRESS_MASK = (1L << 57) - Long.BYTES;

    private NativeMemory() {}

    /**
     * The address of a struct, which is in user space and a multiple of 8, in a form that tells the compiler so. The
     * checks of bounds and alignment of accesses at constant offsets from it then fold: one instruction or two instead
     * of six at each access.
     *
     * @param address absolute address
     * @return the same
     */
    public static long structAddress(long address) {
        return address & STRUCT_ADDRESS_MASK;
    }

    /**
     * Plain load of 8 bytes.
     *
     * @param address absolute address
     * @return the value
     */
    public static long getLong(long address) {
        return (long) LONG.get(ALL, address);
    }

    /**
     * Opaque load of 8 bytes: coherent, orders nothing.
     *
     * @param address absolute address
     * @return the value
     */
    public static long getLongOpaque(long address) {
        return (long) LONG.getOpaque(ALL, address);
    }

    /**
     * Acquire load of 8 bytes.
     *
     * @param address absolute address
     * @return the value
     */
    public static long getLongAcquire(long address) {
        return (long) LONG.getAcquire(ALL, address);
    }

    /**
     * Plain store of 8 bytes.
     *
     * @param address absolute address
     * @param value value to store
     */
    public static void setLong(long address, long value) {
        LONG.set(ALL, address, value);
    }

    /**
     * Opaque store of 8 bytes: coherent, orders nothing.
     *
     * @param address absolute address
     * @param value value to store
     */
    public static void setLongOpaque(long address, long value) {
        LONG.setOpaque(ALL, address, value);
    }

    /**
     * Release store of 8 bytes.
     *
     * @param address absolute address
     * @param value value to store
     */
    public static void setLongRelease(long address, long value) {
        LONG.setRelease(ALL, address, value);
    }

    /**
     * Compare and set of 8 bytes with volatile semantics.
     *
     * @param address absolute address
     * @param expected value that must be there
     * @param value value to store
     * @return whether the value was as expected and is replaced
     */
    public static boolean compareAndSetLong(long address, long expected, long value) {
        return LONG.compareAndSet(ALL, address, expected, value);
    }

    /**
     * Atomic or of 8 bytes with volatile semantics; returns the previous value.
     *
     * @param address absolute address
     * @param bits bits to combine with
     * @return the previous value
     */
    public static long getAndBitwiseOrLong(long address, long bits) {
        return (long) LONG.getAndBitwiseOr(ALL, address, bits);
    }

    /**
     * Atomic and of 8 bytes with volatile semantics; returns the previous value.
     *
     * @param address absolute address
     * @param bits bits to combine with
     * @return the previous value
     */
    public static long getAndBitwiseAndLong(long address, long bits) {
        return (long) LONG.getAndBitwiseAnd(ALL, address, bits);
    }

    /**
     * Atomic addition to 8 bytes with volatile semantics; returns the previous value.
     *
     * @param address absolute address
     * @param delta number to add
     * @return the previous value
     */
    public static long getAndAddLong(long address, long delta) {
        return (long) LONG.getAndAdd(ALL, address, delta);
    }

    /**
     * Plain load of 4 bytes.
     *
     * @param address absolute address
     * @return the value
     */
    public static int getInt(long address) {
        return (int) INT.get(ALL, address);
    }

    /**
     * Opaque load of 4 bytes: coherent, orders nothing.
     *
     * @param address absolute address
     * @return the value
     */
    public static int getIntOpaque(long address) {
        return (int) INT.getOpaque(ALL, address);
    }

    /**
     * Acquire load of 4 bytes.
     *
     * @param address absolute address
     * @return the value
     */
    public static int getIntAcquire(long address) {
        return (int) INT.getAcquire(ALL, address);
    }

    /**
     * Plain store of 4 bytes.
     *
     * @param address absolute address
     * @param value value to store
     */
    public static void setInt(long address, int value) {
        INT.set(ALL, address, value);
    }

    /**
     * Release store of 4 bytes.
     *
     * @param address absolute address
     * @param value value to store
     */
    public static void setIntRelease(long address, int value) {
        INT.setRelease(ALL, address, value);
    }

    /**
     * Compare and set of 4 bytes with volatile semantics.
     *
     * @param address absolute address
     * @param expected value that must be there
     * @param value value to store
     * @return whether the value was as expected and is replaced
     */
    public static boolean compareAndSetInt(long address, int expected, int value) {
        return INT.compareAndSet(ALL, address, expected, value);
    }

    /**
     * Atomic addition to 4 bytes with volatile semantics; returns the previous value.
     *
     * @param address absolute address
     * @param delta number to add
     * @return the previous value
     */
    public static int getAndAddInt(long address, int delta) {
        return (int) INT.getAndAdd(ALL, address, delta);
    }

    /**
     * Plain load of 1 byte, as a signed number.
     *
     * @param address absolute address
     * @return the value
     */
    public static byte getByte(long address) {
        return (byte) BYTE.get(ALL, address);
    }

    /**
     * Plain store of 1 byte.
     *
     * @param address absolute address
     * @param value value to store
     */
    public static void setByte(long address, byte value) {
        BYTE.set(ALL, address, value);
    }

    /**
     * Plain load of 2 bytes.
     *
     * @param address absolute address, a multiple of 2
     * @return the value
     */
    public static short getShort(long address) {
        return (short) SHORT.get(ALL, address);
    }

    /**
     * Plain store of 2 bytes.
     *
     * @param address absolute address, a multiple of 2
     * @param value value to store
     */
    public static void setShort(long address, short value) {
        SHORT.set(ALL, address, value);
    }

    /**
     * Plain store of {@code nrBytes} times the same byte.
     *
     * @param address first byte
     * @param nrBytes length in bytes
     * @param value what to store
     */
    public static void fill(long address, long nrBytes, byte value) {
        if (value == 0) {
            zero(address, nrBytes);
            return;
        }
        for (long at = address; at < address + nrBytes; at++) {
            setByte(at, value);
        }
    }

    /** Copies zeroes: a fill would need a slice of all memory, an object that the compiler does not always remove. */
    private static void zero(long address, long nrBytes) {
        for (long done = 0; done < nrBytes; done += ZEROES.byteSize()) {
            MemorySegment.copy(ZEROES, 0, ALL, address + done, Math.min(nrBytes - done, ZEROES.byteSize()));
        }
    }

    /**
     * Plain stores of consecutive longs, each atomic: aligned longs are what such a copy moves, of whatever width its
     * instructions are. Twice as fast as single stores: computing the values in an array and copying them are vector
     * loops, while the compiler vectorises no store to a long address.
     *
     * @param address of the first long, a multiple of 8
     * @param values what to store
     * @param nrLongs how many, 0 to the length of {@code values}
     */
    public static void setLongs(long address, long[] values, int nrLongs) {
        MemorySegment.copy(values, 0, ALL, JAVA_LONG, address, nrLongs);
    }

    /**
     * Plain copy of {@code nrBytes}; the ranges may overlap.
     *
     * @param fromAddress first byte to read
     * @param toAddress first byte to write
     * @param nrBytes length in bytes
     */
    public static void copy(long fromAddress, long toAddress, long nrBytes) {
        MemorySegment.copy(ALL, fromAddress, ALL, toAddress, nrBytes);
    }

    /**
     * Plain copy of {@code nrBytes} into a segment of a caller.
     *
     * @param fromAddress first byte to read
     * @param into where to
     * @param offsetBytes first byte to write in it
     * @param nrBytes length in bytes
     * @throws IndexOutOfBoundsException if the segment is too short; nothing was copied
     */
    public static void copyOut(long fromAddress, MemorySegment into, long offsetBytes, long nrBytes) {
        MemorySegment.copy(ALL, fromAddress, into, offsetBytes, nrBytes);
    }

    /**
     * Plain copy of {@code nrBytes} out of a segment of a caller.
     *
     * @param from where from
     * @param offsetBytes first byte to read in it
     * @param toAddress first byte to write
     * @param nrBytes length in bytes
     * @throws IndexOutOfBoundsException if the segment is too short; nothing was copied
     */
    public static void copyIn(MemorySegment from, long offsetBytes, long toAddress, long nrBytes) {
        MemorySegment.copy(from, offsetBytes, ALL, toAddress, nrBytes);
    }

    /**
     * A segment over a part of memory, for handing to others.
     *
     * @param address first byte
     * @param nrBytes length in bytes
     * @return a segment of the global scope: it does not know when the arena closes
     */
    public static MemorySegment segment(long address, long nrBytes) {
        return ALL.asSlice(address, nrBytes);
    }

    /**
     * A segment over a part of memory that can be used as long as a scope lasts, and by whom the scope allows.
     *
     * @param address first byte
     * @param nrBytes length in bytes
     * @param scope its scope; the memory is not freed with it
     * @return a segment of that scope
     */
    public static MemorySegment segment(long address, long nrBytes, Arena scope) {
        return MemorySegment.ofAddress(address).reinterpret(nrBytes, scope, null);
    }
}
