/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;

/**
 * Owner of anonymous folios: what their mapping word names, and the regions in which they may be mapped (anon_vma).
 *
 * <p>Thread-safe. The kernel has a tree of these, one per process and fork; here one object serves all processes that
 * share the memory.
 */
public final class AnonVma implements AutoCloseable {
    private final PageTableContext context;
    private final long address;
    private volatile boolean closed;

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
            long address = context.objects.allocateFor("owner");
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
     * Makes a folio anonymous memory of this owner, before it is mapped for the first time (__folio_set_anon). It is so
     * until it is freed.
     *
     * @param folio head of a folio that belongs to nobody, of any order but 1, to which the caller holds a reference
     * @param index index of its first page in the owner's numbering
     * @throws IllegalArgumentException if the folio is not as described, or the index is negative
     * @throws IllegalStateException if the owner is closed
     */
    public void adopt(long folio, long index) {
        context.arena.requirePage(folio);
        context.lifetime.enter();
        try {
            if (index < 0 || index > Long.MAX_VALUE - Geometry.pagesIn(FolioStruct.order(folio))) {
                throw new IllegalArgumentException("index out of range: index=" + index);
            }
            if (closed) {
                throw new IllegalStateException("the owner is closed: owner=0x" + Long.toHexString(address));
            }
            context.folios.makeAnonymous(folio, address, index);
        } finally {
            context.lifetime.exit();
        }
    }

    /**
     * Whether {@link #close} has been called.
     *
     * @return true once it has, unless it was refused
     */
    public boolean isClosed() {
        return closed;
    }

    /**
     * Gives the owner back. Its folios must have been unmapped; those that are pinned live on. Again, it does nothing.
     *
     * <p>The next owner that is opened may get the same mapping word, and nothing then tells folios of this one that are
     * still pinned from its own: whoever has pinned one must not map or merge it from now on.
     *
     * @throws IllegalStateException if it still has regions; then nothing has changed
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        context.lifetime.enter();
        try {
            int nrRegions = context.reverseMap.closeUnlessMapped(mappingWord(), () -> closed = true);
            if (nrRegions > 0) {
                throw new IllegalStateException("the owner still has regions: regions=" + nrRegions);
            }
            context.objects.free(address);
        } finally {
            context.lifetime.exit();
        }
    }
}
