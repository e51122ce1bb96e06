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
 * A lookup by index beside a merge pins the folio that covers the index, whole and with its own bytes, for as long as
 * it holds the pin: its piece, which then is not merged, or the new folio. A merge that does not succeed has changed
 * nothing.
 *
 * <p>First number: what the reader pinned (0 nothing, 1 the new folio, 2 its page's piece, 9 another, or one that
 * changed while pinned; also if the range is not in order at the end); 10 more if it came while the first piece was
 * frozen. Second: how the merge ended (0, or -11 for EAGAIN).
 */
public final class LookupVsMerge {
    private LookupVsMerge() {}

    /** How both variants are graded. */
    @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the reader pinned its piece and let go of it before the merge")
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the reader pinned the new folio")
    @Outcome(
            id = "2, -11",
            expect = ACCEPTABLE,
            desc = "window: the reader held its piece, which kept it from being merged")
    @Outcome(
            id = "11, 0",
            expect = ACCEPTABLE,
            desc = "window: the reader came while the pieces were frozen, waited, and pinned the new folio")
    @Outcome(
            id = {"12, -11", "12, 0"},
            expect = ACCEPTABLE,
            desc = "the reader came while only the first pieces were frozen, or they were thawed again, and pinned"
                    + " its own")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?1, -11", expect = FORBIDDEN, desc = "the reader pinned a merged folio though nothing was merged")
    @Outcome(
            id = "1?9, .*",
            expect = FORBIDDEN,
            desc = "the reader pinned a folio that does not cover its index or is not whole, or the merge left"
                    + " disorder")
    @Outcome(
            id = "1?0, .*",
            expect = FORBIDDEN,
            desc = "the reader found nothing at an index that was cached all the time")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Heads found by head bits. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("lookup by index of a page-cache folio while its block is merged, head bits")
    @State
    public static class HeadBits extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final PageRange range = PageRange.inPieces(ENGINE);

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.lookUp();
        }

        /** Merges. */
        @Actor
        public void writer(II_Result seen) {
            meet();
            seen.r2 = range.merge();
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
    @Description("lookup by index of a page-cache folio while its block is merged, tail words")
    @State
    public static class TailWords extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.TAIL_WORDS);
        private final PageRange range = PageRange.inPieces(ENGINE);

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.lookUp();
        }

        /** Merges. */
        @Actor
        public void writer(II_Result seen) {
            meet();
            seen.r2 = range.merge();
        }

        /** Looks at what is left, and recycles the range. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }
}
