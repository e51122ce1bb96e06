/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.word;

import dev.quire.engine.xarray.SplitPlan;
import dev.quire.stress.Rendezvous;
import dev.quire.stress.xarray.IterationWatch.Expected;
import dev.quire.stress.xarray.IterationWatch.Way;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * An iteration from mark to mark beside the split of a marked entry finds it as a whole or in pieces, none of which it
 * misses, and each index at most once.
 */
public final class FindMarkedVsSplit {
    private FindMarkedVsSplit() {}

    /** The pieces are marked while their slots still lead to the whole. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration from mark to mark while a marked entry of order 3 is split to order 0")
    @State
    public static class SameNode extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final SplitPlan PLAN = SplitPlan.uniform(3, 0);
        private static final Expected EXPECTED = Expected.split(8, 1, 9, 70);
        private final IndexRange range = new IndexRange(INDEX);

        /** The entry, one after it in the same node, and one in another. */
        public SameNode() {
            range.store(0, 3, word(0));
            range.storeSingles(9, 70);
            range.mark(0, 9, 70);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.iterate(Way.FIND_MARKED, 0, EXPECTED, seen);
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

    /** The pieces are marked in nodes of their own. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration from mark to mark while a marked entry of order 7 is split to order 0")
    @State
    public static class IntoChildren extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final SplitPlan PLAN = SplitPlan.uniform(7, 0);
        private static final Expected EXPECTED = Expected.split(128, 64, 130, 320);
        private final IndexRange range = new IndexRange(INDEX);

        /** The entry, one after it in the same node, and one in another. */
        public IntoChildren() {
            range.store(0, 7, word(0));
            range.storeSingles(130, 320);
            range.mark(0, 130, 320);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.iterate(Way.FIND_MARKED, 0, EXPECTED, seen);
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
