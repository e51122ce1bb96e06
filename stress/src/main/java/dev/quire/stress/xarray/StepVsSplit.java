/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.word;

import dev.quire.engine.xarray.SplitPlan;
import dev.quire.stress.Rendezvous;
import dev.quire.stress.xarray.StepWatch.Expected;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Steps from index to index, forwards and back, beside the split of the entry over them find at each index the entry,
 * one of its siblings, or the index's own piece; and forwards, behind a piece, only pieces.
 */
public final class StepVsSplit {
    private StepVsSplit() {}

    /** Two nodes take the place of the slots stepped over. */
    @JCStressTest
    @JCStressMeta(StepGrading.class)
    @Description(
            "steps over indices 32 to 128 and back while an entry of order 7 over most of them is split to order 0")
    @State
    public static class IntoChildren extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final SplitPlan PLAN = SplitPlan.uniform(7, 0);
        private static final Expected EXPECTED = new Expected(32, 128, 128, 128);
        private final IndexRange range = new IndexRange(INDEX);

        /** The entry, and one right behind it, where the reader turns round. */
        public IntoChildren() {
            range.store(0, 7, word(0));
            range.storeSingles(128);
        }

        /** Steps. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.step(EXPECTED, seen);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.split(PLAN);
            range.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            range.recycle();
        }
    }
}
