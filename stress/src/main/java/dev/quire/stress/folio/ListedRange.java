/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.folio;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.LruLists;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.PinCheck;

/** A {@link PageRange} whose folio is, or whose pieces are, on an LRU list. */
final class ListedRange {
    /** Added to what was pinned if it was on no list. */
    static final int NOT_LISTED = 20;

    private static final int NR_PAGES = 1 << PageRange.ORDER;
    private static final int SPLIT_AT = 2;

    private final SharedEngine engine;
    private final PageArena arena;
    private final Folios folios;
    private final LruLists lru;
    private final PageRange range;

    /** Puts one folio on its list. */
    ListedRange(SharedEngine engine) {
        this(engine, new PageRange(engine));
        range.guardAction(() -> {
            if (engine.headMap == HeadMapKind.HEAD_BITS) {
                prepareLinks();
            }
            list(range.first());
        });
    }

    private ListedRange(SharedEngine engine, PageRange range) {
        this.engine = engine;
        arena = engine.quire.arena();
        folios = engine.quire.folios();
        lru = engine.quire.accounting().lru();
        this.range = range;
    }

    /** Puts the pieces on their list, one after the other. */
    static ListedRange inPieces(SharedEngine engine) {
        ListedRange listed = new ListedRange(engine, PageRange.inPieces(engine));
        listed.range.guardAction(listed::listAll);
        return listed;
    }

    private void listAll() {
        for (int page = 0; page < NR_PAGES; page += 1 << folios.order(pageAt(page))) {
            list(pageAt(page));
        }
    }

    /**
     * Makes something of the words where the pieces' links will be: a broken engine that unlinks a piece before it is
     * linked must show in the lists, and not crash. With head bits nobody reads these words of tails.
     */
    private void prepareLinks() {
        for (int page = SPLIT_AT; page < NR_PAGES; page++) {
            ListHead.initialise(PageStruct.list(pageAt(page)));
        }
    }

    private void list(long folio) {
        if (!folios.tryPin(folio)) {
            throw new IllegalStateException("cannot pin the folio: folio=0x" + Long.toHexString(folio));
        }
        lru.add(folio);
        folios.unpin(folio);
    }

    /** A number that differs from state to state. */
    int slot() {
        return range.slot();
    }

    /**
     * Pins the folio of the reader's page by its index, takes it off its list, puts it back, and lets go of it: what
     * was pinned, see {@link PinCheck#inspectAndUnpin}; {@link PageRange#CAME_FROZEN} and {@link #NOT_LISTED} more.
     */
    int isolateAndPutBack() {
        return range.guard(() -> {
            int seen = range.isFrozen() ? PageRange.CAME_FROZEN : 0;
            long head = engine.lookup.pin(range.readIndex());
            if (lru.isolate(head)) {
                lru.add(head);
                folios.unpin(head);
            } else {
                seen += NOT_LISTED;
            }
            return seen + range.inspectAndUnpin(head);
        });
    }

    /** Splits the folio; 0, an error number or {@link PageRange#REFUSED}. */
    int split() {
        return range.split(SPLIT_AT);
    }

    /** Merges the pieces; 0, an error number or {@link PageRange#REFUSED}. */
    int merge() {
        return range.merge();
    }

    /** Drops what is cached and gives the range back; the number of folios, 0 if they or the lists are not in order. */
    int recycle() {
        if (!range.isBroken() && areAllListed()) {
            return range.recycle();
        }
        // Freeing folios that are wrongly linked would make more disorder.
        range.abandon();
        return 0;
    }

    private boolean areAllListed() {
        for (int page = 0; page < NR_PAGES; page += 1 << folios.order(pageAt(page))) {
            long head = pageAt(page);
            if (!PageFlag.LRU.isSet(PageStruct.flagsAcquire(head)) || !Links.isOnLru(arena, head)) {
                return false;
            }
        }
        return true;
    }

    private long pageAt(int page) {
        return range.first() + (long) page * PageStruct.BYTES;
    }
}
