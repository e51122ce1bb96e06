/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.FolioMappers;
import dev.quire.engine.folio.FolioSplitter;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;

/**
 * Removes ranges of bytes from an address space (truncate_inode_pages_range, truncate_inode_partial_folio).
 *
 * <p>Goes through the folios in order. One wholly inside the range is unmapped and dropped. One that is covered in part is
 * split, and the pieces inside are dropped in turn; where it cannot be split, because somebody else holds it, memory is out,
 * or it has the minimum order, the part inside is zeroed and stays.
 */
final class Truncation {
    private final PageArena arena;
    private final Folios folios;
    private final FolioSplitter splitter;
    private final FolioMappers mappers;
    private final AddressSpace space;
    private final IndexedFolios indexed;
    private final SwapEntries swapEntries;

    Truncation(MappingContext context, AddressSpace space, IndexedFolios indexed, SwapEntries swapEntries) {
        arena = context.arena();
        folios = context.folios();
        splitter = context.splitter();
        mappers = context.mappers();
        this.space = space;
        this.indexed = indexed;
        this.swapEntries = swapEntries;
    }

    void removeRange(long startBytes, long endBytes, SplitPolicy policy) {
        long index = startBytes >>> Geometry.PAGE_SHIFT;
        long last = (endBytes - 1) >>> Geometry.PAGE_SHIFT;
        if (space.isSwapBacked()) {
            removeSwapped(startBytes, endBytes);
        }
        while (index <= last) {
            long folio = indexed.pinNext(index, last);
            if (folio == 0) {
                return;
            }
            folios.lock(folio);
            try {
                // Somebody may have removed the folio while this thread waited for its lock.
                if (PageStruct.mapping(folio) == space.address()) {
                    index = removeFrom(folio, startBytes, endBytes, policy);
                }
            } finally {
                folios.unlock(folio);
                folios.unpin(folio);
            }
        }
    }

    /** Pages in swap go if they are wholly inside; one of which a part is inside keeps its bytes. */
    private void removeSwapped(long startBytes, long endBytes) {
        long first = FileRange.pagesOf(startBytes);
        long end = endBytes >>> Geometry.PAGE_SHIFT;
        if (first < end) {
            swapEntries.removeRange(first, end - 1);
        }
    }

    /** Removes a range from one locked folio; returns the index from where to go on. */
    private long removeFrom(long folio, long startBytes, long endBytes, SplitPolicy policy) {
        long firstIndex = PageStruct.index(folio);
        int order = FolioStruct.order(folio);
        long nextIndex = firstIndex + Geometry.pagesIn(order);
        long folioBytes = Geometry.bytesIn(order);
        long from = Math.max(startBytes - (firstIndex << Geometry.PAGE_SHIFT), 0);
        long to = Math.min(endBytes - (firstIndex << Geometry.PAGE_SHIFT), folioBytes);
        if (from == 0 && to == folioBytes) {
            // Before it leaves the index, and under its lock, so that nobody maps it again in between.
            mappers.unmap(folio);
            indexed.remove(folio);
            return nextIndex;
        }
        if (order > space.minimumOrder() && split(folio, order, from, to, policy)) {
            // The pieces wholly inside are found, and dropped, next; the first piece starts where the folio did.
            return Math.max(firstIndex, startBytes >>> Geometry.PAGE_SHIFT);
        }
        if (order > 0 && !space.isSwapBacked()) {
            // A large folio across the end of a file stays, but its pages beyond it must not: who touches one faults
            // again.
            mappers.unmap(folio);
        }
        zero(folio, from, to);
        return nextIndex;
    }

    /** Splits a folio around a part of it, in bytes from its start; false if it is as large as before. */
    private boolean split(long folio, int order, long from, long to, SplitPolicy policy) {
        boolean asKernel = policy.followsKernelTruncation();
        long start = asKernel ? from >>> Geometry.PAGE_SHIFT : (from + Geometry.PAGE_BYTES - 1) >>> Geometry.PAGE_SHIFT;
        long end = to >>> Geometry.PAGE_SHIFT;
        if (!asKernel && start >= end) {
            return false;
        }
        int newOrder = space.minimumOrder();
        int result = splitter.split(
                folio, policy, start, Math.max(end, start + 1), newOrder, SplitPolicies.ALL_ORDERS, false);
        if (result == Errno.OK && asKernel && to < Geometry.bytesIn(order)) {
            splitAtEnd(folio + end * PageStruct.BYTES, policy);
        }
        return result == Errno.OK && FolioStruct.order(folio) < order;
    }

    /** The kernel's second split, of the folio that now holds the end of the range; best effort. */
    private void splitAtEnd(long page, SplitPolicy policy) {
        long folio = folios.tryPinFolioOf(page);
        if (folio == 0) {
            return;
        }
        if (folios.tryLock(folio)) {
            long at = (page - folio) / PageStruct.BYTES;
            if (PageStruct.mapping(folio) == space.address() && FolioStruct.order(folio) > space.minimumOrder()) {
                splitter.split(folio, policy, at, at + 1, space.minimumOrder(), SplitPolicies.ALL_ORDERS, false);
            }
            folios.unlock(folio);
        }
        folios.unpin(folio);
    }

    private void zero(long folio, long from, long to) {
        NativeMemory.fill(arena.frameOf(folio) + from, to - from, (byte) 0);
    }
}
