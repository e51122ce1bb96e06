/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

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
 * A fault that sleeps for a page at its old address, while its migration entry moves to another one and the page is
 * mapped again there: it is woken, and finds that nothing is mapped at the old address any more.
 *
 * <p>First number: what the fault came to (0 nothing, 1 its page, 9 another page); 10 more if there was a migration
 * entry when it came, 100 more if it slept on although the page was mapped and its folio unlocked. Second: how the move
 * ended. Third: the number of pages that are mapped at the new place, only there, and counted as they should be.
 */
public final class FaultVsMove {
    private FaultVsMove() {}

    /** A page of a folio of four, all of which move. */
    @JCStressTest
    @Outcome(id = "0, 0, 4", expect = ACCEPTABLE, desc = "the page had moved, or the fault slept for it unseen")
    @Outcome(id = "1, 0, 4", expect = ACCEPTABLE, desc = "the page was pinned before it moved")
    @Outcome(
            id = "10, 0, 4",
            expect = ACCEPTABLE,
            desc = "window: the fault met a migration entry, was woken, and found the page gone")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1\\d\\d, .*, .*", expect = FORBIDDEN, desc = "the fault slept on although the page was mapped")
    @Outcome(id = "11, .*, .*", expect = FORBIDDEN, desc = "what moved on its way came back to its old place")
    @Outcome(
            id = "1?9, .*, .*",
            expect = FORBIDDEN,
            desc = "the fault brought in a page where nobody has memory any more")
    @Outcome(id = ".*, 0, [0-3]", expect = FORBIDDEN, desc = "a page was lost on its way, or is mapped twice")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("fault at the old address of memory that moves while its folio is unmapped")
    @State
    public static class OldAddress extends Rendezvous {
        private static final MovedMemory MEMORY = new MovedMemory();
        private static final Alarm ALARM = Alarm.start(MEMORY::isFolioLocked, MEMORY::wakeWaitersFor);
        private final MovedMemory.MovedPages process = MEMORY.take();

        /** Faults at the old address. */
        @Actor
        public void faulter(III_Result seen) {
            meet(process.slot());
            seen.r1 = process.fault(ALARM);
        }

        /** Unmaps the folio, moves the memory, and maps the folio again. */
        @Actor
        public void mover(III_Result seen) {
            meet();
            seen.r2 = process.moveOnItsWay();
        }

        /** Counts, and recycles the process. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = process.nrPagesMoved();
            process.recycle();
        }
    }
}
