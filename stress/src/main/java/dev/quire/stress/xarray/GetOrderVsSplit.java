/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.word;

import dev.quire.engine.xarray.SplitPlan;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * A look at the order of the entry at an index beside its split finds, where the split begins, that of the whole or
 * that of the index's piece, and none between them.
 *
 * <p>The digit: what a reader saw that looked several times (1 the old order, 2 the new one, 3 the old one and then the
 * new one, 4 the new one and then the old one, 9 something else).
 */
public final class GetOrderVsSplit {
    private GetOrderVsSplit() {}

    /** The slot looked at becomes a node before its canonical slot does. */
    @JCStressTest
    @JCStressMeta(LoadGrading.Order.class)
    @Description("order of the entry at index 69, in its last slot, while an entry of order 7 is split to order 0")
    @State
    public static class IntoChildren extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final SplitPlan PLAN = SplitPlan.uniform(7, 0);
        private final IndexRange range = new IndexRange(INDEX);

        /** One entry of order 7. */
        public IntoChildren() {
            range.store(0, 7, word(0));
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watchOrder(69, 7, 0);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.split(PLAN);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }
}
