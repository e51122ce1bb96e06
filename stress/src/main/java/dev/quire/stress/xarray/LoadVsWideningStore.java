/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.word;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

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
 * A lookup beside a store that replaces several small entries by a large one finds, at every index, the small entry
 * that was there or the large one: never an internal word, never a neighbour's entry.
 *
 * <p>The digit: what a reader saw that looked several times (1 the old entry, 2 the new one, 3 the old one and then the
 * new one, 4 the new one and then the old one, 9 something else); 10 more if it met RETRY.
 */
public final class LoadVsWideningStore {
    private static final long LARGE = IndexRange.OTHER;

    private LoadVsWideningStore() {}

    /**
     * All in one node. The slot looked at is a sibling before and after; its canonical slot becomes a sibling itself.
     */
    @JCStressTest
    @JCStressMeta(LoadGrading.Plain.class)
    @Description("lookup of index 5, a sibling, while one entry of order 3 replaces four of order 1 in a node")
    @State
    public static class SameNode extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(6);
        private final IndexRange range = new IndexRange(INDEX);

        /** Four entries of two indices each. */
        public SameNode() {
            for (int offset = 0; offset < 8; offset += 2) {
                range.store(offset, 1, word(offset));
            }
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(5, word(4), LARGE);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.store(0, 3, LARGE);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }

    /** The large entry takes the place of two nodes, which are cut off. */
    @JCStressTest
    @JCStressMeta(LoadGrading.WithRetry.class)
    @Description("lookup of index 65 while an entry of order 7 replaces the two nodes of indices 0 to 127")
    @State
    public static class AcrossNodes extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private final IndexRange range = new IndexRange(INDEX);

        /** Two nodes with entries. */
        public AcrossNodes() {
            range.storeSingles(2, 5, 65, 70);
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(65, word(65), LARGE);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.store(0, 7, LARGE);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }

    /** The large entry is split again at once. */
    @JCStressTest
    @JCStressMeta(LoadGrading.BackAndForth.class)
    @Description("lookup of index 5 while eight entries are replaced by one of order 3, which is split again at once")
    @State
    public static class ThereAndBack extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(6);
        private static final SplitPlan BACK = SplitPlan.uniform(3, 0);
        private final IndexRange range = new IndexRange(INDEX);

        /** Eight entries of one index each. */
        public ThereAndBack() {
            range.storeSingles(0, 1, 2, 3, 4, 5, 6, 7);
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(5, word(5), word(0));
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.store(0, 3, word(0));
            range.split(BACK);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }

    /**
     * What a lookup that pins what it finds relies on: after the change, the place where the entry was shows that it is
     * gone.
     */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "the reader came after the change")
    @Outcome(
            id = "3",
            expect = ACCEPTABLE,
            desc = "window: the reader looked again in a node cut off, and saw that it changed")
    @Outcome(id = "1", expect = FORBIDDEN, desc = "the node cut off still shows an entry")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description(
            "second look at index 65, at the place where it was found, after an entry of order 7 replaced its node")
    @State
    public static class Reload extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private final IndexRange range = new IndexRange(INDEX);

        /** Two nodes with entries. */
        public Reload() {
            range.storeSingles(2, 5, 65, 70);
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.reload(65);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.store(0, 7, LARGE);
            range.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }
}
