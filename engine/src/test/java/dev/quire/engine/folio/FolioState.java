/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a refused split must leave as it was, beside counts and page tables: the page structs, whose head each page is
 * part of, the entries of the index and their marks, the slots of the swap cache, the records of page owners, the place
 * on the LRU list. Of folios larger than 2^12 pages some words are looked at.
 *
 * @param words the first four page structs, in halves of words
 * @param restHash hash of the other page structs
 * @param headsHash hash of the heads of all pages
 * @param entries entries of the index in the block that the folio and its buddy would be
 * @param slotsHash hash of the slots of the swap cache
 * @param ownersHash hash of the records of page owners
 * @param place where the folio is on its LRU list
 */
record FolioState(
        List<Integer> words,
        long restHash,
        long headsHash,
        List<OwnerIndex.Entry> entries,
        long slotsHash,
        long ownersHash,
        LruPlace place) {
    private static final int NR_OVERLAID_PAGES = 4;
    private static final long MAX_WORDS = 1 << 16;
    private static final long MAX_HEADS = 1 << 12;
    private static final int REFCOUNT = 52 / Integer.BYTES;
    private static final int LARGE_MAPCOUNT = 80 / Integer.BYTES;
    private static final int NR_PAGES_MAPPED = 84 / Integer.BYTES;
    private static final int ENTIRE_MAPCOUNT = 88 / Integer.BYTES;

    static FolioState of(FolioContext context, @Nullable OwnerIndex ownerIndex, long folio, int order) {
        long nrPages = Geometry.pagesIn(order);
        long flags = PageStruct.flags(folio);
        long restBase = folio + NR_OVERLAID_PAGES * PageStruct.BYTES;
        long slots = context.arena().swapTableBase() + PageStruct.privateWord(folio) * Long.BYTES;
        long owners = context.arena().pageOwnersBase() + context.arena().pfnOf(folio) * Long.BYTES;
        boolean swapCached = PageFlag.isSwapCached(flags);
        boolean owned = context.accounting().owners() != null;
        return new FolioState(
                words(folio, nrPages),
                hash(restBase, (nrPages - NR_OVERLAID_PAGES) * (PageStruct.BYTES / Long.BYTES)),
                hashOfHeads(context, folio, nrPages),
                ownerIndex == null ? List.of() : ownerIndex.aroundBlock(PageStruct.index(folio), order),
                hash(slots, swapCached ? nrPages : 0),
                hash(owners, owned ? nrPages : 0),
                LruPlace.of(folio));
    }

    private static List<Integer> words(long folio, long nrPages) {
        List<Integer> words = new ArrayList<>();
        long end = folio + Math.min(nrPages, NR_OVERLAID_PAGES) * PageStruct.BYTES;
        for (long word = folio; word < end; word += Integer.BYTES) {
            words.add(NativeMemory.getInt(word));
        }
        return words;
    }

    private static long hash(long address, long nrWords) {
        long hash = 0;
        for (long word = 0; word < nrWords; word += step(nrWords, MAX_WORDS)) {
            hash = 31 * hash + NativeMemory.getLong(address + word * Long.BYTES);
        }
        return hash;
    }

    /** Odd, so that words of all kinds are met. */
    private static long step(long number, long max) {
        return number / max | 1;
    }

    private static long hashOfHeads(FolioContext context, long folio, long nrPages) {
        long hash = 0;
        for (long page = 0; page < nrPages; page += step(nrPages, MAX_HEADS)) {
            hash = 31 * hash + context.headMap().headOf(folio + page * PageStruct.BYTES);
        }
        return hash;
    }

    /** This state as it is if meanwhile leaves have been split, or gone, or come back. */
    FolioState with(FolioLeaves before, FolioLeaves now, int order, long gainedFlags) {
        if (order == 0) {
            return this;
        }
        List<Integer> changed = new ArrayList<>(words);
        changed.set(REFCOUNT, words.get(REFCOUNT) + now.nrLeaves() - before.nrLeaves());
        changed.set(LARGE_MAPCOUNT, words.get(LARGE_MAPCOUNT) + now.nrLeaves() - before.nrLeaves());
        changed.set(
                NR_PAGES_MAPPED, words.get(NR_PAGES_MAPPED) + now.nrPagesMapped(order) - before.nrPagesMapped(order));
        changed.set(ENTIRE_MAPCOUNT, words.get(ENTIRE_MAPCOUNT) + now.nrEntire(order) - before.nrEntire(order));
        changed.set(0, words.getFirst() | (int) gainedFlags);
        return new FolioState(changed, restHash, headsHash, entries, slotsHash, ownersHash, place);
    }

    void requireSame(FolioState now, String when) {
        assertEquals(words, now.words, () -> "first page structs " + when);
        assertEquals(restHash, now.restHash, () -> "hash of the other page structs " + when);
        assertEquals(headsHash, now.headsHash, () -> "hash of the pages' heads " + when);
        assertEquals(entries, now.entries, () -> "entries of the index " + when);
        assertEquals(slotsHash, now.slotsHash, () -> "hash of the slots in the swap cache " + when);
        assertEquals(ownersHash, now.ownersHash, () -> "hash of the records of page owners " + when);
        assertEquals(place, now.place, () -> "place on the LRU list " + when);
    }
}
