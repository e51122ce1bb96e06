/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.folio;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.stress.Alarm;
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
 * Two threads split the same folio around different pages: they do so one after the other, or one or both give up, and
 * then have changed nothing.
 *
 * <p>Third number: the number of folios at the end, 0 if they or their references are not in order.
 */
public final class SplitVsSplit {
    private static final int LEFT_AT = 2;
    private static final int RIGHT_AT = 5;

    private SplitVsSplit() {}

    /**
     * Each thread has a reference of its own. First two numbers: how the splits ended (0, -11 for EAGAIN, 1 if the
     * folio was frozen and could not be pinned).
     */
    @JCStressTest
    @Outcome(id = "0, 0, 6", expect = ACCEPTABLE, desc = "one split the folio, the other a piece")
    @Outcome(
            id = {"0, -11, 4", "-11, 0, 4"},
            expect = ACCEPTABLE,
            desc = "window: one was given up because the other held the folio, and that one split it")
    @Outcome(
            id = {"0, 1, 4", "1, 0, 4"},
            expect = ACCEPTABLE,
            desc = "window: one came while the other had the folio frozen")
    @Outcome(id = "-11, -11, 1", expect = ACCEPTABLE, desc = "both held the folio, so neither could split it")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = ".*, .*, 0", expect = FORBIDDEN, desc = "the folios are not in order, or references were lost")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("two splits of a folio, each with a reference of its own")
    @State
    public static class OwnReferences extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final PageRange range = new PageRange(ENGINE);

        /** Splits. */
        @Actor
        public void left(III_Result seen) {
            meet();
            seen.r1 = range.split(LEFT_AT);
        }

        /** Splits. */
        @Actor
        public void right(III_Result seen) {
            meet(range.slot());
            seen.r2 = range.split(RIGHT_AT);
        }

        /** Counts, and recycles the range. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycle();
        }
    }

    /**
     * Both threads share one reference, so the split does not fail while the other waits for the lock. First number:
     * how the uniform split to order 2 ended (0, or 2 if the first folio was smaller already). Second: how the split
     * around page 0 ended. 10 more if the lock was held when the thread came, 100 more if it slept on although the lock
     * was free.
     */
    @JCStressTest
    @Outcome(id = "0, 0, 4", expect = ACCEPTABLE, desc = "the folio was split to order 2, then its first piece further")
    @Outcome(id = "2, 0, 4", expect = ACCEPTABLE, desc = "the folio was split around page 0; that was enough")
    @Outcome(
            id = {"0, 10, 4", "12, 0, 4"},
            expect = ACCEPTABLE,
            desc = "window: one waited for the lock while the other split, and was woken")
    @Outcome(
            id = {"10, 0, 4", "2, 10, 4", "1[02], 10, 4"},
            expect = ACCEPTABLE,
            desc = "the lock was held when one or both came, and free before the other took it")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = {"1\\d\\d, .*, .", ".*, 1\\d\\d, ."},
            expect = FORBIDDEN,
            desc = "a thread slept on although the lock was free")
    @Outcome(id = ".*, .*, 0", expect = FORBIDDEN, desc = "the folios are not in order, or references were lost")
    @Outcome(expect = FORBIDDEN, desc = "the two splits were not one after the other")
    @Description("two splits of a folio by threads that share a reference and wait for each other")
    @State
    public static class OneReference extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.TAIL_WORDS);
        private static final Alarm LEFT_ALARM = Alarm.start(ENGINE.quire.folios()::isLocked);
        private static final Alarm RIGHT_ALARM = Alarm.start(ENGINE.quire.folios()::isLocked);
        private final PageRange range = new PageRange(ENGINE);

        /** Pins the folio for both. */
        public OneReference() {
            range.pinFirst();
        }

        /** Splits uniformly. */
        @Actor
        public void left(III_Result seen) {
            meet();
            seen.r1 = range.splitFirstWhenFree(true, LEFT_ALARM);
        }

        /** Splits around page 0. */
        @Actor
        public void right(III_Result seen) {
            meet(range.slot());
            seen.r2 = range.splitFirstWhenFree(false, RIGHT_ALARM);
        }

        /** Counts, and recycles the range. */
        @Arbiter
        public void arbiter(III_Result seen) {
            range.unpinFirst();
            seen.r3 = range.recycle();
        }
    }
}
