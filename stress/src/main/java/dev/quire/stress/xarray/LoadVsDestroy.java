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
 * A lookup beside the end of an array finds the entry or nothing, and the place where it was found says afterwards that
 * it is gone.
 *
 * <p>First number: what a reader saw that looked several times (1 the entry, 2 nothing, 3 the entry and then nothing, 4
 * nothing and then the entry, 9 something else; 10 more if it met RETRY). Second: what it saw where it had found the
 * entry before all that, once the writer was through (3 RETRY, 1 anything else); 0 if it had found nothing.
 */
public final class LoadVsDestroy {
    private LoadVsDestroy() {}

    /** All nodes are given up at once, and used again for what is stored next. */
    @JCStressTest
    @Outcome(id = "1, 3", expect = ACCEPTABLE, desc = "the reader looked before the end")
    @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the reader came after the end")
    @Outcome(
            id = "[23], 3",
            expect = ACCEPTABLE,
            desc = "window: the entry went under the reader's eyes, and its old place said so")
    @Outcome(
            id = "1[23], 3",
            expect = ACCEPTABLE,
            desc = "the entry went under the reader's eyes; it met RETRY, and looked again")
    @Outcome(id = "1?4, .", expect = FORBIDDEN, desc = "the entry came back")
    @Outcome(id = "1?9, .", expect = FORBIDDEN, desc = "the reader got a word that was never stored for its index")
    @Outcome(id = ".*, 1", expect = FORBIDDEN, desc = "the old place does not say that the entry is gone")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("lookup of index 70 while the array is emptied, and one at index 6 stored")
    @State
    public static class TwoLevels extends Rendezvous {
        private static final OwnArrays ARRAYS = new OwnArrays();
        private final OwnArray own = new OwnArray(ARRAYS);

        /** Two nodes with entries, and their top. */
        public TwoLevels() {
            own.store(5, 70);
        }

        /** Looks. */
        @Actor
        public void reader(II_Result seen) {
            meet(own.slot());
            own.watchAndReload(70, seen);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            own.destroy();
            own.store(6);
            own.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            own.recycle();
        }
    }
}
