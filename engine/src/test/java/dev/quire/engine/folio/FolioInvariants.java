/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.xarray.XaCursor;
import java.util.ArrayList;
import java.util.List;

/**
 * What must hold of folios: after every attempt to split or merge one, successful or not; while nobody uses them; and of an
 * engine that has none any more. Made before an attempt, it remembers what the folio and everything around it looked like.
 *
 * <p>Looks at every page of folios up to order 9, and at samples of larger ones.
 */
public final class FolioInvariants {
    /** What a piece has from the folio, written down from the rules, not taken from the engine. */
    private static final long INHERITED = mask(
            PageFlag.REFERENCED,
            PageFlag.SWAPBACKED,
            PageFlag.SWAPCACHE,
            PageFlag.MLOCKED,
            PageFlag.UPTODATE,
            PageFlag.DIRTY,
            PageFlag.ACTIVE,
            PageFlag.WORKINGSET,
            PageFlag.UNEVICTABLE,
            PageFlag.DROPBEHIND,
            PageFlag.ARCH_2,
            PageFlag.ARCH_3,
            PageFlag.YOUNG,
            PageFlag.IDLE);

    private static final int MAX_PROBES = 512;

    private final SplitSubject subject;
    private final long folio;
    private final int order;
    private final long nrPages;
    private final long flags;
    private final long mapping;
    private final long index;
    private final long slot;
    private final long memcgData;
    private final long nrGroupReferences;
    private final long nrQueued;
    private final long nrPartiallyMapped;
    private final List<Long> lruBefore;
    private final List<Long> stateBefore;

    FolioInvariants(SplitSubject subject) {
        this.subject = subject;
        folio = subject.folio;
        order = subject.order;
        nrPages = Geometry.pagesIn(order);
        flags = PageStruct.flags(folio);
        mapping = PageStruct.mapping(folio);
        index = PageStruct.index(folio);
        slot = PageStruct.privateWord(folio);
        memcgData = PageStruct.memcgData(folio);
        nrGroupReferences = subject.group.nrReferences();
        nrQueued = subject.accounting.deferredSplits().nrFolios();
        nrPartiallyMapped = subject.accounting.counters().nrPartiallyMapped();
        lruBefore = lru();
        stateBefore = state();
    }

    private static long mask(PageFlag... flags) {
        long mask = 0;
        for (PageFlag flag : flags) {
            mask |= flag.mask();
        }
        return mask;
    }

    // ---- at rest

    /**
     * Every folio of an address space that nobody uses or maps is aligned, knows its index and its owner, has the references
     * of the index alone, is not locked, is found by each of its pages and at each of its indices; and all are counted.
     *
     * @param engine the engine
     * @param space an address space of it
     */
    public static void checkAtRest(Quire engine, AddressSpace space) {
        long[] nrPages = {0};
        try (RcuReader reader = engine.newReader()) {
            FolioLookup lookup = space.newLookup(reader);
            space.forEachFolio((index, order, folio) -> {
                nrPages[0] += Geometry.pagesIn(order);
                checkAtRest(engine, space, index, order, folio);
                checkLookup(engine.folios(), lookup, index, order, folio);
            });
        }
        assertEquals(space.nrPages(), nrPages[0], "pages counted by the address space");
    }

    private static void checkAtRest(Quire engine, AddressSpace space, long index, int order, long folio) {
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
        checkBlock(engine, folio, order, where);
    }

    private static void checkLookup(Folios folios, FolioLookup lookup, long index, int order, long folio) {
        long step = Math.max(Geometry.pagesIn(order) / MAX_PROBES, 1);
        for (long page = 0; page < Geometry.pagesIn(order); page += step) {
            assertEquals(folio, lookup.pin(index + page), "folio found at index " + (index + page));
            folios.unpin(folio);
        }
    }

    /**
     * Nothing tells of folios that are gone: no list has one, and nothing counts them.
     *
     * @param engine an engine without folios
     */
    public static void checkNoFolioIsLeft(Quire engine) {
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

    // ---- failure

    /** Nothing has changed: not a byte of the page structs, not an entry, not a list, not a count. */
    void afterFailure() {
        assertEquals(stateBefore, state(), "state after a refused split");
        assertEquals(lruBefore, lru(), "LRU list after a refused split");
    }

    private List<Long> state() {
        List<Long> state = new ArrayList<>();
        long hash = 0;
        for (long word = folio; word < folio + nrPages * PageStruct.BYTES; word += Long.BYTES) {
            hash = 31 * hash + NativeMemory.getLong(word);
        }
        state.add(hash);
        state.add(subject.group.nrReferences());
        state.add(subject.group.nrChargedPages());
        state.add(subject.accounting.deferredSplits().nrFolios());
        state.add(subject.accounting.counters().nrPartiallyMapped());
        state.add(subject.engine.nodes().nrInUse());
        for (int other = 0; other <= Geometry.MAX_ORDER; other++) {
            state.add(subject.accounting.counters().nrAnonymous(other));
        }
        for (LruList list : LruList.values()) {
            state.add(subject.accounting.lru().nrPages(list));
        }
        addEntries(state);
        return state;
    }

    private void addEntries(List<Long> state) {
        if (subject.space == null) {
            return;
        }
        state.add(subject.space.nrPages());
        state.add(subject.space.nrChargedPages());
        subject.space.index().lock();
        XaCursor cursor = new XaCursor(subject.space.index());
        for (long entry = cursor.find(-1); entry != 0; entry = cursor.find(-1)) {
            state.add(cursor.index());
            state.add((long) cursor.getOrder());
            state.add(entry);
        }
        subject.space.index().unlock();
    }

    // ---- success

    /**
     * The folio has become folios of these orders, in this order.
     *
     * @param orders expected orders
     * @param lockAt page of the folio that must be locked and have the caller's reference
     * @param keptReferences references that each piece has beyond those of its kind, and the locked one's
     */
    void afterSuccess(int[] orders, long lockAt, int keptReferences) {
        long offset = 0;
        long nrAlive = 0;
        List<Long> onLru = new ArrayList<>();
        for (int pieceOrder : orders) {
            long piece = folio + offset * PageStruct.BYTES;
            boolean first = offset == 0;
            boolean dropped = !first && offset >= subject.kind.firstDropped(nrPages);
            boolean locked = lockAt >= offset && lockAt < offset + Geometry.pagesIn(pieceOrder);
            int references = references(pieceOrder, dropped, piece) + (locked ? 1 : keptReferences);
            String where = "piece at page " + offset + " of order " + pieceOrder;
            if (references == 0) {
                // Freed: by now it may be part of a larger free block.
                assertEquals(0, subject.folios.references(piece), where + ": freed");
            } else {
                checkBlock(subject.engine, piece, pieceOrder, where);
                nrAlive++;
                onLru.add(piece);
                checkReferences(piece, references, where);
                checkFields(piece, offset, pieceOrder, dropped, locked, where);
            }
            checkIndex(piece, offset, pieceOrder, dropped, where);
            offset += Geometry.pagesIn(pieceOrder);
        }
        assertEquals(nrPages, offset, "pages of all pieces");
        assertEquals(nrGroupReferences - 1 + nrAlive, subject.group.nrReferences(), "references to the group");
        checkQueue();
        checkLru(onLru, nrAlive);
    }

    private int references(int pieceOrder, boolean dropped, long piece) {
        int pages = 1 << pieceOrder;
        int references = subject.mappers.nrMapped(piece, pieceOrder);
        if (subject.kind == SplitKind.ANONYMOUS_SWAP_CACHED || (subject.space != null && !dropped)) {
            references += pages;
        }
        return references;
    }

    /** 1: natural alignment, and every page leads to its own head. */
    private static void checkBlock(Quire engine, long piece, int pieceOrder, String where) {
        Folios folios = engine.folios();
        long size = Geometry.pagesIn(pieceOrder);
        assertTrue(Geometry.isAligned(engine.arena().pfnOf(piece), pieceOrder), where + ": alignment");
        long step = Math.max(size / MAX_PROBES, 1);
        for (long page = 0; page < size; page += step) {
            long head = folios.headOf(piece + page * PageStruct.BYTES);
            if (head != piece) {
                assertEquals(piece, head, where + ": head of page " + page);
            }
        }
        long last = piece + (size - 1) * PageStruct.BYTES;
        assertEquals(piece, folios.headOf(last), where + ": head of the last page");
    }

    /** 2: references of the kind, none frozen. */
    private void checkReferences(long piece, int references, String where) {
        assertEquals(references, subject.folios.references(piece), where + ": references");
    }

    /** 4, 5 and 9: flags, mapping, index, private word, group, poison; only the right one is locked. */
    private void checkFields(long piece, long offset, int pieceOrder, boolean dropped, boolean locked, String where) {
        long expected = flags & INHERITED;
        expected |= pieceOrder > 0 ? PageFlag.HEAD.mask() : 0;
        expected |= locked ? PageFlag.LOCKED.mask() : 0;
        expected |= isOnLru() ? PageFlag.LRU.mask() : 0;
        expected |= offset == subject.poisonedPage ? PageFlag.HWPOISON.mask() : 0;
        if (dropped && !subject.kind.isSharedMemory()) {
            expected &= ~PageFlag.DIRTY.mask();
        }
        assertEquals(Long.toHexString(expected), Long.toHexString(PageStruct.flags(piece)), where + ": flags");
        assertEquals(dropped ? 0 : mapping, PageStruct.mapping(piece), where + ": mapping");
        assertEquals(index + offset, PageStruct.index(piece), where + ": index");
        assertEquals(isSwapCached() ? slot + offset : 0, PageStruct.privateWord(piece), where + ": private");
        assertEquals(memcgData, PageStruct.memcgData(piece), where + ": memory group");
        assertEquals(pieceOrder, FolioStruct.order(piece), where + ": order");
        if (pieceOrder > 0) {
            checkSecondPage(piece, offset, pieceOrder, where);
        }
        if (isSwapCached()) {
            long found = subject.engine.swapTable().pin(slot + offset);
            assertEquals(piece, found, where + ": folio in its slot");
            subject.folios.unpin(found);
        }
    }

    private void checkSecondPage(long piece, long offset, int pieceOrder, String where) {
        long poisoned = subject.poisonedPage;
        boolean has = poisoned >= offset && poisoned < offset + Geometry.pagesIn(pieceOrder);
        long expected = pieceOrder
                | PageFlag.LARGE_RMAPPABLE.mask()
                | (has ? PageFlag.HAS_HWPOISONED.mask() : 0)
                | (poisoned == offset + 1 ? PageFlag.HWPOISON.mask() : 0);
        assertEquals(
                Long.toHexString(expected), Long.toHexString(FolioStruct.flags1(piece)), where + ": flags of page 1");
        assertEquals(Geometry.pagesIn(pieceOrder), FolioStruct.nrPages(piece), where + ": number of pages");
        assertEquals(
                subject.mappers.nrMapped(piece, pieceOrder) - 1,
                FolioStruct.largeMapcount(piece),
                where + ": mapcount");
    }

    private boolean isSwapCached() {
        return subject.kind == SplitKind.ANONYMOUS_SWAP_CACHED;
    }

    private boolean isOnLru() {
        return PageFlag.LRU.isSet(flags);
    }

    /** 3: every index that is kept leads to its folio, with its order; nothing is found of what is dropped. */
    private void checkIndex(long piece, long offset, int pieceOrder, boolean dropped, String where) {
        if (subject.space == null) {
            return;
        }
        long size = Geometry.pagesIn(pieceOrder);
        long step = Math.max(size / MAX_PROBES, 1);
        subject.space.index().lock();
        XaCursor cursor = new XaCursor(subject.space.index());
        for (long page = 0; page < size; page += step) {
            cursor.set(index + offset + page);
            long entry = cursor.load();
            if (entry != (dropped ? 0 : piece)) {
                assertEquals(dropped ? 0 : piece, entry, where + ": entry of page " + page);
            }
        }
        int found = dropped ? pieceOrder : cursor.getOrder();
        subject.space.index().unlock();
        assertEquals(pieceOrder, found, where + ": order of the entry");
    }

    /** 8: no piece is queued or partially mapped. */
    private void checkQueue() {
        long nrWasQueued = order > 1 && !isSwapCached() ? 1 : 0;
        assertEquals(nrQueued - nrWasQueued, subject.accounting.deferredSplits().nrFolios(), "queued folios");
        assertEquals(
                nrPartiallyMapped - nrWasQueued,
                subject.accounting.counters().nrPartiallyMapped(),
                "partially mapped folios");
    }

    /** 7: the pieces that live are where the folio was, in order, each once; the pages are counted. */
    private void checkLru(List<Long> pieces, long nrAlive) {
        List<Long> expected = new ArrayList<>();
        for (long entry : lruBefore) {
            if (entry == folio) {
                expected.addAll(pieces);
            } else {
                expected.add(entry);
            }
        }
        assertEquals(expected, lru(), "LRU list");
        assertFalse(pieces.isEmpty(), "pieces alive: " + nrAlive);
        long counted = 0;
        for (long entry : expected) {
            counted += Geometry.pagesIn(FolioStruct.order(entry));
        }
        assertEquals(counted, subject.accounting.lru().nrPages(list()), "pages counted on the LRU list");
    }

    private LruList list() {
        return LruList.of(flags);
    }

    private List<Long> lru() {
        return LruContents.of(subject.engine, list());
    }

    /** What an address space must count. */
    void checkCounts(long nrPagesDropped) {
        if (subject.space == null) {
            return;
        }
        assertEquals(nrPages - nrPagesDropped, subject.space.nrPages(), "pages in the index");
        assertEquals(
                subject.kind.isSharedMemory() ? nrPages - nrPagesDropped : 0,
                subject.space.nrChargedPages(),
                "pages charged");
        assertTrue(AddressSpaceStruct.nrPagesOpaque(subject.space.address()) >= 0);
    }
}
