/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.quire.engine.Quire;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.List;
import java.util.function.Supplier;

/**
 * What must hold of folios that nobody uses, and of an engine that has none any more. Looks at every page of folios up
 * to order 9 and at samples of larger ones.
 */
public final class FoliosAtRest {
    static final int MAX_PROBES = 512;

    private FoliosAtRest() {}

    /**
     * Every folio of an address space that nobody uses or maps is aligned, knows its index and its owner, has the
     * references of the index alone, is not locked, is found by each of its pages and at each of its indices; and all
     * are counted.
     *
     * @param engine the engine
     * @param space an address space of it
     */
    public static void check(Quire engine, AddressSpace space) {
        long[] nrPages = {0};
        try (RcuReader reader = engine.newReader()) {
            FolioLookup lookup = space.newLookup(reader);
            space.forEachFolio((index, order, folio) -> {
                nrPages[0] += Geometry.pagesIn(order);
                checkOne(engine, space, index, order, folio);
                checkLookup(engine.folios(), lookup, index, order, folio);
            });
        }
        assertEquals(space.nrPages(), nrPages[0], "pages counted by the address space");
    }

    private static void checkOne(Quire engine, AddressSpace space, long index, int order, long folio) {
        Folios folios = engine.folios();
        String where = "folio at index " + index + " of order " + order;
        assertTrue(Geometry.isAligned(index, order), where + ": alignment of the index");
        assertTrue(order >= space.minimumOrder(), where + ": minimum order");
        assertEquals(space.address(), PageStruct.mapping(folio), where + ": mapping");
        assertEquals(index, PageStruct.index(folio), where + ": index");
        assertEquals((1 << order) + 1, folios.references(folio), where + ": references, with the visitor's");
        assertFalse(folios.isLocked(folio), where + ": locked");
        assertEquals(order > 0, PageFlag.HEAD.isSet(PageStruct.flags(folio)), where + ": head flag");
        assertEquals(0, PageStruct.privateWord(folio), where + ": private");
        assertEquals(PageStruct.MAPCOUNT_NONE, PageStruct.mapcountOpaque(folio), where + ": map count");
        if (order > 0) {
            assertEquals(Geometry.pagesIn(order), FolioStruct.nrPages(folio), where + ": number of pages");
        }
        checkBlock(engine.splitter().context(), folio, order, () -> where);
    }

    private static void checkLookup(Folios folios, FolioLookup lookup, long index, int order, long folio) {
        long step = Math.max(Geometry.pagesIn(order) / MAX_PROBES, 1);
        for (long page = 0; page < Geometry.pagesIn(order); page += step) {
            assertEquals(folio, lookup.pin(index + page), "folio found at index " + (index + page));
            folios.unpin(folio);
        }
    }

    /** Natural alignment, and every page leads to its own head. */
    static void checkBlock(FolioContext context, long piece, int pieceOrder, Supplier<String> where) {
        HeadMap headMap = context.headMap();
        long size = Geometry.pagesIn(pieceOrder);
        assertTrue(Geometry.isAligned(context.arena().pfnOf(piece), pieceOrder), () -> where.get() + ": alignment");
        long step = Math.max(size / MAX_PROBES, 1);
        for (long page = 0; page < size; page += step) {
            checkHead(headMap, piece, page, where);
        }
        checkHead(headMap, piece, size - 1, where);
    }

    private static void checkHead(HeadMap headMap, long piece, long page, Supplier<String> where) {
        if (headMap.headOf(piece + page * PageStruct.BYTES) != piece) {
            fail(where.get() + ": head of page " + page);
        }
    }

    /**
     * Nothing tells of folios that are gone: no list has one, and nothing counts them.
     *
     * @param engine an engine without folios
     */
    public static void checkNoneIsLeft(Quire engine) {
        FolioAccounting accounting = engine.accounting();
        for (LruList list : LruList.values()) {
            assertEquals(0, accounting.lru().nrPages(list), "pages counted on the LRU list " + list);
            assertEquals(List.of(), LruContents.of(engine, list), "folios on the LRU list " + list);
        }
        assertEquals(0, accounting.deferredSplits().nrFolios(), "folios to be split");
        FolioCounters counters = accounting.counters();
        assertEquals(0, counters.nrPartiallyMapped(), "partially mapped folios");
        assertEquals(0, counters.fileThpPages(), "pages in huge folios of files");
        assertEquals(0, counters.sharedMemoryThpPages(), "pages in huge folios of shared memory");
        for (int order = 0; order <= Geometry.MAX_ORDER; order++) {
            assertEquals(0, counters.nrAnonymous(order), "anonymous folios of order " + order);
        }
    }
}
