/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.folio;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.stress.GuardedState;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A swap slot that is given back while the folio that caches it is split reads as not cached from then on, and is free
 * once its new folio has left the swap cache.
 *
 * <p>First number: 1 if the folio was frozen when the slot was given back. Second: how the split ended (always 0:
 * nobody else holds the folio). Third: 1 if the slot is free in the end.
 */
public final class SwapFreeVsSplit {
    private SwapFreeVsSplit() {}

    /** How both variants are graded. */
    @Outcome(id = "0, 0, 1", expect = ACCEPTABLE, desc = "the slot was given back before or after the split")
    @Outcome(id = "1, 0, 1", expect = ACCEPTABLE, desc = "window: the slot was given back while the folio was frozen")
    @Outcome(
            id = {"., 7, .", "., ., 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "., 0, 0", expect = FORBIDDEN, desc = "the slot is cached or in use although it was given back")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Heads found by head bits. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("return of a swap slot while the folio that caches it is split, head bits")
    @State
    public static class HeadBits extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final SwapRange range = new SwapRange(ENGINE);

        /** Gives back. */
        @Actor
        public void user(III_Result seen) {
            meet(range.slot());
            seen.r1 = range.isFrozen() ? 1 : 0;
            range.giveSlotBack();
        }

        /** Splits. */
        @Actor
        public void writer(III_Result seen) {
            meet();
            seen.r2 = range.split();
        }

        /** Looks at the slot, and recycles the others. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycleWithoutSlot();
        }
    }

    /** Heads named by tail words. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("return of a swap slot while the folio that caches it is split, tail words")
    @State
    public static class TailWords extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.TAIL_WORDS);
        private final SwapRange range = new SwapRange(ENGINE);

        /** Gives back. */
        @Actor
        public void user(III_Result seen) {
            meet(range.slot());
            seen.r1 = range.isFrozen() ? 1 : 0;
            range.giveSlotBack();
        }

        /** Splits. */
        @Actor
        public void writer(III_Result seen) {
            meet();
            seen.r2 = range.split();
        }

        /** Looks at the slot, and recycles the others. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycleWithoutSlot();
        }
    }
}
