/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.LruLists;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;

/**
 * What reclaim learns of the use of file folios (folio_mark_accessed), and which parts of a large folio were used since it
 * last looked: one bit per 64th of the folio, or per page if there are fewer, in the head's private word. (The kernel's file
 * systems keep their bitmap of valid and dirty blocks there.)
 *
 * <p>Hints: bits of the first piece of a folio that somebody splits stay, and mean smaller parts then.
 */
final class FolioUse {
    private static final int MAX_PART_BITS = 6;
    private static final long REFERENCED = PageFlag.REFERENCED.mask();
    private static final long ACTIVE = PageFlag.ACTIVE.mask();

    private FolioUse() {}

    /** Notes that a part of a pinned folio is read or written, in bytes from its start; writes only what is new. */
    static void touch(long folio, int order, long startBytes, long nrBytes) {
        if (order == 0) {
            return;
        }
        int shift = partShift(order);
        long first = startBytes >>> shift;
        long last = (startBytes + nrBytes - 1) >>> shift;
        long bits = -1L >>> (Long.SIZE - 1 - (last - first)) << first;
        if ((PageStruct.privateWordOpaque(folio) & bits) != bits) {
            PageStruct.getAndSetPrivateBits(folio, bits);
        }
    }

    /** Notes a use of a pinned folio that is not the continuation of the last one: the second makes it active. */
    static void markAccessed(long folio, LruLists lru) {
        long flags = PageStruct.flagsAcquire(folio);
        if ((flags & REFERENCED) == 0) {
            PageStruct.getAndSetFlags(folio, REFERENCED);
        } else if ((flags & ACTIVE) == 0) {
            lru.setActive(folio, true);
            PageStruct.getAndClearFlags(folio, REFERENCED);
        }
    }

    /** Takes the bits of the parts that were used since this was last called; bit k for part k. */
    static long takeUsedParts(long folio, int order) {
        return PageStruct.getAndClearPrivateBits(folio, -1) & allParts(order);
    }

    /** The bits of all parts of a folio. */
    static long allParts(int order) {
        return -1L >>> (Long.SIZE - (1 << Math.min(order, MAX_PART_BITS)));
    }

    /** First page of a part, relative to the folio. */
    static long firstPageOf(int part, int order) {
        return (long) part << (partShift(order) - Geometry.PAGE_SHIFT);
    }

    private static int partShift(int order) {
        return Geometry.PAGE_SHIFT + Math.max(order - MAX_PART_BITS, 0);
    }
}
