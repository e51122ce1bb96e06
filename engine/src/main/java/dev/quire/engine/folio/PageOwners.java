/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.References;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.xarray.PieceCursor;
import dev.quire.engine.xarray.SplitPlan;

/**
 * For each page the order of the folio that it is part of, and for each head the tag of who allocated it: a table
 * beside the page structs for debugging (page_owner, alloc_tag). Optional, because every split then writes a word for
 * every page.
 *
 * <pre>
 *  63         8 7         6..5  4..0
 *  | tag       | allocated | -   | order |
 * </pre>
 *
 * A page's word is written by whoever owns its folio: who allocates, splits or frees it. Readers get a hint.
 */
public final class PageOwners {
    /** What {@link #order} says of a page that is free. */
    public static final int FREE = -1;

    /** Largest allocation tag. */
    public static final long MAX_TAG = (1L << 55) - 1;

    private static final long ORDER_MASK = 0x1f;
    private static final long ALLOCATED = 1 << 7;
    private static final int TAG_SHIFT = 8;

    private final PageArena arena;
    private final Lifetime lifetime;

    /**
     * Makes the table.
     *
     * @param arena where it is
     * @param lifetime guard against close
     */
    public PageOwners(PageArena arena, Lifetime lifetime) {
        this.arena = arena;
        this.lifetime = lifetime;
    }

    /**
     * Order of the folio that a page is part of.
     *
     * @param page handle of any page
     * @return log2 pages, or {@link #FREE}
     */
    public int order(long page) {
        long word = read(page);
        return (word & ALLOCATED) == 0 ? FREE : (int) (word & ORDER_MASK);
    }

    /**
     * Tag of a head.
     *
     * @param folio handle of a head
     * @return 0 if it got none
     */
    public long tag(long folio) {
        return read(folio) >>> TAG_SHIFT;
    }

    /**
     * Tags a folio; what a split makes of it has the same tag.
     *
     * @param folio head of a folio to which the caller holds a reference
     * @param tag 0 to {@link #MAX_TAG}
     * @throws IllegalArgumentException if the handle is not of this engine, the tag out of range, or nobody holds a
     *     reference
     */
    public void tag(long folio, long tag) {
        if (tag < 0 || tag > MAX_TAG) {
            throw new IllegalArgumentException("tag out of range: tag=" + tag + ", max=" + MAX_TAG);
        }
        arena.requirePage(folio);
        lifetime.enter();
        try {
            References.requireHeld(folio);
            long word = wordOf(folio);
            long order = NativeMemory.getLongOpaque(word) & ORDER_MASK;
            NativeMemory.setLongOpaque(word, ALLOCATED | order | tag << TAG_SHIFT);
        } finally {
            lifetime.exit();
        }
    }

    void allocated(long folio, int order) {
        fill(wordOf(folio), order, 0);
    }

    /** Notes the new order of every page, and gives the tag to each head (split_page_owner, pgalloc_tag_split). */
    void split(long folio, SplitPlan plan) {
        long word = wordOf(folio);
        long tag = NativeMemory.getLongOpaque(word) >>> TAG_SHIFT;
        PieceCursor piece = plan.firstPiece();
        do {
            fill(word + piece.offset() * Long.BYTES, piece.order(), tag);
        } while (piece.next());
    }

    /** The folio that a merge makes has the tag of its first page. */
    void merge(long folio, int newOrder) {
        long word = wordOf(folio);
        fill(word, newOrder, NativeMemory.getLongOpaque(word) >>> TAG_SHIFT);
    }

    void freed(long folio, int order) {
        NativeMemory.fill(wordOf(folio), Geometry.pagesIn(order) * Long.BYTES, (byte) 0);
    }

    private static void fill(long word, int order, long tag) {
        NativeMemory.setLongOpaque(word, ALLOCATED | order | tag << TAG_SHIFT);
        for (long page = 1; page < Geometry.pagesIn(order); page++) {
            NativeMemory.setLongOpaque(word + page * Long.BYTES, ALLOCATED | order);
        }
    }

    private long wordOf(long page) {
        return arena.pageOwnersBase() + arena.pfnOf(page) * Long.BYTES;
    }

    private long read(long page) {
        arena.requirePage(page);
        lifetime.enter();
        try {
            return NativeMemory.getLongOpaque(wordOf(page));
        } finally {
            lifetime.exit();
        }
    }
}
