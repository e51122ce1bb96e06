/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.memory.Geometry;

/** Checks what callers say of guest memory's size and of places in it. */
final class GuestRange {
    /** Largest size: 2^50 bytes. */
    private static final long MAX_BYTES = 1L << 50;

    private GuestRange() {}

    static void requireHugeOrder(int hugeOrder) {
        if (hugeOrder != Geometry.PMD_ORDER && hugeOrder != Geometry.PUD_ORDER) {
            throw new IllegalArgumentException(
                    "no huge page of this order: hugeOrder=" + hugeOrder + ", allowed=9 and 18");
        }
    }

    static void requireSize(long sizeBytes, int hugeOrder) {
        if (sizeBytes < 1 || sizeBytes > MAX_BYTES || sizeBytes % Geometry.bytesIn(hugeOrder) != 0) {
            throw new IllegalArgumentException("sizeBytes out of range or no multiple of the huge page: sizeBytes="
                    + sizeBytes + ", max=" + MAX_BYTES + ", hugeOrder=" + hugeOrder);
        }
    }

    /** Checks a range of whole pages, at least one. */
    static void requireBytes(long offsetBytes, long lengthBytes, long sizeBytes) {
        boolean isAligned = ((offsetBytes | lengthBytes) & (Geometry.PAGE_BYTES - 1)) == 0;
        if (!isAligned || offsetBytes < 0 || lengthBytes < 1 || lengthBytes > sizeBytes - offsetBytes) {
            throw new IllegalArgumentException("range out of bounds or not aligned to pages: offsetBytes=" + offsetBytes
                    + ", lengthBytes=" + lengthBytes + ", sizeBytes=" + sizeBytes);
        }
    }

    static void requirePage(long pageIndex, long nrPages) {
        if (pageIndex < 0 || pageIndex >= nrPages) {
            throw new IllegalArgumentException("index out of range: index=" + pageIndex + ", max=" + (nrPages - 1));
        }
    }

    /** Checks pages from one up to before another, at least one. */
    static void requirePages(long startIndex, long endIndex, long nrPages) {
        if (startIndex < 0 || startIndex >= endIndex || endIndex > nrPages) {
            throw new IllegalArgumentException(
                    "pages out of range: startIndex=" + startIndex + ", endIndex=" + endIndex + ", max=" + nrPages);
        }
    }
}
