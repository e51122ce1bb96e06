/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.folio;

import dev.quire.engine.lock.SpinLock;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.DeferredSplitStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.ListHead;
import dev.quire.engine.struct.LruVectorStruct;
import dev.quire.engine.struct.PageStruct;

/** Looks under the lists' own locks whether folios are properly linked into them. */
final class Links {
    private Links() {}

    /** Whether a folio's link has neighbours on the LRU lists that know it. */
    static boolean isOnLru(PageArena arena, long folio) {
        return isLinked(LruVectorStruct.lock(arena.lruBase()), PageStruct.list(folio));
    }

    /** Whether a folio's link has neighbours on the deferred-split queue that know it. */
    static boolean isOnQueue(PageArena arena, long folio) {
        return isLinked(DeferredSplitStruct.lock(arena.deferredSplitBase()), FolioStruct.deferredList(folio));
    }

    private static boolean isLinked(long lock, long link) {
        SpinLock.lock(lock);
        try {
            boolean isAlone = ListHead.isEmpty(link);
            return !isAlone && ListHead.prev(ListHead.next(link)) == link && ListHead.next(ListHead.prev(link)) == link;
        } finally {
            SpinLock.unlock(lock);
        }
    }
}
