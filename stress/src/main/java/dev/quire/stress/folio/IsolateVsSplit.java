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
 * Isolation of a folio from its LRU list beside a split: every piece is on the list once it can be found, so whoever
 * has pinned one takes it off, and puts it back; and the lists stay linked.
 *
 * <p>First number: what was isolated (1 the old folio, 2 a piece, 9 another); 10 more if the old folio was frozen
 * before, 20 more if what was found was on no list. Second: how the split ended (0, or -11 for EAGAIN). Third: the
 * number of folios at the end, 0 if they or the lists are not in order.
 */
public final class IsolateVsSplit {
    private IsolateVsSplit() {}

    /** How both variants are graded. */
    @Outcome(id = "1, 0, 4", expect = ACCEPTABLE, desc = "the folio was isolated and put back before it was split")
    @Outcome(id = "2, 0, 4", expect = ACCEPTABLE, desc = "a piece was isolated and put back")
    @Outcome(
            id = "1, -11, 1",
            expect = ACCEPTABLE,
            desc = "window: the folio was isolated, or at least held, which kept it from being split")
    @Outcome(
            id = "12, 0, 4",
            expect = ACCEPTABLE,
            desc = "window: a piece was isolated and put back by somebody who came during the split")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "[23]., .*, .", expect = FORBIDDEN, desc = "a folio or piece was found that was on no list")
    @Outcome(id = ".*, .*, 0", expect = FORBIDDEN, desc = "the folios or the lists are not in order")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Heads found by head bits. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("isolation from an LRU list of a folio that is split, head bits")
    @State
    public static class HeadBits extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final ListedRange range = new ListedRange(ENGINE);

        /** Isolates. */
        @Actor
        public void isolator(III_Result seen) {
            meet(range.slot());
            seen.r1 = range.isolateAndPutBack();
        }

        /** Splits. */
        @Actor
        public void splitter(III_Result seen) {
            meet();
            seen.r2 = range.split();
        }

        /** Looks at what is left, and recycles the range. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycle();
        }
    }

    /** Heads named by tail words. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("isolation from an LRU list of a folio that is split, tail words")
    @State
    public static class TailWords extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.TAIL_WORDS);
        private final ListedRange range = new ListedRange(ENGINE);

        /** Isolates. */
        @Actor
        public void isolator(III_Result seen) {
            meet(range.slot());
            seen.r1 = range.isolateAndPutBack();
        }

        /** Splits. */
        @Actor
        public void splitter(III_Result seen) {
            meet();
            seen.r2 = range.split();
        }

        /** Looks at what is left, and recycles the range. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycle();
        }
    }
}
