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
 * A folio on the deferred-split queue is freed beside a shrinker: it is freed once, whole or in pieces, and nothing of
 * it stays on the queue.
 *
 * <p>First number: 1 if the user has put the folio on the queue. Second: 1 if the shrinker split something, 10 more if
 * it found something on the queue and could not split it. Third: 1 if nothing is left of the folio at the end.
 */
public final class FreeVsShrink {
    private FreeVsShrink() {}

    /** The file drops the folio. */
    @JCStressTest
    @Outcome(id = "1, 0, 1", expect = ACCEPTABLE, desc = "the shrinker did not meet the folio")
    @Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "the folio was split, and its pieces were dropped")
    @Outcome(
            id = "1, 1[01], 1",
            expect = ACCEPTABLE,
            desc = "window: the folio was dropped while the shrinker looked for it, or held it")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = "1, \\d+, 0",
            expect = FORBIDDEN,
            desc = "something of the folio is left, in the file or on the queue")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a folio that is queued for a later split is freed while the queue is emptied")
    @State
    public static class Dropped extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final QueuedRange range = new QueuedRange(ENGINE);

        /** Puts the folio on the queue, and drops it. */
        @Actor
        public void user(III_Result seen) {
            meet();
            seen.r1 = range.enqueueAndDrop();
        }

        /** Splits what is on the queue. */
        @Actor
        public void shrinker(III_Result seen) {
            meet(range.slot());
            seen.r2 = range.shrinkBesideUser();
        }

        /** Looks at what is left, and recycles the range. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycleDropped();
        }
    }
}
