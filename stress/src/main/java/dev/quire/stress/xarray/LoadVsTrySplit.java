/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

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
 * A lookup beside a split step by step finds, at every index, the piece that covers it: each smaller than the one
 * before.
 *
 * <p>The digit: what a reader saw that looked several times (1 the whole entry, 2 the smallest piece, 3 one after the
 * other or those between, 4 a larger one after a smaller one, 9 something else); 10 more if it met RETRY.
 */
public final class LoadVsTrySplit {
    private LoadVsTrySplit() {}

    /** Within a node, then into a new one, then within that. */
    @JCStressTest
    @JCStressMeta(LoadGrading.Plain.class)
    @Description("lookup of index 77 while an entry of order 9 is cut down around it to order 6, 5 and 0")
    @State
    public static class Order9 extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private final IndexRange range = new IndexRange(INDEX);

        /** One entry of order 9. */
        public Order9() {
            range.store(0, 9, word(0));
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(77, word(0), word(64), word(77));
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.trySplit(77, 9, 6);
            range.trySplit(77, 6, 5);
            range.trySplit(77, 5, 0);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }
}
