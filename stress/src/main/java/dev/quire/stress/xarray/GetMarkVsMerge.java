/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.OTHER;

import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A look at the mark of an index beside a store that replaces the marked entry there, and others, by a large one, finds
 * it: that of the one or of the other.
 */
public final class GetMarkVsMerge {
    private GetMarkVsMerge() {}

    /** The mark moves to a slot before it. */
    @JCStressTest
    @JCStressMeta(MarkGrading.class)
    @Description("look at the mark of index 13 while an entry of order 3 replaces those of indices 8 to 15")
    @State
    public static class SameNode extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(6);
        private final IndexRange range = new IndexRange(INDEX);

        /** Four entries to be replaced, one of them marked, and one behind them that is not. */
        public SameNode() {
            range.storeSingles(8, 9, 13, 15, 20);
            range.mark(13);
        }

        /** Looks. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.watchMark(13, 20, seen);
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

    /** The mark moves from a node to the slot before it in the one above. */
    @JCStressTest
    @JCStressMeta(MarkGrading.class)
    @Description("look at the mark of index 65 while an entry of order 7 replaces the two nodes of indices 0 to 127")
    @State
    public static class AcrossNodes extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private final IndexRange range = new IndexRange(INDEX);

        /** Entries in two nodes, one of them marked, and one behind them that is not. */
        public AcrossNodes() {
            range.storeSingles(2, 5, 65, 70, 130);
            range.mark(65);
        }

        /** Looks. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.watchMark(65, 130, seen);
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
