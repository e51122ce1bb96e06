/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.memory.Geometry;

/** Bounds of offsets in a file. */
final class FileRange {
    /** Largest size of a file in bytes: 2^62, so that no sum of an offset and a folio's size overflows. */
    static final long MAX_BYTES = 1L << 62;

    /** Largest size of a file in pages. */
    static final long MAX_PAGES = MAX_BYTES >>> Geometry.PAGE_SHIFT;

    private FileRange() {}

    /** Pages that a number of bytes reaches into. */
    static long pagesOf(long nrBytes) {
        return (nrBytes + Geometry.PAGE_BYTES - 1) >>> Geometry.PAGE_SHIFT;
    }

    static void requireSize(long sizeBytes) {
        if (sizeBytes < 0 || sizeBytes > MAX_BYTES) {
            throw new IllegalArgumentException("sizeBytes out of range: sizeBytes=" + sizeBytes + ", max=" + MAX_BYTES);
        }
    }

    static void require(String startName, long start, String lengthName, long length, long max) {
        requireAtLeast(1, startName, start, lengthName, length, max);
    }

    /** As {@link #require} of bytes, but the range may be empty, as all of an empty file is. */
    static void requireMaybeEmpty(long offsetBytes, long lengthBytes) {
        requireAtLeast(0, "offsetBytes", offsetBytes, "lengthBytes", lengthBytes, MAX_BYTES);
    }

    private static void requireAtLeast(
            long min, String startName, long start, String lengthName, long length, long max) {
        if (start < 0 || length < min || length > max - start) {
            throw new IllegalArgumentException("range out of bounds: " + startName + "=" + start + ", " + lengthName
                    + "=" + length + ", end max=" + max);
        }
    }
}
