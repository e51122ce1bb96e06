/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

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
 * An iteration beside the addition or removal of levels finds what stays once.
 */
public final class FindVsHeight {
    private FindVsHeight() {}

    /** The reader climbs out of the old top into the new one. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration while the store of index 4096 puts a level above two")
    @State
    public static class Grow extends Rendezvous {
        private static final OwnArrays ARRAYS = new OwnArrays();
        private static final Expected EXPECTED = Expected.staying(0, 5, 63, 64, 127);
        private final OwnArray own = new OwnArray(ARRAYS);

        /** Two nodes with entries, and their top. */
        public Grow() {
            own.store(0, 5, 63, 64, 127);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(own.slot());
            own.iterate(Way.FIND, EXPECTED, seen);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            own.store(4096);
            own.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            own.recycle();
        }
    }

    /** The reader goes through the old top, or comes in below it. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration while the erase of index 4096 takes away two levels")
    @State
    public static class Shrink extends Rendezvous {
        private static final OwnArrays ARRAYS = new OwnArrays();
        private static final Expected EXPECTED = Expected.staying(0, 5, 63);
        private final OwnArray own = new OwnArray(ARRAYS);

        /** One node with entries, below two levels. */
        public Shrink() {
            own.store(0, 5, 63, 4096);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(own.slot());
            own.iterate(Way.FIND, EXPECTED, seen);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            own.erase(4096);
            own.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            own.recycle();
        }
    }
}
