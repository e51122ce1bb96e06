/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.ObjectSlab;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.MemoryGroupStruct;
import dev.quire.engine.struct.PageStruct;
import java.util.function.LongSupplier;

/**
 * The memory groups of one engine. A charged folio's memory group word is the address of its group's struct; 0 is
 * nobody. Thread-safe. Charging takes the lock of the deferred-split queue for constant time; uncharging is wait-free,
 * until the last reference to a closed group gives its struct back.
 */
public final class MemoryGroups {
    private final PageArena arena;
    private final ObjectSlab objects;
    private final DeferredSplitQueue deferredSplits;
    private final Lifetime lifetime;

    /**
     * Makes the registry of an engine.
     *
     * @param arena where the pages are
     * @param objects slab of the groups' structs
     * @param deferredSplits the queue whose folios keep their groups
     * @param lifetime guard against close
     */
    public MemoryGroups(PageArena arena, ObjectSlab objects, DeferredSplitQueue deferredSplits, Lifetime lifetime) {
        this.arena = arena;
        this.objects = objects;
        this.deferredSplits = deferredSplits;
        this.lifetime = lifetime;
    }

    /**
     * Opens a group that nothing is charged to.
     *
     * @param id any number; groups are told apart by their objects, not by it
     * @return the group; close it before the engine
     * @throws IllegalStateException if the engine has no room for another small object
     */
    public MemoryGroup open(long id) {
        lifetime.enter();
        try {
            long address = objects.allocateFor("memory group");
            MemoryGroupStruct.id(address, id);
            MemoryGroupStruct.getAndAddReferences(address, 1);
            return new MemoryGroup(this, address);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Number of the group that a folio is charged to.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @param otherwise what to return if it is charged to nobody
     * @return the group's number
     * @throws IllegalArgumentException if the handle is not of this engine, or nobody holds a reference
     */
    public long idOf(long folio, long otherwise) {
        arena.requirePage(folio);
        return read(() -> {
            References.requireHeld(folio);
            long group = PageStruct.memcgData(folio);
            return group == 0 ? otherwise : MemoryGroupStruct.id(group);
        });
    }

    void charge(long folio, long group) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            References.requireHeld(folio);
            if (!deferredSplits.setGroup(folio, group)) {
                throw new IllegalStateException("folio is charged or queued for a split: folio=0x"
                        + Long.toHexString(folio) + ", group=0x" + Long.toHexString(PageStruct.memcgData(folio)));
            }
            // The caller's reference to the folio keeps the charge, that to the group keeps its struct, until it
            // is counted.
            MemoryGroupStruct.getAndAddReferences(group, 1);
            MemoryGroupStruct.addChargedPages(group, Geometry.pagesIn(FolioStruct.order(folio)));
        } finally {
            lifetime.exit();
        }
    }

    /** Takes the charge of a folio without references off. */
    void uncharge(long folio) {
        long group = PageStruct.memcgData(folio);
        if (group != 0) {
            MemoryGroupStruct.addChargedPages(group, -Geometry.pagesIn(FolioStruct.order(folio)));
            put(group);
        }
    }

    /** One reference for each folio that a split makes of a charged one, which keeps its own (css_get_many). */
    static void split(long group, long nrPieces, long nrNodes) {
        if (group != 0) {
            MemoryGroupStruct.getAndAddReferences(group, nrPieces - 1);
            if (nrNodes != 0) {
                MemoryGroupStruct.addIndexNodes(group, nrNodes);
            }
        }
    }

    /** The folio that a merge makes of several keeps one of their references; never the last. */
    static void merge(long group, long nrFolios) {
        if (group != 0) {
            MemoryGroupStruct.getAndAddReferences(group, 1 - nrFolios);
        }
    }

    void close(long group) {
        lifetime.enter();
        try {
            put(group);
        } finally {
            lifetime.exit();
        }
    }

    long read(LongSupplier value) {
        lifetime.enter();
        try {
            return value.getAsLong();
        } finally {
            lifetime.exit();
        }
    }

    private void put(long group) {
        // RMW: the last one has seen all charges taken off.
        if (MemoryGroupStruct.getAndAddReferences(group, -1) == 1) {
            objects.free(group);
        }
    }
}
