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
 * An iteration from mark to mark beside a store that replaces several entries by a large one, which has their marks
 * then, finds the marked one of them or the large one, the marked entries behind it once, and none without a mark.
 * Where it met RETRY it goes back to the large one, which it may have found already.
 */
public final class FindMarkedVsMerge {
    private FindMarkedVsMerge() {}

    /** The mark moves from one slot to another, from where the search has begun or behind that. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration from mark to mark, from index 0 or 10, while an entry of order 3 replaces indices 8 to 15")
    @State
    public static class SameNode extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final Expected EXPECTED = Expected.replaced(8, 15, 13, 20, 70);
        private final IndexRange range = new IndexRange(INDEX);

        /** Four entries to be replaced, one of them marked, and two marked ones behind them. */
        public SameNode() {
            range.storeSingles(8, 9, 13, 15, 20, 70);
            range.mark(13, 20, 70);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            int startOffset = (range.slot() & 1) * 10;
            range.iterate(Way.FIND_MARKED, startOffset, EXPECTED, seen);
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

    /** The search comes up out of a node that was cut off, in which it found nothing, to where the mark was. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration from mark to mark, from index 10, while an entry of order 7 replaces two marked nodes")
    @State
    public static class AcrossNodes extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final Expected EXPECTED = Expected.replaced(0, 127, 65, 130, 320);
        private final IndexRange range = new IndexRange(INDEX);

        /** A marked entry before the start, one in the next node, and two behind the large one to be. */
        public AcrossNodes() {
            range.storeSingles(2, 5, 65, 70, 130, 320);
            range.mark(5, 65, 130, 320);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.iterate(Way.FIND_MARKED, 10, EXPECTED, seen);
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
}
