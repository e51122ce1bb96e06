/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;

/**
 * What reclaim learns of the use of folios of files and shared memory (folio_mark_accessed): whether one was used since
 * it last looked, once or again, in two flags; and which parts of a large one, one bit per 64th of the folio, or per
 * page if there are fewer, in the head's private word. (The kernel's file systems keep their bitmap of valid and dirty
 * blocks there.)
 *
 * <p>Users leave notes and move nothing: the lists are reclaim's, and their lock is one for all. (The kernel gathers
 * folios to be activated in batches per processor.) Hints: bits of the first piece of a folio that somebody splits
 * stay, and mean smaller parts then.
 */
final class FolioUse {
    private static final int MAX_PART_BITS = 6;
    private static final long REFERENCED = PageFlag.REFERENCED.mask();
    private static final long WORKINGSET = PageFlag.WORKINGSET.mask();

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
        // The word is the slot's number while a folio that is being swapped in is in the swap cache.
        if ((PageStruct.privateWordOpaque(folio) & bits) != bits
                && !PageFlag.isSwapCached(PageStruct.flagsAcquire(folio))) {
            PageStruct.getAndSetPrivateBits(folio, bits);
        }
    }

    /** Notes a use of a pinned folio that is not the continuation of the last one; writes only what is new. */
    static void markAccessed(long folio) {
        long flags = PageStruct.flagsAcquire(folio);
        if ((flags & REFERENCED) == 0) {
            PageStruct.getAndSetFlags(folio, REFERENCED);
        } else if ((flags & WORKINGSET) == 0) {
            PageStruct.getAndSetFlags(folio, WORKINGSET);
        }
    }

    /** Takes the note that a folio was used more than once since this was last called. */
    static boolean takeUsedAgain(long folio) {
        return (PageStruct.getAndClearFlags(folio, WORKINGSET) & WORKINGSET) != 0;
    }

    /** Takes the bits of the parts that were used since this was last called; bit k for part k. */
    static long takeUsedParts(long folio, int order) {
        boolean referenced = (PageStruct.getAndClearFlags(folio, REFERENCED) & REFERENCED) != 0;
        long parts = order == 0 ? 0 : PageStruct.getAndClearPrivateBits(folio, -1) & allParts(order);
        return parts == 0 && referenced ? allParts(order) : parts;
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
