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
 * A folio that is put on the deferred-split queue beside a shrinker is split, or still on the queue at the end: if the
 * shrinker takes it off while it is in use, it puts it back.
 *
 * <p>First number: how often, of four attempts, the user found the folio large and on the queue afterwards. Second: 1
 * if the shrinker split something, this state's folio or an earlier one's; 10 more if it found folios on the queue and
 * could not split any. Third: the number of folios at the end, 0 if they are not in order, or whole and not on the
 * queue.
 */
public final class QueueVsShrink {
    private QueueVsShrink() {}

    /** How both variants are graded. */
    @Outcome(
            id = "4, [01], [18]",
            expect = ACCEPTABLE,
            desc = "the folio is on the queue, or was split when the user was through")
    @Outcome(
            id = "[123], 1?[01], 8",
            expect = ACCEPTABLE,
            desc = "window: the folio was split while the user was at it")
    @Outcome(
            id = "4, 1[01], [18]",
            expect = ACCEPTABLE,
            desc = "window: the shrinker took a folio that was in use, and put it back; it may have been split later")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = "., \\d+, 0",
            expect = FORBIDDEN,
            desc = "the folio is neither split nor on the queue, or not in order")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Heads found by head bits. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("a folio is queued for a later split while the queue is emptied, head bits")
    @State
    public static class HeadBits extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final QueuedRange range = new QueuedRange(ENGINE);

        /** Puts the folio on the queue. */
        @Actor
        public void user(III_Result seen) {
            meet();
            seen.r1 = range.enqueueOften();
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
            seen.r3 = range.recycle();
        }
    }

    /** Heads named by tail words. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("a folio is queued for a later split while the queue is emptied, tail words")
    @State
    public static class TailWords extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.TAIL_WORDS);
        private final QueuedRange range = new QueuedRange(ENGINE);

        /** Puts the folio on the queue. */
        @Actor
        public void user(III_Result seen) {
            meet();
            seen.r1 = range.enqueueOften();
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
            seen.r3 = range.recycle();
        }
    }
}
