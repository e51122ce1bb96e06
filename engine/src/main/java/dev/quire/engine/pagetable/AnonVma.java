/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;

/**
 * Owner of anonymous folios: what their mapping word names, and the regions in which they may be mapped (anon_vma).
 *
 * <p>Thread-safe. The kernel has a tree of these, one per process and fork; here one object serves all processes that share
 * the memory.
 */
public final class AnonVma implements AutoCloseable {
    private final PageTableContext context;
    private final long address;
    private boolean closed;

    private AnonVma(PageTableContext context, long address) {
        this.context = context;
        this.address = address;
    }

    /**
     * Opens an owner.
     *
     * @param context the engine's parts
     * @return an owner of nothing
     * @throws IllegalStateException if the engine has as many address spaces and owners as it was made for
     */
    public static AnonVma open(PageTableContext context) {
        context.lifetime.enter();
        try {
            long address = context.objects.allocate();
            if (address == 0) {
                throw new IllegalStateException("no room for another owner: max=" + context.arena.nrObjects());
            }
            return new AnonVma(context, address);
        } finally {
            context.lifetime.exit();
        }
    }

    /**
     * Mapping word of this owner's folios.
     *
     * @return the address of its struct with the anonymous tag
     */
    public long mappingWord() {
        return address | AddressSpaceStruct.ANONYMOUS_TAG;
    }

    /**
     * Makes a folio anonymous memory of this owner, before it is mapped for the first time (__folio_set_anon). It is so until
     * it is freed.
     *
     * @param folio head of a folio that belongs to nobody and to which the caller holds the only reference
     * @param index index of its first page in the owner's numbering
     * @throws IllegalArgumentException if the folio has an owner or another reference, or is of order 1, or the index is
     *     negative
     */
    public void adopt(long folio, long index) {
        context.arena.requirePage(folio);
        context.lifetime.enter();
        try {
            int order = FolioStruct.order(folio);
            if (index < 0 || index > Long.MAX_VALUE - Geometry.pagesIn(order)) {
                throw new IllegalArgumentException("index out of range: index=" + index);
            }
            if (order == 1) {
                throw new IllegalArgumentException("no anonymous folios of this order: order=1");
            }
            if (References.count(folio) != 1 || PageStruct.mapping(folio) != 0) {
                throw new IllegalArgumentException("folio is not the caller's alone: folio=0x" + Long.toHexString(folio)
                        + ", references=" + References.count(folio) + ", mapping=0x"
                        + Long.toHexString(PageStruct.mapping(folio)));
            }
            context.folios.makeAnonymous(folio, address, index);
        } finally {
            context.lifetime.exit();
        }
    }

    /**
     * Gives the owner back. Its folios must have been unmapped; those that are pinned live on. Again, it does nothing.
     *
     * @throws IllegalStateException if it still has regions
     */
    @Override
    public synchronized void close() {
        context.lifetime.enter();
        try {
            if (closed) {
                return;
            }
            int nrRegions = context.reverseMap.listOf(mappingWord()).size();
            if (nrRegions > 0) {
                throw new IllegalStateException("the owner still has regions: regions=" + nrRegions);
            }
            closed = true;
            context.objects.free(address);
        } finally {
            context.lifetime.exit();
        }
    }
}
