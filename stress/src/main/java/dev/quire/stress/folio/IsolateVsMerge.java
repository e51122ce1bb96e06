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
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Isolation of a folio from its LRU list beside a merge: every piece, and then the merged folio, is on the list as long
 * as it can be found, so whoever has pinned one takes it off, and puts it back; and the lists stay linked.
 *
 * <p>First number: what was isolated (1 the merged folio, 2 a piece, 9 another); 10 more if the first piece was frozen
 * before, 20 more if what was found was on no list. Second: how the merge ended (0, or -11 for EAGAIN). Third: the
 * number of folios at the end, 0 if they or the lists are not in order.
 */
public final class IsolateVsMerge {
    private IsolateVsMerge() {}

    /** Four folios of the page cache. */
    @JCStressTest
    @Outcome(id = "2, 0, 1", expect = ACCEPTABLE, desc = "a piece was isolated and put back before it was merged")
    @Outcome(id = "1, 0, 1", expect = ACCEPTABLE, desc = "the merged folio was isolated and put back")
    @Outcome(
            id = "2, -11, 4",
            expect = ACCEPTABLE,
            desc = "window: a piece was isolated, or at least held, which kept it from being merged")
    @Outcome(
            id = "11, 0, 1",
            expect = ACCEPTABLE,
            desc = "window: the merged folio was isolated and put back by somebody who came during the merge")
    @Outcome(
            id = {"12, -11, 4", "12, 0, 1"},
            expect = ACCEPTABLE,
            desc = "a piece was isolated by somebody who came while only the first ones were frozen, or who found them"
                    + " thawed again")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "[23]., .*, .", expect = FORBIDDEN, desc = "a folio was found that was on no list")
    @Outcome(id = ".*, .*, 0", expect = FORBIDDEN, desc = "the folios or the lists are not in order")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("isolation from an LRU list of a folio that is merged with others")
    @State
    public static class PageCache extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final ListedRange range = ListedRange.inPieces(ENGINE);

        /** Isolates. */
        @Actor
        public void isolator(III_Result seen) {
            meet(range.slot());
            seen.r1 = range.isolateAndPutBack();
        }

        /** Merges. */
        @Actor
        public void merger(III_Result seen) {
            meet();
            seen.r2 = range.merge();
        }

        /** Looks at what is left, and recycles the range. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycle();
        }
    }
}
