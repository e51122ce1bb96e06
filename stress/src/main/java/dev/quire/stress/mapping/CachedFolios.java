/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.FolioSplitter;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.NativeMemory;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.Slots;

/**
 * One file in memory, of which each state of a scenario has a range of 8 pages for itself, cached in one folio of order 3.
 * Every page frame holds its own index in the file, so that a reader can tell whose bytes it reads.
 *
 * <p>Splits are non-uniform around page 2: into folios over pages 0-1, 2, 3 and 4-7.
 */
final class CachedFolios {
    /** Log2 pages of each state's folio. */
    static final int ORDER = 3;

    /** Nothing found, or not to be pinned just now. */
    static final int NOTHING = 0;

    /** Pinned the folio as it was before the split. */
    static final int WHOLE = 1;

    /** Pinned the piece that covers the page. */
    static final int PIECE = 2;

    /** Pinned a folio that does not cover the page, or whose bytes are another page's, or that changed while pinned. */
    static final int WRONG = 9;

    private static final int NR_SLOTS = 1 << 14;
    private static final int NR_PAGES = 1 << ORDER;
    private static final int SPLIT_AT = 2;
    private static final int[] PIECE_START = {0, 0, 2, 3, 4, 4, 4, 4};
    private static final int[] PIECE_ORDER = {1, 1, 0, 0, 2, 2, 2, 2};

    private final Quire quire;
    private final PageArena arena;
    private final Folios folios;
    private final FolioSplitter splitter;
    private final AddressSpace file;
    private final FolioLookup lookup;
    private final Slots slots = new Slots(NR_SLOTS);

    /** Makes an empty file. */
    CachedFolios(HeadMapKind headMap) {
        quire = Quire.builder()
                .capacityBytes(8L * NR_SLOTS * NR_PAGES * Geometry.PAGE_BYTES)
                .headMap(headMap)
                .open();
        arena = quire.arena();
        folios = quire.folios();
        splitter = quire.splitter();
        file = quire.newAddressSpace();
        file.extend((long) NR_SLOTS * NR_PAGES * Geometry.PAGE_BYTES);
        lookup = file.newLookup(quire.newReader());
    }

    // ---- the state

    /** Caches a folio in a new state's range; the caller has a reference to it. */
    long take() {
        int slot = slots.take();
        long folio = folios.allocate(ORDER);
        if (folio == 0) {
            quire.awaitReclaim();
            folio = folios.allocate(ORDER);
        }
        long base = (long) slot * NR_PAGES;
        for (int page = 0; page < NR_PAGES; page++) {
            NativeMemory.setLong(frame(folio, page), base + page);
        }
        int result = file.add(folio, base);
        if (result != Errno.OK) {
            throw new IllegalStateException("cannot cache the folio: result=" + Errno.name(result));
        }
        return folio;
    }

    /** First index of a state's range. */
    long baseOf(long folio) {
        return NativeMemory.getLong(arena.frameOf(folio));
    }

    /** Drops what is cached in a state's range, and the caller's reference to the folio there. */
    void giveBack(long folio, long base) {
        dropAll(base);
        folios.unpin(folio);
        slots.giveBack((int) (base / NR_PAGES));
    }

    // ---- what writers do

    /** Splits the folio; 0 or an error number. */
    int split(long folio) {
        folios.lock(folio);
        int result = splitter.splitNonUniform(folio, folio + SPLIT_AT * PageStruct.BYTES, 0);
        folios.unlock(folio);
        return result;
    }

    /** Drops all pages of a range. */
    void dropAll(long base) {
        file.punchHole(base << Geometry.PAGE_SHIFT, (long) NR_PAGES << Geometry.PAGE_SHIFT, SplitPolicies.UNIFORM);
    }

    /** Drops some pages of a range, splitting the folio there. */
    void drop(long base, int firstPage, int nrPages, SplitPolicy policy) {
        file.punchHole((base + firstPage) << Geometry.PAGE_SHIFT, (long) nrPages << Geometry.PAGE_SHIFT, policy);
    }

    // ---- what readers do

    /** Whether a folio is frozen, or free. */
    boolean isFrozen(long folio) {
        return folios.references(folio) == 0;
    }

    /** Pins the folio that covers a page of a range, by its index, and lets go of it. */
    int lookUp(long base, int page) {
        return inspect(lookup.pin(base + page), base, page);
    }

    /** Pins the folio that holds a page, by the page itself, and lets go of it. */
    int pinFolioOf(long folio, long base, int page) {
        return inspect(folios.tryPinFolioOf(folio + page * PageStruct.BYTES), base, page);
    }

    private int inspect(long head, long base, int page) {
        if (head == 0) {
            return NOTHING;
        }
        int first = classify(head, base, page);
        int again = classify(head, base, page);
        folios.unpin(head);
        return first == again ? first : WRONG;
    }

    private int classify(long head, long base, int page) {
        int order = folios.order(head);
        long start = folios.index(head) - base;
        boolean covers = start >= 0 && start <= page && page < start + Geometry.pagesIn(order);
        if (!covers || NativeMemory.getLong(frame(head, (int) (page - start))) != base + page) {
            return WRONG;
        }
        if (order == ORDER) {
            return WHOLE;
        }
        return start == PIECE_START[page] && order == PIECE_ORDER[page] ? PIECE : WRONG;
    }

    private long frame(long head, int page) {
        return arena.frameOf(head) + (long) page * Geometry.PAGE_BYTES;
    }
}
