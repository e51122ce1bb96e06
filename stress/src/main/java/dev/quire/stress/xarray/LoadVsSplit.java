/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.word;

import dev.quire.engine.folio.SplitPolicies;
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
 * A lookup beside a split finds, at every index, the old entry or its own piece: never another piece, never nothing,
 * never an internal word. The first piece keeps the old entry's word, as that of a folio does.
 *
 * <p>The digit: what a reader saw that looked several times (1 the old entry, 2 the new one, 3 the old one and then the
 * new one, 4 the new one and then the old one, 9 something else); 10 more if it met RETRY.
 */
public final class LoadVsSplit {
    private LoadVsSplit() {}

    /** Slots change, and no node is added. */
    @JCStressTest
    @JCStressMeta(LoadGrading.Plain.class)
    @Description("lookup of index 5 while an entry of order 3 is split to order 0")
    @State
    public static class SameNode extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(6);
        private static final SplitPlan PLAN = SplitPlan.uniform(3, 0);
        private final IndexRange range = new IndexRange(INDEX);

        /** One entry of order 3. */
        public SameNode() {
            range.store(0, 3, word(0));
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(5, word(0), word(5));
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

    /** Two nodes take the place of a canonical slot and its sibling. */
    @JCStressTest
    @JCStressMeta(LoadGrading.WithRetry.class)
    @Description("lookup of index 69, below a sibling, while an entry of order 7 is split to order 0")
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
            seen.r1 = range.watch(69, word(0), word(69));
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

    /** Three levels of nodes take the place of one slot. */
    @JCStressTest
    @JCStressMeta(LoadGrading.Plain.class)
    @Description("lookup of index 5 while an entry of order 18 is split around it to order 0")
    @State
    public static class NonUniformDeep extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(18);
        private static final SplitPlan PLAN = aroundPage5();
        private final IndexRange range = new IndexRange(INDEX);

        /** One entry of order 18. */
        public NonUniformDeep() {
            range.store(0, 18, word(0));
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(5, word(0), word(5));
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

        private static SplitPlan aroundPage5() {
            SplitPlan plan = new SplitPlan();
            SplitPolicies.NON_UNIFORM.plan(plan, 18, 5, 6, 0, SplitPolicies.ALL_ORDERS);
            return plan;
        }
    }
}
