/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.lock;

import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.Slots;

/** Page structs that the states of one scenario take turns in; nobody allocates or frees them. */
final class SharedPages {
    private final PageArena arena = PageArena.open(Slots.COUNT, 1, 1, Backing.AUTOMATIC);
    private final Slots slots = new Slots();

    /** Takes a page and gives it these flags and this many references; its private word is 0. */
    long take(long flags, int nrReferences) {
        long page = arena.pageAt(slots.take());
        PageStruct.flags(page, flags);
        PageStruct.index(page, 0);
        PageStruct.privateWord(page, 0);
        PageStruct.refcount(page, nrReferences);
        return page;
    }

    /** Number of the state that has a page. */
    int slotOf(long page) {
        return (int) arena.pfnOf(page);
    }

    void giveBack(long page) {
        slots.giveBack(slotOf(page));
    }
}
