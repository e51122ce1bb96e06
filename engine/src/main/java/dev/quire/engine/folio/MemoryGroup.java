/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.struct.MemoryGroupStruct;

/**
 * Whom pages are charged to (struct mem_cgroup). Opened by {@link MemoryGroups#open}.
 *
 * <p>Each charged folio holds a reference to its group, so a split takes as many as it makes new folios, and moves no
 * charge. Thread-safe; counting is wait-free.
 */
public final class MemoryGroup implements AutoCloseable {
    private final MemoryGroups groups;
    private final long address;
    private final long id;
    private boolean closed;

    MemoryGroup(MemoryGroups groups, long address) {
        this.groups = groups;
        this.address = address;
        id = MemoryGroupStruct.id(address);
    }

    /**
     * Number of the group.
     *
     * @return the number it was opened with
     */
    public long id() {
        return id;
    }

    /**
     * Charges a folio to this group. Freeing the folio, or all that a split makes of it, takes the charge off.
     *
     * @param folio head of a folio that is charged to nobody, to which the caller holds a reference
     * @throws IllegalArgumentException if the handle is not of this engine, or nobody holds a reference
     * @throws IllegalStateException if the folio is charged, or on the deferred-split queue, or the group closed
     */
    public synchronized void charge(long folio) {
        requireOpen();
        groups.charge(folio, address);
    }

    /**
     * Pages charged now.
     *
     * @return number of pages
     * @throws IllegalStateException if the group is closed
     */
    public synchronized long nrChargedPages() {
        requireOpen();
        return groups.read(() -> MemoryGroupStruct.chargedPagesOpaque(address));
    }

    /**
     * References: one per charged folio, and the owner's.
     *
     * @return number of references
     * @throws IllegalStateException if the group is closed
     */
    public synchronized long nrReferences() {
        requireOpen();
        return groups.read(() -> MemoryGroupStruct.referencesOpaque(address));
    }

    /**
     * Index nodes that splits took for folios of this group, ever.
     *
     * @return number of nodes
     * @throws IllegalStateException if the group is closed
     */
    public synchronized long nrIndexNodes() {
        requireOpen();
        return groups.read(() -> MemoryGroupStruct.indexNodesOpaque(address));
    }

    /**
     * Gives the owner's reference back: the group lives on until the last of its folios is freed. Again, does nothing.
     */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            groups.close(address);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("memory group is closed: id=" + id);
        }
    }
}
