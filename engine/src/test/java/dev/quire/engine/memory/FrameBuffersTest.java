/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Runs in a JVM with the internal package open that Agrona's buffers need. */
@Tag("agrona-buffers")
class FrameBuffersTest {
    @Test
    void whatIsWrittenThroughTheBufferIsReadThroughTheSegmentAndTheFrame() {
        try (PageArena arena = PageArena.open(1 << 18, 1, 1, Backing.AUTOMATIC)) {
            MemorySegment bytes = NativeMemory.segment(arena.framesBase(), 1L << 30);
            UnsafeBuffer buffer = FrameBuffers.wrap(bytes);
            assertEquals(1 << 30, buffer.capacity());
            buffer.putLong(8, 0x0123_4567_89ab_cdefL);
            buffer.putByte((1 << 30) - 1, (byte) 7);
            assertEquals(0x0123_4567_89ab_cdefL, bytes.get(JAVA_LONG, 8));
            assertEquals(7, bytes.get(JAVA_BYTE, (1L << 30) - 1));
            assertEquals(0x0123_4567_89ab_cdefL, NativeMemory.getLong(arena.framesBase() + 8));
            bytes.set(JAVA_LONG, 16, 42);
            assertEquals(42, buffer.getLongVolatile(16));
            assertThrows(IndexOutOfBoundsException.class, () -> buffer.putByte(1 << 30, (byte) 1));
        }
    }

    @Test
    void aBufferCanBePointedAtAnotherFrame() {
        try (PageArena arena = PageArena.open(2, 1, 1, Backing.AUTOMATIC)) {
            UnsafeBuffer buffer = FrameBuffers.wrap(NativeMemory.segment(arena.framesBase(), 4096));
            FrameBuffers.wrap(buffer, NativeMemory.segment(arena.framesBase() + 4096, 100));
            assertEquals(100, buffer.capacity());
            buffer.putInt(0, 5);
            assertEquals(0, NativeMemory.getInt(arena.framesBase()));
            assertEquals(5, NativeMemory.getInt(arena.framesBase() + 4096));
        }
    }

    @Test
    void segmentsThatNoBufferCanShowAreRefusedAndTheBufferIsAsItWas() {
        try (Arena lifetime = Arena.ofConfined()) {
            MemorySegment bytes = lifetime.allocate(64);
            UnsafeBuffer buffer = FrameBuffers.wrap(bytes);
            assertRefused(buffer, MemorySegment.ofArray(new byte[8]), "native=false, readOnly=false, bytes=8");
            assertRefused(buffer, bytes.asReadOnly(), "native=true, readOnly=true, bytes=64");
            assertRefused(buffer, NativeMemory.segment(0, 1L << 31), "native=true, readOnly=false, bytes=2147483648");
            assertEquals(bytes.address(), buffer.addressOffset());
            assertEquals(64, buffer.capacity());
        }
    }

    private static void assertRefused(UnsafeBuffer buffer, MemorySegment bytes, String values) {
        String message = "not a native, writable segment of at most 2 GiB - 1: " + values + ", max=2147483647";
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> FrameBuffers.wrap(buffer, bytes))
                        .getMessage());
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> FrameBuffers.wrap(bytes))
                        .getMessage());
    }
}
