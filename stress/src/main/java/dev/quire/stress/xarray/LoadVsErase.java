/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.NOTHING;
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
 * A lookup beside an erase finds the entry or nothing: never what is stored next at the entry's first index alone.
 *
 * <p>The digit: what a reader saw that looked several times (1 the old entry, 2 the new one, 3 the old one and then the
 * new one, 4 the new one and then the old one, 9 something else); 10 more if it met RETRY.
 */
public final class LoadVsErase {
    private LoadVsErase() {}

    /** The slot looked at is a sibling. Another entry takes the canonical slot alone. */
    @JCStressTest
    @JCStressMeta(LoadGrading.Plain.class)
    @Description("lookup of index 5 while an entry of order 3 is erased and one of order 0 stored at its first index")
    @State
    public static class InsideEntry extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(6);
        private final IndexRange range = new IndexRange(INDEX);

        /** The entry, and one that keeps the node. */
        public InsideEntry() {
            range.store(0, 3, word(0));
            range.storeSingles(20);
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(5, word(0), NOTHING);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.erase(7);
            range.store(0, 0, OTHER);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }

    /**
     * The entry goes, comes back and goes again, and each time another takes the canonical slot, on a cache line of its
     * own, alone. Between its loads the lookup may see the sibling, the other entry, the sibling and the other entry.
     */
    @JCStressTest
    @JCStressMeta(LoadGrading.BackAndForth.class)
    @Description("lookup of index 31 while an entry of order 5 comes and goes, and one of order 0 at its first index")
    @State
    public static class ThereAndBack extends ComingAndGoing {
        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(LOOKED_AT, word(0), NOTHING);
        }

        /** Changes. */
        @Actor
        public void writer() {
            change();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }

    /** The same for a reader that walks to the index once, and then looks at the place again and again. */
    @JCStressTest
    @JCStressMeta(LoadGrading.BackAndForth.class)
    @Description("second looks at index 31, at the place where it was found, while an entry of order 5 comes and goes")
    @State
    public static class Reload extends ComingAndGoing {
        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watchPlace(LOOKED_AT, word(0), NOTHING);
        }

        /** Changes. */
        @Actor
        public void writer() {
            change();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }

    /** An entry of 32 indices, which a writer erases and stores again, and one that keeps the node. */
    abstract static class ComingAndGoing extends Rendezvous {
        /** In the entry's last slot. */
        static final long LOOKED_AT = 31;

        private static final SharedIndex INDEX = new SharedIndex(6);
        private static final int NR_TIMES = 4;
        final IndexRange range = new IndexRange(INDEX);

        ComingAndGoing() {
            range.store(0, 5, word(0));
            range.storeSingles(40);
        }

        final void change() {
            meet();
            for (int time = 0; time < NR_TIMES; time++) {
                range.erase(LOOKED_AT);
                range.store(0, 0, OTHER);
                range.store(0, 5, word(0));
            }
        }
    }
}
