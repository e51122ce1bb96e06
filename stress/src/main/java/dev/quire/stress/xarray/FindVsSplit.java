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
 * An iteration beside a split finds what is behind the split entry once, and of that each index at most once, as part
 * of the whole or as its own piece; where it found a piece, it finds all that follow.
 */
public final class FindVsSplit {
    private FindVsSplit() {}

    /** The search starts below a sibling, and goes on behind the slot it started in. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration from index 69 while an entry of order 7 over it is split to order 0")
    @State
    public static class FromMiddle extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final SplitPlan PLAN = SplitPlan.uniform(7, 0);
        private static final Expected EXPECTED = Expected.split(128, 64, 130, 320);
        private final IndexRange range = new IndexRange(INDEX);

        /** The entry, one after it in the same node, and one in another. */
        public FromMiddle() {
            range.store(0, 7, word(0));
            range.storeSingles(130, 320);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.iterate(Way.FIND, 69, EXPECTED, seen);
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

    /** The position is given up after each entry, and found again from the index. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration with pauses from index 69 while an entry of order 7 over it is split to order 0")
    @State
    public static class Paused extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final SplitPlan PLAN = SplitPlan.uniform(7, 0);
        private static final Expected EXPECTED = Expected.split(128, 64, 130, 320);
        private final IndexRange range = new IndexRange(INDEX);

        /** The entry, one after it in the same node, and one in another. */
        public Paused() {
            range.store(0, 7, word(0));
            range.storeSingles(130, 320);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.iterate(Way.FIND_AND_PAUSE, 69, EXPECTED, seen);
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

    /** Each step walks from the head. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration by the normal API while an entry of order 3 is split to order 0")
    @State
    public static class FindAfter extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final SplitPlan PLAN = SplitPlan.uniform(3, 0);
        private static final Expected EXPECTED = Expected.split(8, 1, 9, 70);
        private final IndexRange range = new IndexRange(INDEX);

        /** The entry, one after it in the same node, and one in another. */
        public FindAfter() {
            range.store(0, 3, word(0));
            range.storeSingles(9, 70);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.iterate(Way.FIND_AFTER, 0, EXPECTED, seen);
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
