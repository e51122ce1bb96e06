/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.lock;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.lock.References;
import dev.quire.engine.struct.PageStruct;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A reader pins a folio while a writer freezes it to change it: one of them wins, and a reader that pins it afterwards
 * sees all that the writer changed.
 *
 * <p>First number: what came of the pin (0 refused, 1 pinned before the change, 2 pinned after it, 3 saw a change while
 * it held its pin). Second: whether the writer froze the folio.
 */
public final class PinVsFreeze {
    private static final SharedPages PAGES = new SharedPages();
    private static final int NR_SPINS = 4;
    private static final int REFUSED = 0;
    private static final int SEES_OLD = 1;
    private static final int SEES_NEW = 2;
    private static final int SEES_CHANGE = 3;

    private PinVsFreeze() {}

    /** Pins the folio for good; the arbiter does not care. */
    private static int pinAndLook(long page) {
        if (!References.tryGet(page)) {
            return REFUSED;
        }
        long first = PageStruct.index(page);
        for (int spin = 0; spin < NR_SPINS; spin++) {
            Thread.onSpinWait();
        }
        long last = PageStruct.privateWord(page);
        if (first != last) {
            return SEES_CHANGE;
        }
        return first == 0 ? SEES_OLD : SEES_NEW;
    }

    private static void change(long page) {
        PageStruct.privateWord(page, 1);
        PageStruct.index(page, 1);
    }

    /** The engine's freeze. */
    @JCStressTest
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "window: the reader came while the folio was frozen")
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "window: the reader's pin kept the writer from freezing")
    @Outcome(id = "2, 1", expect = ACCEPTABLE, desc = "the reader came after the change and saw all of it")
    @Outcome(id = "1, 1", expect = FORBIDDEN, desc = "the writer froze a folio that the reader had pinned")
    @Outcome(id = "3, .", expect = FORBIDDEN, desc = "the folio changed under the reader's pin, or only part of it did")
    @Outcome(expect = FORBIDDEN, desc = "neither of them won")
    @Description("pin of a folio against freeze, change and unfreeze")
    @State
    public static class OneOwner {
        private final long page = PAGES.take(0, 1);

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            seen.r1 = pinAndLook(page);
        }

        /** Freezes, changes, unfreezes. */
        @Actor
        public void writer(II_Result seen) {
            if (References.freeze(page, 1)) {
                change(page);
                References.unfreeze(page, 1);
                seen.r2 = 1;
            }
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            PAGES.giveBack(page);
        }
    }

    /** Broken on purpose: unfreezes before the change is complete. */
    @JCStressTest
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "the reader came while the folio was frozen")
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the reader's pin kept the writer from freezing")
    @Outcome(id = "2, 1", expect = ACCEPTABLE, desc = "the reader came after the change and saw all of it")
    @Outcome(
            id = {"1, 1", "3, 1"},
            expect = ACCEPTABLE_INTERESTING,
            desc = "window: the reader pinned the folio before the change was complete")
    @Outcome(expect = FORBIDDEN, desc = "neither of them won")
    @Description("pin of a folio against freeze, unfreeze and change")
    @State
    public static class BrokenUnfreezeBeforeChange {
        private final long page = PAGES.take(0, 1);

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            seen.r1 = pinAndLook(page);
        }

        /** Freezes, unfreezes, changes. */
        @Actor
        public void writer(II_Result seen) {
            if (References.freeze(page, 1)) {
                References.unfreeze(page, 1);
                change(page);
                seen.r2 = 1;
            }
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            PAGES.giveBack(page);
        }
    }
}
