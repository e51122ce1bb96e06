/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import dev.quire.stress.Rendezvous;
import dev.quire.stress.xarray.StepWatch.Expected;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Steps from index to index, forwards and back, beside an erase find what stays, also on the way out of a node that was
 * removed.
 */
public final class StepVsErase {
    private StepVsErase() {}

    /** The reader steps out of a node that was taken away. */
    @JCStressTest
    @JCStressMeta(StepGrading.class)
    @Description("steps over indices 64 to 128 and back while the only entry of indices 64 to 127 is erased")
    @State
    public static class NodeRemoved extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private static final Expected EXPECTED = new Expected(64, 128, 0, 128);
        private final IndexRange range = new IndexRange(INDEX);

        /** The entry, and one right behind its node, where the reader turns round. */
        public NodeRemoved() {
            range.storeSingles(65, 128);
        }

        /** Steps. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            range.step(EXPECTED, seen);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.erase(65);
            range.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            range.recycle();
        }
    }
}
