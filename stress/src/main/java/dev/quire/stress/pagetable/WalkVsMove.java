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
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * While memory moves to other addresses, a walk finds each page at the old place, at neither, or at the new one, in
 * this order, and never at both.
 *
 * <p>First number: where the walk saw the page at last (0 nowhere, 1 at the old place, 2 at the new one, 3 at both, 9
 * another page); 10 more if it saw it nowhere before. Second: how the move ended.
 */
public final class WalkVsMove {
    private WalkVsMove() {}

    /** One page of four. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the walk lost its patience before the page moved")
    @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the walk came too late, or its looks were too far apart")
    @Outcome(
            id = {"0, 0", "10, 0"},
            expect = ACCEPTABLE,
            desc = "the walk lost its patience while the page was on its way")
    @Outcome(
            id = "12, 0",
            expect = ACCEPTABLE,
            desc = "window: the walk saw the page at neither place, and then at the new one")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?3, .*", expect = FORBIDDEN, desc = "the page was at both places")
    @Outcome(id = "11, .*", expect = FORBIDDEN, desc = "the page came back to the old place")
    @Outcome(expect = FORBIDDEN, desc = "the walk saw another page, or the move was refused")
    @Description("walk to both addresses of a page that moves from one to the other")
    @State
    public static class FourPages extends Rendezvous {
        private static final MovedMemory MEMORY = new MovedMemory();
        private final MovedMemory.MovedPages process = MEMORY.take();

        /** Looks for the page again and again. */
        @Actor
        public void reader(II_Result seen) {
            meet(process.slot());
            seen.r1 = process.watch();
        }

        /** Moves the memory. */
        @Actor
        public void mover(II_Result seen) {
            meet();
            seen.r2 = process.move();
        }

        /** Recycles the process. */
        @Arbiter
        public void arbiter(II_Result seen) {
            process.recycle();
        }
    }
}
