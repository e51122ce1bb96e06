/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Every accessor against the same bytes seen through a segment: the value, its width and what lies beside it. */
class NativeMemoryTest {
    private static final long LONG_A = 0x0123_4567_89ab_cdefL;
    private static final long LONG_B = 0xfedc_ba98_7654_3210L;
    private static final long LONG_BESIDE = 0x5555_5555_5555_5555L;
    private static final int INT_A = 0x89ab_cdef;
    private static final int INT_B = 0x7654_3210;
    private static final int INT_BESIDE = 0x5555_5555;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment words = arena.allocate(64, 64).fill((byte) 0x55);
    private final long address = words.address() + 16;

    @AfterEach
    void nothingBesideTheWordChanged() {
        try {
            assertEquals(LONG_BESIDE, words.get(JAVA_LONG, 8));
            assertEquals(LONG_BESIDE, words.get(JAVA_LONG, 24));
        } finally {
            arena.close();
        }
    }

    @Test
    void loadsOfEightBytes() {
        setWord(LONG_A);
        assertEquals(LONG_A, NativeMemory.getLong(address));
        assertEquals(LONG_A, NativeMemory.getLongOpaque(address));
        assertEquals(LONG_A, NativeMemory.getLongAcquire(address));
    }

    @Test
    void storesOfEightBytes() {
        NativeMemory.setLong(address, LONG_A);
        assertEquals(LONG_A, word());
        NativeMemory.setLongOpaque(address, LONG_B);
        assertEquals(LONG_B, word());
        NativeMemory.setLongRelease(address, LONG_A);
        assertEquals(LONG_A, word());
    }

    @Test
    void compareAndSetOfEightBytesStoresOnlyIfTheWordIsAsExpected() {
        setWord(LONG_A);
        assertFalse(NativeMemory.compareAndSetLong(address, LONG_A & 0xffff_ffffL, LONG_B));
        assertEquals(LONG_A, word());
        assertTrue(NativeMemory.compareAndSetLong(address, LONG_A, LONG_B));
        assertEquals(LONG_B, word());
    }

    @Test
    void atomicUpdatesOfEightBytesReturnThePreviousWord() {
        setWord(0xf0f0L);
        assertEquals(0xf0f0L, NativeMemory.getAndBitwiseOrLong(address, 0x0f00_0000_0000_0001L));
        assertEquals(0x0f00_0000_0000_f0f1L, NativeMemory.getAndBitwiseAndLong(address, ~0xf000L));
        assertEquals(0x0f00_0000_0000_00f1L, NativeMemory.getAndAddLong(address, -2));
        assertEquals(0x0f00_0000_0000_00efL, word());
    }

    @Test
    void loadsOfFourBytes() {
        words.set(JAVA_INT, 16, INT_A);
        assertEquals(INT_A, NativeMemory.getInt(address));
        assertEquals(INT_A, NativeMemory.getIntOpaque(address));
        assertEquals(INT_A, NativeMemory.getIntAcquire(address));
        assertEquals(INT_BESIDE, NativeMemory.getInt(address + 4));
    }

    @Test
    void storesOfFourBytes() {
        NativeMemory.setInt(address, INT_A);
        assertEquals(INT_A, words.get(JAVA_INT, 16));
        NativeMemory.setIntRelease(address, INT_B);
        assertEquals(INT_B, words.get(JAVA_INT, 16));
        assertEquals(INT_BESIDE, words.get(JAVA_INT, 20));
    }

    @Test
    void accessesOfTwoBytes() {
        words.set(JAVA_SHORT, 16, (short) 0x89ab);
        assertEquals((short) 0x89ab, NativeMemory.getShort(address));
        NativeMemory.setShort(address, (short) 0x7654);
        assertEquals((short) 0x7654, words.get(JAVA_SHORT, 16));
        assertEquals((short) 0x5555, words.get(JAVA_SHORT, 18));
    }

    @Test
    void atomicUpdatesOfFourBytes() {
        words.set(JAVA_INT, 16, INT_A);
        assertFalse(NativeMemory.compareAndSetInt(address, INT_B, 0));
        assertEquals(INT_A, words.get(JAVA_INT, 16));
        assertTrue(NativeMemory.compareAndSetInt(address, INT_A, -1));
        assertEquals(-1, NativeMemory.getAndAddInt(address, 1));
        assertEquals(0, words.get(JAVA_INT, 16));
        assertEquals(INT_BESIDE, words.get(JAVA_INT, 20));
    }

    @Test
    void bytesAreSigned() {
        NativeMemory.setByte(address + 3, (byte) 0x80);
        assertEquals(-128, words.get(JAVA_BYTE, 19));
        assertEquals(-128, NativeMemory.getByte(address + 3));
        assertEquals(0x55, NativeMemory.getByte(address + 2));
        assertEquals(0x55, NativeMemory.getByte(address + 4));
    }

    @Test
    void fillWritesExactlyItsRange() {
        NativeMemory.fill(address + 1, 6, (byte) 0xee);
        assertArrayEquals(
                new byte[] {0x55, -0x12, -0x12, -0x12, -0x12, -0x12, -0x12, 0x55},
                words.asSlice(16, 8).toArray(JAVA_BYTE));
    }

    @Test
    void copyMayOverlap() {
        setWord(0x0807_0605_0403_0201L);
        NativeMemory.copy(address, address + 2, 6);
        assertArrayEquals(
                new byte[] {1, 2, 1, 2, 3, 4, 5, 6}, words.asSlice(16, 8).toArray(JAVA_BYTE));
    }

    @Test
    void aSegmentShowsTheSameBytesAndNoMore() {
        setWord(LONG_A);
        MemorySegment view = NativeMemory.segment(address, 8);
        assertEquals(address, view.address());
        assertEquals(8, view.byteSize());
        assertEquals(LONG_A, view.get(JAVA_LONG, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> view.get(JAVA_BYTE, 8));
    }

    @Test
    void misalignedWordsAreRefused() {
        setWord(LONG_A);
        assertThrows(IllegalArgumentException.class, () -> NativeMemory.getLong(address + 4));
        assertThrows(IllegalArgumentException.class, () -> NativeMemory.setInt(address + 2, 0));
        assertEquals(LONG_A, word());
    }

    private long word() {
        return words.get(JAVA_LONG, 16);
    }

    private void setWord(long value) {
        words.set(JAVA_LONG, 16, value);
    }
}
