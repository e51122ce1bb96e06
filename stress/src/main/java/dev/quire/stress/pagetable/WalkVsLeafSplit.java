/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.GuardedState;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * While a large leaf is split into the entries of a table, a walk finds the page at every address that stays mapped:
 * through the leaf, or through the table, which is complete when it is found.
 *
 * <p>The number says what the walk came to: 0 nothing mapped, 1 its page, 9 another page; 10 more if the leaf was in
 * the middle of its split when the walk came.
 */
public final class WalkVsLeafSplit {
    private WalkVsLeafSplit() {}

    /** The last page of a leaf of 2 MiB, whose first page is unmapped. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the page was found through the leaf or through the table")
    @Outcome(
            id = "11",
            expect = ACCEPTABLE,
            desc = "window: the walk met the leaf in the middle of its split, and found the page in the end")
    @Outcome(id = "7", expect = FORBIDDEN, desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?0", expect = FORBIDDEN, desc = "a page that is mapped all the time was not there")
    @Outcome(expect = FORBIDDEN, desc = "the walk pinned another page")
    @Description("lock-free pin through page tables while the large leaf that maps the page is split")
    @State
    public static class Pmd extends Rendezvous {
        private static final LargeLeaves LEAVES = new LargeLeaves();
        private final LargeLeaves.State range = LEAVES.take();

        /** Uses the last page. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.fault();
        }

        /** Unmaps the first page. */
        @Actor
        public void splitter() {
            meet();
            range.unmapFirstPage();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }

    /** The same page, visited with what else a range maps, without a pin. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the page was seen through the leaf or through the table")
    @Outcome(
            id = "11",
            expect = ACCEPTABLE,
            desc = "window: the walk met the leaf in the middle of its split, and saw the page in the end")
    @Outcome(id = "7", expect = FORBIDDEN, desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?0", expect = FORBIDDEN, desc = "a page that is mapped all the time was passed over")
    @Outcome(expect = FORBIDDEN, desc = "the walk saw another page, or one on its way")
    @Description("visit of all leaves of a range while the large leaf that maps it is split")
    @State
    public static class Visit extends Rendezvous {
        private static final LargeLeaves LEAVES = new LargeLeaves();
        private final LargeLeaves.State range = LEAVES.take();

        /** Visits the last page. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.visit();
        }

        /** Unmaps the first page. */
        @Actor
        public void splitter() {
            meet();
            range.unmapFirstPage();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }
}
