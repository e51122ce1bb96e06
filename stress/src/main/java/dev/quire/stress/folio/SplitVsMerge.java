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
 * A merge of four folios beside a split of the last of them, each by somebody with a reference of his own: they happen
 * one after the other, or one of them is given up and has changed nothing.
 *
 * <p>First two numbers: how merge and split ended (0, -11 for EAGAIN, 1 if the folio was frozen and could not be
 * pinned). Third: the number of folios at the end, 0 if they or their references are not in order.
 */
public final class SplitVsMerge {
    private static final int SPLIT_AT = 5;

    private SplitVsMerge() {}

    /** How both variants are graded. */
    @Outcome(id = "0, 0, 4", expect = ACCEPTABLE, desc = "the merged folio was split")
    @Outcome(id = "0, 0, 1", expect = ACCEPTABLE, desc = "the last folio was split, and then all were merged")
    @Outcome(
            id = "-11, 0, 6",
            expect = ACCEPTABLE,
            desc = "window: the splitter held the last folio, which kept the others from being merged")
    @Outcome(
            id = "0, 1, 1",
            expect = ACCEPTABLE,
            desc = "window: the last folio was frozen to be merged when the splitter came")
    @Outcome(
            id = "0, -11, 1",
            expect = ACCEPTABLE,
            desc = "the merger still held the merged folio, which kept it from being split")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = ".*, .*, 0", expect = FORBIDDEN, desc = "the folios are not in order, or references were lost")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Heads found by head bits. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("merge of a block while one of its folios is split, head bits")
    @State
    public static class HeadBits extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final PageRange range = PageRange.inPieces(ENGINE);

        /** Merges. */
        @Actor
        public void merger(III_Result seen) {
            meet();
            seen.r1 = range.merge();
        }

        /** Splits. */
        @Actor
        public void splitter(III_Result seen) {
            meet(range.slot());
            seen.r2 = range.split(SPLIT_AT);
        }

        /** Counts, and recycles the range. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycle();
        }
    }

    /** Heads named by tail words. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("merge of a block while one of its folios is split, tail words")
    @State
    public static class TailWords extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.TAIL_WORDS);
        private final PageRange range = PageRange.inPieces(ENGINE);

        /** Merges. */
        @Actor
        public void merger(III_Result seen) {
            meet();
            seen.r1 = range.merge();
        }

        /** Splits. */
        @Actor
        public void splitter(III_Result seen) {
            meet(range.slot());
            seen.r2 = range.split(SPLIT_AT);
        }

        /** Counts, and recycles the range. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycle();
        }
    }
}
