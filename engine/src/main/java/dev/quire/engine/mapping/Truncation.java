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
import org.jspecify.annotations.Nullable;

/**
 * Removes ranges of bytes from an address space (truncate_inode_pages_range, truncate_inode_partial_folio).
 *
 * <p>Goes through the folios in order. One wholly inside the range is unmapped and dropped. One that is covered in part
 * is split, and the pieces inside are dropped in turn; where it cannot be split, because somebody else holds it, memory
 * is out, its policy fails, or it has the minimum order, the part inside is zeroed and stays. Pages of shared memory
 * that are in swap are met in the same pass: where one moves meanwhile, it is met where it is then.
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

    /**
     * Removes a range of bytes from the space.
     *
     * @throws RuntimeException what a policy has thrown, or the refusal of its plan; the range is removed nevertheless
     */
    void removeRange(long startBytes, long endBytes, SplitPolicy policy) {
        long index = startBytes >>> Geometry.PAGE_SHIFT;
        long last = (endBytes - 1) >>> Geometry.PAGE_SHIFT;
        Throwable refusal = null;
        if (space.isSwapBacked()) {
            swapEntries.splitter().splitAround(startBytes, endBytes);
        }
        long folio = pinNext(index, startBytes, endBytes);
        while (folio != 0) {
            folios.lock(folio);
            try {
                // Somebody may have removed the folio, or moved it to swap, while this thread waited for its lock:
                // then its place is looked at again.
                if (PageStruct.mapping(folio) == space.address()) {
                    int order = FolioStruct.order(folio);
                    long firstIndex = PageStruct.index(folio);
                    Throwable thrown = trySplit(folio, startBytes, endBytes, policy);
                    refusal = refusal == null ? thrown : refusal;
                    // The pieces of what was split are looked at next; the first piece starts where the folio did.
                    index = FolioStruct.order(folio) < order
                            ? Math.max(firstIndex, startBytes >>> Geometry.PAGE_SHIFT)
                            : removeFrom(folio, startBytes, endBytes);
                }
            } finally {
                folios.unlock(folio);
                folios.unpin(folio);
            }
            folio = index <= last ? pinNext(index, startBytes, endBytes) : 0;
        }
        throwIfRefused(refusal);
    }

    private long pinNext(long index, long startBytes, long endBytes) {
        return space.isSwapBacked()
                ? swapEntries.removeUpToFolio(index, startBytes, endBytes)
                : indexed.pinNext(index, (endBytes - 1) >>> Geometry.PAGE_SHIFT);
    }

    private static void throwIfRefused(@Nullable Throwable refusal) {
        if (refusal instanceof Error error) {
            throw error;
        }
        if (refusal instanceof RuntimeException exception) {
            throw exception;
        }
    }

    /**
     * Splits a locked folio around the range if it is there in part, and can be split; returns what its policy throws,
     * for who has a cut to finish first.
     */
    private @Nullable Throwable trySplit(long folio, long startBytes, long endBytes, SplitPolicy policy) {
        int order = FolioStruct.order(folio);
        long folioStart = PageStruct.index(folio) << Geometry.PAGE_SHIFT;
        long folioBytes = Geometry.bytesIn(order);
        long from = Math.max(startBytes - folioStart, 0);
        long to = Math.min(endBytes - folioStart, folioBytes);
        if (order > space.minimumOrder() && (from > 0 || to < folioBytes)) {
            try {
                split(folio, order, from, to, policy);
            } catch (RuntimeException | Error e) {
                return e;
            }
        }
        return null;
    }

    /**
     * Removes the range from one locked folio that is wholly inside or stays whole; returns the index from where to go
     * on.
     */
    private long removeFrom(long folio, long startBytes, long endBytes) {
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
        if (order > 0) {
            // A large folio across the end stays, but its pages beyond it must not: who touches one faults.
            mappers.unmap(folio);
        }
        zero(folio, from, to);
        return nextIndex;
    }

    /** Splits a folio around a part of it, in bytes from its start. */
    private void split(long folio, int order, long from, long to, SplitPolicy policy) {
        boolean asKernel = policy.followsKernelTruncation();
        long start = asKernel ? from >>> Geometry.PAGE_SHIFT : (from + Geometry.PAGE_BYTES - 1) >>> Geometry.PAGE_SHIFT;
        long end = to >>> Geometry.PAGE_SHIFT;
        if (!asKernel && start >= end) {
            return;
        }
        int newOrder = space.minimumOrder();
        int result = splitter.split(
                folio, policy, start, Math.max(end, start + 1), newOrder, SplitPolicies.ALL_ORDERS, false);
        if (result == Errno.OK && asKernel && to < Geometry.bytesIn(order)) {
            splitAtEnd(folio + end * PageStruct.BYTES, policy);
        }
    }

    /** The kernel's second split, of the folio that now holds the end of the range; best effort. */
    private void splitAtEnd(long page, SplitPolicy policy) {
        long folio = folios.tryPinFolioOf(page);
        if (folio == 0) {
            return;
        }
        try {
            if (folios.tryLock(folio)) {
                splitLockedAtEnd(folio, page, policy);
            }
        } finally {
            folios.unpin(folio);
        }
    }

    private void splitLockedAtEnd(long folio, long page, SplitPolicy policy) {
        try {
            long at = (page - folio) / PageStruct.BYTES;
            if (PageStruct.mapping(folio) == space.address() && FolioStruct.order(folio) > space.minimumOrder()) {
                splitter.split(folio, policy, at, at + 1, space.minimumOrder(), SplitPolicies.ALL_ORDERS, false);
            }
        } finally {
            folios.unlock(folio);
        }
    }

    private void zero(long folio, long from, long to) {
        NativeMemory.fill(arena.frameOf(folio) + from, to - from, (byte) 0);
    }
}
