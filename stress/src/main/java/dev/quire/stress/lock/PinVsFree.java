/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.lock;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.lock.References;
import dev.quire.engine.struct.PageStruct;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A reader pins a folio while its owner gives the last reference back: exactly one of them frees it, and a folio that
 * is free is never pinned.
 *
 * <p>First number: what came of the pin (0 refused, 1 held and given back, 2 held and was the last, 3 held a freed
 * folio, 4 the engine lost count). Second: what came of the owner's reference, likewise. Third: how often the folio was
 * freed.
 */
public final class PinVsFree {
    private static final SharedPages PAGES = new SharedPages();
    private static final int NR_SPINS = 4;
    private static final int REFUSED = 0;
    private static final int GIVEN_BACK = 1;
    private static final int FREED = 2;
    private static final int PINNED_FREED = 3;
    private static final int MISCOUNTED = 4;

    private PinVsFree() {}

    private static int pinAndPut(long page) {
        if (!References.tryGet(page)) {
            return REFUSED;
        }
        long nrFreed = PageStruct.index(page);
        for (int spin = 0; spin < NR_SPINS; spin++) {
            Thread.onSpinWait();
            nrFreed |= PageStruct.index(page);
        }
        if (nrFreed != 0) {
            return PINNED_FREED;
        }
        return put(page);
    }

    /** Gives a reference back; frees the folio, which here is to count it, if it was the last. */
    private static int put(long page) {
        try {
            if (!References.put(page, 1)) {
                return GIVEN_BACK;
            }
            PageStruct.index(page, PageStruct.index(page) + 1);
            return FREED;
        } catch (IllegalStateException e) {
            return MISCOUNTED;
        }
    }

    /** One reader, one owner. */
    @JCStressTest
    @Outcome(id = "0, 2, 1", expect = ACCEPTABLE, desc = "the owner freed the folio; the pin was refused")
    @Outcome(id = "1, 2, 1", expect = ACCEPTABLE, desc = "the pin came and went; the owner freed the folio")
    @Outcome(
            id = "2, 1, 1",
            expect = ACCEPTABLE,
            desc = "window: the owner let go while the reader held its pin; the reader freed the folio")
    @Outcome(id = "3, ., .", expect = FORBIDDEN, desc = "the reader pinned a folio that was free")
    @Outcome(expect = FORBIDDEN, desc = "the folio was not freed exactly once")
    @Description("pin of a folio against the release of its last reference")
    @State
    public static class LastReference {
        private final long page = PAGES.take(0, 1);

        /** Pins and lets go. */
        @Actor
        public void reader(III_Result seen) {
            seen.r1 = pinAndPut(page);
        }

        /** Lets go. */
        @Actor
        public void owner(III_Result seen) {
            seen.r2 = put(page);
        }

        /** Counts and recycles the slot. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = (int) PageStruct.index(page);
            PAGES.giveBack(page);
        }
    }
}
