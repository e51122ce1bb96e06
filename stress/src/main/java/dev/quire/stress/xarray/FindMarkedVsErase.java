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
 * An iteration from mark to mark beside the erase of a marked entry finds the marked entries that stay.
 */
public final class FindMarkedVsErase {
    private FindMarkedVsErase() {}

    /** The mark is seen, and then the slot empty. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration from mark to mark while a marked entry is erased")
    @State
    public static class Neighbour extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final Expected EXPECTED = Expected.staying(2, 9, 70);
        private final IndexRange range = new IndexRange(INDEX);

        /** Three marked entries that stay, and one between them. */
        public Neighbour() {
            range.storeSingles(2, 5, 9, 70);
            range.mark(2, 5, 9, 70);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.iterate(Way.FIND_MARKED, 0, EXPECTED, seen);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.erase(5);
            range.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            range.recycle();
        }
    }
}
