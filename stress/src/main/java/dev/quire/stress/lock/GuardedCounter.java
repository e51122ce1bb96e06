/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.lock;

import dev.quire.engine.struct.PageStruct;

/** A plain word in a page struct that is incremented by a load, a wait and a store: only a lock makes that safe. */
final class GuardedCounter {
    /** Instead of a count, if the thread did not get the lock. */
    static final int GAVE_UP = -1;

    /** Instead of a count, if somebody else released the lock that the thread held. */
    static final int LOST_LOCK = -2;

    private static final int NR_SPINS = 8;

    private GuardedCounter() {}

    /** Increments the word; tells what it was before. */
    static int increment(long page) {
        int found = (int) PageStruct.privateWord(page);
        for (int spin = 0; spin < NR_SPINS; spin++) {
            Thread.onSpinWait();
        }
        PageStruct.privateWord(page, found + 1);
        return found;
    }
}
