/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.ObjectSlab;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Finds the owner of a folio from its mapping word: the off-heap struct has a slot number, the slot has the object.
 * Thread-safe; lookups are wait-free.
 */
public final class FolioOwners {
    private final ObjectSlab slab;
    private final AtomicReferenceArray<@Nullable FolioOwner> owners;

    /**
     * Makes the table.
     *
     * @param slab the slab that holds the owners' structs
     * @param nrSlots how many objects the slab holds
     */
    public FolioOwners(ObjectSlab slab, int nrSlots) {
        this.slab = slab;
        owners = new AtomicReferenceArray<>(nrSlots);
    }

    /**
     * Notes an owner before its first folio exists.
     *
     * @param owner the owner
     */
    public void add(FolioOwner owner) {
        owners.set(slab.slotOf(owner.address()), owner);
    }

    /**
     * Forgets an owner after its last folio is gone.
     *
     * @param owner the owner
     */
    public void remove(FolioOwner owner) {
        owners.set(slab.slotOf(owner.address()), null);
    }

    /**
     * Owner of the folios with this mapping word.
     *
     * @param mapping mapping word of a page-cache folio, read under its lock
     * @return the owner
     * @throws IllegalStateException if there is none
     */
    public FolioOwner of(long mapping) {
        FolioOwner owner = owners.get(slab.slotOf(mapping));
        if (owner == null) {
            throw new IllegalStateException("mapping has no owner: mapping=0x" + Long.toHexString(mapping));
        }
        return owner;
    }
}
