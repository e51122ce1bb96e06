/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.stress.Alarm;
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
 * A fault at a page that is unmapped, merged with its neighbours and mapped again sleeps without a reference to any
 * folio, and is woken when the page is mapped again, in the merged folio or, if the merge was given up, in its own.
 *
 * <p>First number: what the fault came to (0 nothing mapped, 1 its page, 9 another page); 10 more if there was a
 * migration entry when it came, 100 more if it slept on although the page was mapped and its folio unlocked. Second:
 * how the merge ended (0, or -11 for EAGAIN). Third: the number of folios at the end, 0 if their counts or entries are
 * not in order.
 */
public final class FaultVsMerge {
    private FaultVsMerge() {}

    /** How both variants are graded. */
    @Outcome(id = "1, 0, 1", expect = ACCEPTABLE, desc = "the page was pinned before or after the merge, or slept for")
    @Outcome(
            id = "1, -11, 4",
            expect = ACCEPTABLE,
            desc = "the reader held the page, which kept it from being merged; all is mapped as before")
    @Outcome(
            id = "11, 0, 1",
            expect = ACCEPTABLE,
            desc = "window: the reader met a migration entry, slept, was woken, and found the page in the merged folio")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1\\d\\d, .*", expect = FORBIDDEN, desc = "the reader slept on although the page was mapped")
    @Outcome(id = "1?0, .*", expect = FORBIDDEN, desc = "a page that is mapped all the time was not there")
    @Outcome(id = "1?9, .*", expect = FORBIDDEN, desc = "the reader pinned another page")
    @Outcome(id = ".*, .*, 0", expect = FORBIDDEN, desc = "counts or entries are not in order")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Heads found by head bits. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("fault at a mapped page that is merged with its neighbours, head bits")
    @State
    public static class HeadBits extends Rendezvous {
        private static final MappedFolios FOLIOS = new MappedFolios(HeadMapKind.HEAD_BITS);
        private static final Alarm ALARM = Alarm.start(FOLIOS::isFolioLocked, FOLIOS::wakeWaitersFor);
        private final MappedFolios.State range = FOLIOS.takeInPieces();

        /** Uses the page. */
        @Actor
        public void reader(III_Result seen) {
            meet(range.slot());
            seen.r1 = range.fault(ALARM);
        }

        /** Merges. */
        @Actor
        public void merger(III_Result seen) {
            meet();
            seen.r2 = range.merge();
        }

        /** Counts, and recycles the slot. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycle();
        }
    }

    /** Heads named by tail words. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("fault at a mapped page that is merged with its neighbours, tail words")
    @State
    public static class TailWords extends Rendezvous {
        private static final MappedFolios FOLIOS = new MappedFolios(HeadMapKind.TAIL_WORDS);
        private static final Alarm ALARM = Alarm.start(FOLIOS::isFolioLocked, FOLIOS::wakeWaitersFor);
        private final MappedFolios.State range = FOLIOS.takeInPieces();

        /** Uses the page. */
        @Actor
        public void reader(III_Result seen) {
            meet(range.slot());
            seen.r1 = range.fault(ALARM);
        }

        /** Merges. */
        @Actor
        public void merger(III_Result seen) {
            meet();
            seen.r2 = range.merge();
        }

        /** Counts, and recycles the slot. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycle();
        }
    }
}
