/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

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
 * While memory moves to other addresses, the folio that holds it is unmapped, split and mapped again: in the end all
 * its pages are mapped at the new place, whichever of leaf and migration entry has moved.
 *
 * <p>First number: how the move ended; 10 if the page was on its way from one folio to another just before or after it.
 * Second: how the split ended. Third: the number of pages that are mapped at the new place, only there, and counted as
 * they should be.
 */
public final class MoveVsSplit {
    private MoveVsSplit() {}

    /** A folio of four pages, all of which move. */
    @JCStressTest
    @Outcome(id = "0, 0, 4", expect = ACCEPTABLE, desc = "one came after the other, or they met unseen")
    @Outcome(
            id = "10, 0, 4",
            expect = ACCEPTABLE,
            desc = "window: the memory moved beside the split, and all of it arrived")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?0, 0, [0-3]", expect = FORBIDDEN, desc = "a page was lost on its way, or is mapped twice")
    @Outcome(expect = FORBIDDEN, desc = "the move or the split was refused although nobody held the folio")
    @Description("move of memory whose folio is split")
    @State
    public static class FourPages extends Rendezvous {
        private static final MovedMemory MEMORY = new MovedMemory();
        private final MovedMemory.MovedPages process = MEMORY.take();

        /** Moves the memory. */
        @Actor
        public void mover(III_Result seen) {
            meet(process.slot());
            seen.r1 = process.moveBesideSplit();
        }

        /** Splits the folio. */
        @Actor
        public void splitter(III_Result seen) {
            meet();
            seen.r2 = process.split();
        }

        /** Counts, and recycles the process. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = process.nrPagesArrived();
            process.recycle();
        }
    }
}
