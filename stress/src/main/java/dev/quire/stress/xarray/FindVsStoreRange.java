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
 * An iteration beside a store over any range finds the neighbours of the range once, and of what is in it the entry
 * that was there, or the one of the range.
 */
public final class FindVsStoreRange {
    private FindVsStoreRange() {}

    /** The range is neither aligned nor a power of two. Its first slots, or the one of the start, were empty. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration from index 0 or 6 while one entry over indices 3 to 13 replaces those of single indices")
    @State
    public static class OneNode extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final Expected EXPECTED = Expected.replaced(3, 13, 9, 14, 70);
        private final IndexRange range = new IndexRange(INDEX);

        /** Entries of one index in the range, right behind it and further on. */
        public OneNode() {
            range.storeSingles(9, 13, 14, 70);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            int startOffset = (range.slot() & 1) * 6;
            range.iterate(Way.FIND, startOffset, EXPECTED, seen);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.storeRange(3, 13, OTHER);
            range.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            range.recycle();
        }
    }
}
