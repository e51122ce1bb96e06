/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.OTHER;
import static dev.quire.stress.xarray.IndexRange.word;

import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * A look at the order of the entry at an index beside a store that replaces it and others by a large one finds, where
 * that store ends, the order of the one or of the other, and none between them.
 *
 * <p>The digit: what a reader saw that looked several times (1 the old order, 2 the new one, 3 the old one and then the
 * new one, 4 the new one and then the old one, 9 something else).
 */
public final class GetOrderVsMerge {
    private GetOrderVsMerge() {}

    /** The reader counts siblings in a node that is cut off. */
    @JCStressTest
    @JCStressMeta(LoadGrading.Order.class)
    @Description(
            "order of the entry at index 65, of order 1, while one of order 7 replaces the nodes of indices 0 to 127")
    @State
    public static class AcrossNodes extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private final IndexRange range = new IndexRange(INDEX);

        /** Entries of two indices in two nodes. */
        public AcrossNodes() {
            range.store(2, 1, word(2));
            range.store(64, 1, word(64));
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watchOrder(65, 1, 7);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.store(0, 7, OTHER);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }
}
