/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.GuardedState;
import dev.quire.stress.Progress;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Whoever looks for a folio by its pages holds any folio for a moment, one that a fault is about to map, too: the fault
 * succeeds all the same.
 *
 * <p>First number: how the fault ended (0 refused, 1 its pages are there). Second: 1 if somebody held its folio from
 * before it belonged to the memory.
 */
public final class FaultVsPass {
    private FaultVsPass() {}

    /** A folio of 64 pages, which takes a while to be zeroed. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "nobody held the folio before it belonged to the memory")
    @Outcome(
            id = "1, 1",
            expect = ACCEPTABLE,
            desc = "window: somebody held the folio while it became the memory's, and the fault mapped it")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "0, .", expect = FORBIDDEN, desc = "the fault was refused although there was memory")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("fault in anonymous memory while somebody takes references to all folios in turn")
    @State
    public static class NewFolio extends Rendezvous {
        private static final PassedFolios FOLIOS = new PassedFolios();
        private final PassedFolios.State range = FOLIOS.take();
        private final Progress faulter = new Progress();

        /** Faults. */
        @Actor
        public void faulter(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.fault(faulter);
        }

        /** Passes by. */
        @Actor
        public void passer(II_Result seen) {
            meet();
            seen.r2 = range.passBy(faulter);
        }

        /** Recycles the range. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }
}
