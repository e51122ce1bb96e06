/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.xarray.SplitPlan;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * A lookup beside a split finds, at every index, the old entry or its own piece: never another piece, never nothing, never an
 * internal word. The first piece keeps the old entry's word, as that of a folio does.
 * * <p>The digit: what a reader saw that looked several times (1 the old entry, 2 the new one, 3 the old one and then the new
 * one, 4 the new one and then the old one, 9 something else); 10 more if it met RETRY.
 */
public final class LoadVsSplit {
    private LoadVsSplit() {}

    /** How a change that is made once is graded. */
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the reader was through before the change")
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "the reader came after the change")
    @Outcome(id = "1[123]", expect = ACCEPTABLE, desc = "the reader met RETRY and looked again")
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "window: the entry changed under the reader's eyes")
    @Outcome(id = "1?4", expect = FORBIDDEN, desc = "the old entry came back")
    @Outcome(id = "1?9", expect = FORBIDDEN, desc = "the reader got a word that was never stored for its index")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** How a change that cuts off a node, or puts one in place of an entry, is graded. */
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the reader was through before the change")
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "the reader came after the change")
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "window: the entry changed under the reader's eyes")
    @Outcome(
            id = "1[123]",
            expect = ACCEPTABLE,
            desc = "window: the reader met RETRY where the change was under way, and looked again")
    @Outcome(id = "1?4", expect = FORBIDDEN, desc = "the old entry came back")
    @Outcome(id = "1?9", expect = FORBIDDEN, desc = "the reader got a word that was never stored for its index")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class GradingWithRetry {}

    /** Slots change, and no node is added. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("lookup of index 5 while an entry of order 3 is split to order 0")
    @State
    public static class SameNode extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(6);
        private final long base = INDEX.take();
        private static final SplitPlan PLAN = SplitPlan.uniform(3, 0);

        /** One entry of order 3. */
        public SameNode() {
            INDEX.store(base, 3, SharedIndex.word(0));
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(base >>> 6);
            seen.r1 = INDEX.watch().watch(base + 5, SharedIndex.word(0), SharedIndex.word(5));
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            INDEX.split(base, PLAN);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            INDEX.giveBack(base);
        }
    }

    /** Two nodes take the place of a canonical slot and its sibling. */
    @JCStressTest
    @JCStressMeta(GradingWithRetry.class)
    @Description("lookup of index 69, below a sibling, while an entry of order 7 is split to order 0")
    @State
    public static class IntoChildren extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private final long base = INDEX.take();
        private static final SplitPlan PLAN = SplitPlan.uniform(7, 0);

        /** One entry of order 7. */
        public IntoChildren() {
            INDEX.store(base, 7, SharedIndex.word(0));
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(base >>> 12);
            seen.r1 = INDEX.watch().watch(base + 69, SharedIndex.word(0), SharedIndex.word(69));
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            INDEX.split(base, PLAN);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            INDEX.giveBack(base);
        }
    }

    /** Three levels of nodes take the place of one slot. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("lookup of index 5 while an entry of order 18 is split around it to order 0")
    @State
    public static class NonUniformDeep extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(18);
        private final long base = INDEX.take();
        private static final SplitPlan PLAN = aroundPage5();

        /** One entry of order 18. */
        public NonUniformDeep() {
            INDEX.store(base, 18, SharedIndex.word(0));
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(base >>> 18);
            seen.r1 = INDEX.watch().watch(base + 5, SharedIndex.word(0), SharedIndex.word(5));
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            INDEX.split(base, PLAN);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            INDEX.giveBack(base);
        }

        private static SplitPlan aroundPage5() {
            SplitPlan plan = new SplitPlan();
            SplitPolicies.NON_UNIFORM.plan(plan, 18, 5, 6, 0, SplitPolicies.ALL_ORDERS);
            return plan;
        }
    }
}
