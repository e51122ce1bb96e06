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
 * Who pins the folio of a page, coming from the page and not from an index, gets the folio that holds it, whole, or is
 * refused while it is frozen.
 *
 * <p>First number: what the reader pinned (0 refused, 1 the merged folio, 2 its page's piece, 9 another, or one that
 * changed while pinned; also if the range is not in order at the end). Second: how the merge ended (0, or -11 for
 * EAGAIN).
 */
public final class PageToHeadVsMerge {
    private PageToHeadVsMerge() {}

    /** How both variants are graded. */
    @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the reader pinned its piece and let go of it before the merge")
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the reader pinned the new folio")
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "window: the reader was refused while the piece was frozen")
    @Outcome(
            id = "2, -11",
            expect = ACCEPTABLE,
            desc = "window: the reader held its piece, which kept it from being merged")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "0, -11", expect = FORBIDDEN, desc = "the reader was refused a piece, and no other reader held one")
    @Outcome(id = "1, -11", expect = FORBIDDEN, desc = "the reader pinned a merged folio though nothing was merged")
    @Outcome(
            id = "9, .*",
            expect = FORBIDDEN,
            desc = "the reader pinned a folio that does not hold the page or is not whole, or the merge left disorder")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Heads found by head bits. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("pin of the folio of a page while its block is merged, head bits")
    @State
    public static class HeadBits extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final PageRange range = PageRange.inPieces(ENGINE);

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.pinFolioOfPage();
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
    @Description("pin of the folio of a page while its block is merged, tail words")
    @State
    public static class TailWords extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.TAIL_WORDS);
        private final PageRange range = PageRange.inPieces(ENGINE);

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.pinFolioOfPage();
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
