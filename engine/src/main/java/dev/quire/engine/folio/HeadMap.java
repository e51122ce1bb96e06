/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.xarray.SplitPlan;

/**
 * The map from a page to the head of its folio.
 *
 * <p>{@link #headOf} may be called at any time and takes no lock; its answer can be stale by the time the caller sees
 * it. Who needs a true answer takes a reference to the head and asks again: the answer is stable while it holds one.
 * The other methods change the part of the map that belongs to one folio, which the caller owns: new, frozen, or about
 * to be freed. They return the number of bytes of metadata they stored.
 */
public sealed interface HeadMap permits HeadBitsMap, TailWordsMap {
    /**
     * Head of the folio or free block that holds a page. Wait-free.
     *
     * @param page handle of any page of the arena
     * @return handle of the head; racy
     */
    long headOf(long page);

    /**
     * Makes a block from the allocator one folio.
     *
     * @param head first page; its own page struct is ready
     * @param order order of the block
     * @return bytes stored
     */
    long form(long head, int order);

    /**
     * Makes the pieces of a frozen folio folios of their own, before any of them can be pinned: who can pin one may map
     * its pages, and the leaves trust this map. What the new heads' page structs say is published by their references,
     * which come later.
     *
     * @param head head of the folio that is split
     * @param plan the pieces
     * @return bytes stored
     */
    long split(long head, SplitPlan plan);

    /**
     * Makes a block of frozen folios one folio. Their page structs still say what they said before.
     *
     * @param head first page of the block
     * @param order order of the block
     * @return bytes stored
     */
    long join(long head, int order);

    /**
     * Makes the pages of a folio ordinary pages of a block again, before it goes back to the allocator.
     *
     * @param head head of the folio
     * @param order its order
     * @return bytes stored
     */
    long dissolve(long head, int order);
}
