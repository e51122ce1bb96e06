/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quire.engine.Quire;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.LruVectorStruct;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.List;

/** Reads LRU lists that nobody changes, and checks their links. */
final class LruContents {
    private LruContents() {}

    /** The folios on a list, the one used last first; none for the one that is no list. */
    static List<Long> of(Quire engine, LruList list) {
        return of(engine.arena(), list);
    }

    static List<Long> of(PageArena arena, LruList list) {
        List<Long> folios = new ArrayList<>();
        if (list == LruList.UNEVICTABLE) {
            return folios;
        }
        long head = LruVectorStruct.list(arena.lruBase(), list.ordinal());
        for (long link = ListHead.next(head); link != head; link = ListHead.next(link)) {
            assertEquals(link, ListHead.prev(ListHead.next(link)), "LRU link");
            folios.add(PageStruct.pageOfList(link));
        }
        return folios;
    }
}
