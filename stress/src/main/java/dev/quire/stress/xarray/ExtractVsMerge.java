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
 * A copy of many entries at once beside a store that replaces several of them by a large one has those behind it once,
 * and no internal word.
 */
public final class ExtractVsMerge {
    private ExtractVsMerge() {}

    /** The search meets RETRY where its node was cut off. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("copy of all entries while one of order 7 replaces the two nodes of indices 0 to 127")
    @State
    public static class AcrossNodes extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final Expected EXPECTED = Expected.replaced(0, 127, 65, 130, 320);
        private final IndexRange range = new IndexRange(INDEX);

        /** Entries in two nodes, one after them in the node above, and one further on. */
        public AcrossNodes() {
            range.storeSingles(2, 5, 65, 70, 130, 320);
        }

        /** Copies. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.iterate(Way.EXTRACT, 0, EXPECTED, seen);
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
