/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import java.lang.foreign.MemorySegment;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Views of page frames as buffers of Agrona, without copying: for whoever has codecs that read and write those. A
 * frame's {@link MemorySegment} is the view that needs nothing.
 *
 * <p>Agrona's buffers use an internal package of the JDK that must be opened on the command line
 * ({@code --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED}). Without it not even an empty one can be made, and the
 * JVM remembers the failed attempt; so every method here looks first. Nothing else in the engine touches them.
 *
 * <p>A buffer does not know when the folio below it is freed or the engine closed: using it after giving the reference
 * back reads another folio's bytes, or crashes the JVM.
 *
 * <p>Stateless, thread-safe and wait-free.
 */
public final class FrameBuffers {
    private static final String INTERNAL_PACKAGE = "jdk.internal.misc";

    private FrameBuffers() {}

    /**
     * Makes a buffer over the bytes of a segment.
     *
     * @param bytes a native, writable segment of at most 2 GiB - 1 bytes, such as the bytes of a folio
     * @return a buffer at the segment's address, as long as the segment
     * @throws IllegalStateException if the JVM was started without the option that Agrona's buffers need
     * @throws IllegalArgumentException if the segment is on the heap, read-only or too long
     */
    public static UnsafeBuffer wrap(MemorySegment bytes) {
        requireInternalPackage();
        requireWrappable(bytes);
        return new UnsafeBuffer(bytes.address(), (int) bytes.byteSize());
    }

    /**
     * Points a buffer at the bytes of a segment; allocates nothing.
     *
     * @param buffer the buffer; it lets go of what it wrapped before
     * @param bytes a native, writable segment of at most 2 GiB - 1 bytes, such as the bytes of a folio
     * @throws IllegalStateException if the JVM was started without the option that Agrona's buffers need
     * @throws IllegalArgumentException if the segment is on the heap, read-only or too long; the buffer is as it was
     */
    public static void wrap(UnsafeBuffer buffer, MemorySegment bytes) {
        requireInternalPackage();
        requireWrappable(bytes);
        buffer.wrap(bytes.address(), (int) bytes.byteSize());
    }

    private static void requireInternalPackage() {
        // The class literal loads the class without initialising it, which is what would fail.
        Module agrona = UnsafeBuffer.class.getModule();
        if (!Object.class.getModule().isExported(INTERNAL_PACKAGE, agrona)) {
            throw new IllegalStateException("Agrona's buffers need a JVM option: --add-opens=java.base/"
                    + INTERNAL_PACKAGE + "=" + (agrona.isNamed() ? agrona.getName() : "ALL-UNNAMED"));
        }
    }

    private static void requireWrappable(MemorySegment bytes) {
        if (!bytes.isNative() || bytes.isReadOnly() || bytes.byteSize() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("not a native, writable segment of at most 2 GiB - 1: native="
                    + bytes.isNative() + ", readOnly=" + bytes.isReadOnly() + ", bytes=" + bytes.byteSize() + ", max="
                    + Integer.MAX_VALUE);
        }
    }
}
