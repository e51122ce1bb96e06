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
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * While the leaf that maps the whole of a folio is split, its pages count, whoever looks: the folio is not taken for one
 * of which only a part is mapped, nor for one that has room for more leaves than it has.
 *
 * <p>First number: pages that are mapped, 8 by that leaf and 1 by another; -1 if only a part is said to be. Second: 1 if
 * the counts are right at the end.
 */
public final class CountVsLeafSplit {
    private CountVsLeafSplit() {}

    /** A leaf of the whole, and one of its first page. */
    @JCStressTest
    @Outcome(id = "9, 1", expect = ACCEPTABLE, desc = "each page of the leaf was counted once")
    @Outcome(
            id = "17, 1",
            expect = ACCEPTABLE,
            desc = "window: the leaf was in the middle of its split, and its pages were counted twice")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "-1, .", expect = FORBIDDEN, desc = "pages that are mapped all the time seemed not to be")
    @Outcome(id = "1, .", expect = FORBIDDEN, desc = "the pages of the leaf counted nowhere")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("count of the pages that leaves map while the leaf that maps all of them is split")
    @State
    public static class WholeAndOnePage extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final CountedLeaves leaves = CountedLeaves.wholeAndOnePage(ENGINE);

        /** Counts. */
        @Actor
        public void reader(II_Result seen) {
            meet(leaves.slot());
            seen.r1 = leaves.count();
        }

        /** Splits the leaf. */
        @Actor
        public void splitter() {
            meet();
            leaves.splitLeaf();
        }

        /** Looks at the counts, and recycles the folio. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r2 = leaves.recycleMapped();
        }
    }
}
