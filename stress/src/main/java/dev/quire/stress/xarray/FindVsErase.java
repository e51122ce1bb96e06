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
 * An iteration beside an erase finds what stays once, also behind a node that was removed.
 */
public final class FindVsErase {
    private FindVsErase() {}

    /** The reader climbs out of a node that was taken away. */
    @JCStressTest
    @JCStressMeta(FindGrading.class)
    @Description("iteration while the last two entries of a node are erased")
    @State
    public static class NodeRemoved extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final Expected EXPECTED = Expected.staying(2, 130, 320);
        private final IndexRange range = new IndexRange(INDEX);

        /** Entries in four nodes. */
        public NodeRemoved() {
            range.storeSingles(2, 65, 127, 130, 320);
        }

        /** Iterates. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.iterate(Way.FIND, 0, EXPECTED, seen);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.erase(65);
            range.erase(127);
            range.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            range.recycle();
        }
    }
}
