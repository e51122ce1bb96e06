/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A lookup beside the removal of levels finds what stays in the array.
 *
 * <p>First number: what a reader saw that looked at index 0 several times (1 its entry each time, 9 something else; 10
 * more if it met RETRY). Second: whether the writer got through meanwhile.
 */
public final class LoadVsShrink {
    private LoadVsShrink() {}

    /** The entry that stays stands at index 0. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the reader saw the entry each time")
    @Outcome(
            id = "1, 1",
            expect = ACCEPTABLE,
            desc = "window: the height changed under the reader's eyes; it saw the entry each time")
    @Outcome(
            id = "11, .",
            expect = ACCEPTABLE,
            desc = "window: the reader met RETRY in the old top node, and found the entry in its new place")
    @Outcome(expect = FORBIDDEN, desc = "the entry was gone, or another in its place, for a moment")
    @Description("lookup of index 0 while the erase of index 64 takes away both levels above it")
    @State
    public static class FirstIndex extends Rendezvous {
        private static final OwnArrays ARRAYS = new OwnArrays();
        private final OwnArray own = new OwnArray(ARRAYS);

        /** Two entries, for which the array has two levels. */
        public FirstIndex() {
            own.store(0, 64);
        }

        /** Looks. */
        @Actor
        public void reader(II_Result seen) {
            meet(own.slot());
            own.watchFirst(seen);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            own.erase(64);
            own.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            own.recycle();
        }
    }
}
