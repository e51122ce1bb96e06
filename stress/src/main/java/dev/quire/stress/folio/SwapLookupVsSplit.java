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
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A lookup in the swap cache beside a split pins the folio that caches the slot, whole and with the slot's own bytes,
 * for as long as it holds the pin: the old folio, which then is not split, or the new one.
 *
 * <p>First number: what the reader pinned (0 nothing, 1 the old folio, 2 its page's new folio, 9 another, or one that
 * changed while pinned; also if the slots are not in order at the end); 10 more if it came while the old folio was
 * frozen. Second: how the split ended (0, or -11 for EAGAIN).
 */
public final class SwapLookupVsSplit {
    private SwapLookupVsSplit() {}

    /** How both variants are graded. */
    @Outcome(
            id = "1, 0",
            expect = ACCEPTABLE,
            desc = "the reader pinned the old folio and let go of it before the split")
    @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the reader pinned the new folio")
    @Outcome(
            id = "1, -11",
            expect = ACCEPTABLE,
            desc = "window: the reader held the old folio, which kept it from being split")
    @Outcome(
            id = "12, 0",
            expect = ACCEPTABLE,
            desc = "window: the reader came while the folio was frozen, waited, and pinned the new one")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = "1?0, .*",
            expect = FORBIDDEN,
            desc = "the reader found nothing in a slot that was cached all the time")
    @Outcome(
            id = "1?9, .*",
            expect = FORBIDDEN,
            desc = "the reader pinned a folio that does not cache its slot or is not whole, or the split left disorder")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Heads found by head bits. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("lookup in the swap cache of a slot whose folio is split, head bits")
    @State
    public static class HeadBits extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final SwapRange range = new SwapRange(ENGINE);

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.lookUp();
        }

        /** Splits. */
        @Actor
        public void writer(II_Result seen) {
            meet();
            seen.r2 = range.split();
        }

        /** Looks at what is left, and recycles the range. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }

    /** Heads named by tail words. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("lookup in the swap cache of a slot whose folio is split, tail words")
    @State
    public static class TailWords extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.TAIL_WORDS);
        private final SwapRange range = new SwapRange(ENGINE);

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.lookUp();
        }

        /** Splits. */
        @Actor
        public void writer(II_Result seen) {
            meet();
            seen.r2 = range.split();
        }

        /** Looks at what is left, and recycles the range. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }
}
