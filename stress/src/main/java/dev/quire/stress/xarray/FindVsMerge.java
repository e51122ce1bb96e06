/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.OTHER;

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
 * An iteration beside a store that replaces entries by a large one finds what is behind them once, and no index twice.
 */
public final class FindVsMerge {
    private FindVsMerge() {}

    /** The reader goes on where its node was cut off. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration while an entry of order 7 replaces the two nodes of indices 0 to 127")
    @State
    public static class AcrossNodes extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final Expected EXPECTED = Expected.replaced(0, 127, 65, 130, 320);
        private final IndexRange range = new IndexRange(INDEX);

        /** Entries in two nodes, one after them in the node above, and one further on. */
        public AcrossNodes() {
            range.storeSingles(2, 5, 65, 70, 130, 320);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.iterate(Way.FIND, 0, EXPECTED, seen);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.store(0, 7, OTHER);
            range.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            range.recycle();
        }
    }

    /** The reader has given up its position in the middle of what is replaced, and goes on there. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration with pauses, from index 9, while an entry of order 3 replaces those of indices 8 to 15")
    @State
    public static class SameNodePaused extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final Expected EXPECTED = Expected.replaced(8, 15, 13, 20, 70);
        private final IndexRange range = new IndexRange(INDEX);

        /** Entries to be replaced, of which the iteration finds all but the first, and two behind them. */
        public SameNodePaused() {
            range.storeSingles(8, 10, 13, 20, 70);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.iterate(Way.FIND_AND_PAUSE, 9, EXPECTED, seen);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.store(8, 3, OTHER);
            range.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            range.recycle();
        }
    }

    /** The reader begins before what is replaced, and may meet the large entry first where the last of it was. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description(
            "iteration by the normal API, from before it, while an entry of order 6 replaces the node of index 125")
    @State
    public static class FromHole extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final Expected EXPECTED = Expected.replaced(64, 127, 125, 2, 130, 320);
        private final IndexRange range = new IndexRange(INDEX);

        /** An entry before a node with one at its end, and two after it. */
        public FromHole() {
            range.storeSingles(2, 125, 130, 320);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.iterate(Way.FIND_AFTER, 2, EXPECTED, seen);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.store(64, 6, OTHER);
            range.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            range.recycle();
        }
    }
}
