/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;

/** Reads and checks how an address space is laid out; for a quiescent one. */
public final class FolioLayout {
    private FolioLayout() {}

    /** Orders of the folios from one index to another, in address order; a maximal run of pages that are gone is "-". */
    public static String text(AddressSpace space, long startIndex, long endIndex) {
        List<String> parts = new ArrayList<>();
        long[] next = {startIndex};
        space.forEachFolio((index, order, folio) -> {
            if (index >= endIndex || index + (1L << order) <= startIndex) {
                return;
            }
            if (index > next[0]) {
                parts.add("-");
            }
            parts.add(Integer.toString(order));
            next[0] = index + (1L << order);
        });
        if (next[0] < endIndex) {
            parts.add("-");
        }
        return String.join(",", parts);
    }

    /** Number of folios in an address space. */
    public static long count(AddressSpace space) {
        long[] count = {0};
        space.forEachFolio((index, order, folio) -> count[0]++);
        return count[0];
    }

    /**
     * Checks what must hold for every folio of an address space that nobody uses: alignment, index, mapping, references,
     * lock, the way from each page to its head, and that the index leads from each of its indices to it.
     */
    public static void check(Quire engine, AddressSpace space) {
        long[] nrPages = {0};
        try (RcuReader reader = engine.newReader()) {
            FolioLookup lookup = space.newLookup(reader);
            space.forEachFolio((index, order, folio) -> {
                nrPages[0] += 1L << order;
                checkFolio(engine, space, index, order, folio);
                checkLookup(engine.folios(), lookup, index, order, folio);
            });
        }
        assertEquals(space.nrPages(), nrPages[0], "pages counted by the address space");
    }

    private static void checkFolio(Quire engine, AddressSpace space, long index, int order, long folio) {
        PageArena arena = engine.arena();
        Folios folios = engine.folios();
        String where = "folio at index " + index + " of order " + order;
        assertEquals(0, index & ((1L << order) - 1), where + ": alignment of the index");
        assertEquals(0, arena.pfnOf(folio) & ((1L << order) - 1), where + ": alignment of the pfn");
        assertTrue(order >= space.minimumOrder(), where + ": minimum order");
        assertEquals(space.address(), PageStruct.mapping(folio), where + ": mapping");
        assertEquals(index, PageStruct.index(folio), where + ": index");
        assertEquals((1 << order) + 1, folios.references(folio), where + ": references, with the visitor's");
        assertFalse(folios.isLocked(folio), where + ": locked");
        assertEquals(order > 0, PageFlag.HEAD.isSet(PageStruct.flags(folio)), where + ": head flag");
        assertEquals(0, PageStruct.privateWord(folio), where + ": private");
        assertEquals(-1, PageStruct.mapcount(folio), where + ": map count");
        if (order > 0) {
            assertEquals(1 << order, FolioStruct.nrPages(folio), where + ": number of pages");
        }
        long step = Math.max((1L << order) / 512, 1);
        for (long page = 0; page < 1L << order; page += step) {
            assertEquals(folio, folios.headOf(folio + page * PageStruct.BYTES), where + ": head of page " + page);
        }
        assertEquals(
                folio, folios.headOf(folio + ((1L << order) - 1) * PageStruct.BYTES), where + ": head of the last");
    }

    private static void checkLookup(Folios folios, FolioLookup lookup, long index, int order, long folio) {
        long step = Math.max((1L << order) / 512, 1);
        for (long page = 0; page < 1L << order; page += step) {
            assertEquals(folio, lookup.pin(index + page), "folio found at index " + (index + page));
            folios.unpin(folio);
        }
    }
}
