/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;

/**
 * Folios of one engine that one caller holds, in order, each with a reference that belongs to the list: what a split
 * makes for a caller that asks for the pieces, and what is isolated from the LRU lists.
 *
 * <p>Chained through the link that a folio has for the LRU lists, so a folio is on one or the other. Nothing is
 * allocated. For one thread at a time.
 */
public final class FolioList {
    private static final long NONE = 0;

    private final PageArena arena;
    private final Lifetime lifetime;
    private long first = NONE;
    private long last = NONE;
    private long nrFolios;

    /**
     * Makes an empty list.
     *
     * @param folios the folios of the engine
     */
    public FolioList(Folios folios) {
        arena = folios.arena();
        lifetime = folios.lifetime();
    }

    /**
     * Takes the first folio off the list.
     *
     * @return handle of its head, with the list's reference, which is the caller's from now on; 0 if the list is empty
     * @throws IllegalStateException if there is a folio, but the engine is closed
     */
    public long poll() {
        if (first == NONE) {
            return NONE;
        }
        lifetime.enter();
        try {
            long folio = first;
            first = PageStruct.listNext(folio);
            nrFolios--;
            ListHead.initialise(PageStruct.list(folio));
            return folio;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Folios on the list.
     *
     * @return number of folios
     */
    public long size() {
        return nrFolios;
    }

    /**
     * Appends a folio.
     *
     * @param folio head of a folio that is on no list, neither of these nor an LRU list, with a reference, which is the
     *     list's from now on
     * @throws IllegalArgumentException if the handle is not of this engine, or nobody holds a reference
     * @throws IllegalStateException if it is on an LRU list
     */
    public void append(long folio) {
        arena.requirePage(folio);
        lifetime.enter();
        try {
            References.requireHeld(folio);
            if (PageFlag.LRU.isSet(PageStruct.flagsAcquire(folio))) {
                throw new IllegalStateException("folio is on an LRU list: folio=0x" + Long.toHexString(folio));
            }
            link(folio);
        } finally {
            lifetime.exit();
        }
    }

    /** Appends a trusted folio, inside a call. */
    void link(long folio) {
        PageStruct.listNext(folio, NONE);
        if (first == NONE) {
            first = folio;
        } else {
            PageStruct.listNext(last, folio);
        }
        last = folio;
        nrFolios++;
    }

    /** Refuses, before anything changes, to become the list of another engine's folios. */
    void requireOf(PageArena pages) {
        if (arena != pages) {
            throw new IllegalArgumentException("the list is for folios of another engine");
        }
    }
}
