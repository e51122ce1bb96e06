/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;

/**
 * Where a folio is on its LRU list, or what has taken its place: found in constant time, however long the list.
 *
 * @param before link before it; 0 if it is on no list
 * @param after link after it; 0 if it is on no list
 */
record LruPlace(long before, long after) {
    private static final LruPlace NONE = new LruPlace(0, 0);

    /** The place of a folio that nobody adds to a list, or takes off it, meanwhile. */
    static LruPlace of(long folio) {
        long flags = PageStruct.flags(folio);
        if (!PageFlag.LRU.isSet(flags) || LruList.of(flags) == LruList.UNEVICTABLE) {
            return NONE;
        }
        long link = PageStruct.list(folio);
        LruPlace place = new LruPlace(ListHead.prev(link), ListHead.next(link));
        place.requireNext(place.before, link);
        place.requireNext(link, place.after);
        return place;
    }

    /** Checks that a folio follows a link of this place, and returns its own link. */
    long requireNext(long link, long next) {
        if (before != 0) {
            assertEquals(next, ListHead.next(link), "link on the LRU list to the next folio");
            assertEquals(link, ListHead.prev(next), "link on the LRU list to the folio before");
        }
        return next;
    }
}
