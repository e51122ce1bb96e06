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
 * A folio that two put on the deferred-split queue at the same time is there once.
 *
 * <p>First two numbers: 1 if the folio was not on the queue when the actor came. Third: 1 if it is in order at the
 * end, and so are its links to its neighbours on the queue, which are other states' folios: one that is there twice
 * leaves a neighbour behind whose link leads to it and not back. Nobody shrinks here: with such links that would
 * spoil what is none of this scenario's.
 */
public final class QueueVsQueue {
    private QueueVsQueue() {}

    /** One folio. */
    @JCStressTest
    @Outcome(
            id = {"1, 0, 1", "0, 1, 1"},
            expect = ACCEPTABLE,
            desc = "one came after the other")
    @Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "window: neither found the folio on the queue")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "., ., 0", expect = FORBIDDEN, desc = "the queue is not in order: a folio was linked twice")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("two put a folio on the queue for a later split")
    @State
    public static class OneFolio extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final QueuedRange range = new QueuedRange(ENGINE);

        /** Puts the folio on the queue. */
        @Actor
        public void left(III_Result seen) {
            meet();
            seen.r1 = range.enqueue();
        }

        /** Puts the folio on the queue. */
        @Actor
        public void right(III_Result seen) {
            meet(range.slot());
            seen.r2 = range.enqueue();
        }

        /** Looks at the queue, and recycles the range. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycleQueued();
        }
    }
}
