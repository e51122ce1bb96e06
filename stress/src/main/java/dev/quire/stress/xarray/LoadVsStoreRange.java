/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.NOTHING;
import static dev.quire.stress.xarray.IndexRange.OTHER;
import static dev.quire.stress.xarray.IndexRange.word;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

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
 * A lookup beside a store over any range finds, at every index, the entry that was there or the one of the range.
 *
 * <p>The digit: what a reader saw that looked several times (1 the old entry, 2 the new one, 3 the old one and then the
 * new one, 4 the new one and then the old one, 9 something else); 10 more if it met RETRY.
 */
public final class LoadVsStoreRange {
    private LoadVsStoreRange() {}

    /** The range is neither aligned nor a power of two: one entry of eleven slots. */
    @JCStressTest
    @JCStressMeta(LoadGrading.Plain.class)
    @Description("lookup of index 9 while one entry over indices 3 to 13 replaces those of single indices")
    @State
    public static class OneNode extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(6);
        private final IndexRange range = new IndexRange(INDEX);

        /** Entries of one index around and inside the range. */
        public OneNode() {
            range.storeSingles(2, 3, 5, 8, 9, 10, 13, 14);
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(9, word(9), OTHER);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.storeRange(3, 13, OTHER);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }

    /** The range takes parts of two nodes and all of the one between. */
    @JCStressTest
    @JCStressMeta(LoadGrading.Plain.class)
    @Description("lookup of index 100 while one entry over indices 60 to 140 replaces those of single indices")
    @State
    public static class AcrossNodes extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private final IndexRange range = new IndexRange(INDEX);

        /** Entries of one index in three nodes. */
        public AcrossNodes() {
            range.storeSingles(2, 60, 63, 64, 100, 127, 130, 150);
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(100, word(100), OTHER);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.storeRange(60, 140, OTHER);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }

    /** Both ends of the range get nodes of their own, and what is between them none. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the reader was through before the node came")
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "the reader came after the node")
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "window: the node came under the reader's eyes")
    @Outcome(expect = FORBIDDEN, desc = "the entry went again, or the reader saw what was in the node in its last life")
    @Description("lookup of index 62 while an entry over indices 60 to 140 is stored where nothing is")
    @State
    public static class Vacant extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private final IndexRange range = new IndexRange(INDEX);

        /** One entry far from the range. */
        public Vacant() {
            range.storeSingles(4000);
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(62, NOTHING, OTHER);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.storeRange(60, 140, OTHER);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }
}
