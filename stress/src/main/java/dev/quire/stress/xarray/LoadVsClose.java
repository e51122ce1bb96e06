/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

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
 * A reader that has found an array open reads on in it while it is closed: it finds the entries, and then nothing, but
 * never those of the array that is opened next, whose anchor is where the closed one's was.
 *
 * <p>First number: what a long batch of lookups in one section saw (1 the entries, 2 nothing, 3 the entries and from
 * some lookup on nothing, 5 that the array is closed, 9 anything else). Second: 0 if the close succeeded.
 */
public final class LoadVsClose {
    private LoadVsClose() {}

    /** A node with entries. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the reader came before the close")
    @Outcome(id = "[25], 0", expect = ACCEPTABLE, desc = "the reader came when nothing was left, or all was over")
    @Outcome(id = "3, 0", expect = ACCEPTABLE, desc = "window: the array was closed under the reader's eyes")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(expect = FORBIDDEN, desc = "the reader read memory of the anchor after it was given back")
    @Description("lookups in an array that is closed")
    @State
    public static class Batch extends Rendezvous {
        private static final ClosedArrays ARRAYS = new ClosedArrays();
        private final ClosedArrays.Own array = ARRAYS.take();

        /** Looks. */
        @Actor
        public void reader(II_Result seen) {
            meet(array.slot());
            seen.r1 = array.loadBatch();
        }

        /** Closes, and has the memory used again. */
        @Actor
        public void writer(II_Result seen) {
            meet();
            seen.r2 = array.closeAndOpenNext();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            array.recycle();
        }
    }
}
