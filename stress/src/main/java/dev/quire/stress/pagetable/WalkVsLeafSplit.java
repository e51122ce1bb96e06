/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * While a large leaf is split into the entries of a table, a walk finds the page at every address that stays mapped: through
 * the leaf, or through the table, which is complete when it is found.
 *
 * <p>The number says what the walk came to: 0 nothing mapped, 1 its page, 9 another page; 10 more if the leaf was in the
 * middle of its split when the walk came.
 */
public final class WalkVsLeafSplit {
    private static final int NOTHING = 0;
    private static final int PINNED = 1;
    private static final int WRONG = 9;
    private static final int MET_SPLIT = 10;

    private WalkVsLeafSplit() {}

    /** The last page of a leaf of 2 MiB, whose first page is unmapped. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the page was found through the leaf or through the table")
    @Outcome(
            id = "11",
            expect = ACCEPTABLE,
            desc = "window: the walk met the leaf in the middle of its split, and found the page in the end")
    @Outcome(id = "1?0", expect = FORBIDDEN, desc = "a page that is mapped all the time was not there")
    @Outcome(expect = FORBIDDEN, desc = "the walk pinned another page")
    @Description("lock-free pin through page tables while the large leaf that maps the page is split")
    @State
    public static class Pmd extends Rendezvous {
        private static final LargeLeaves LEAVES = new LargeLeaves();
        private final long folio = LEAVES.take();
        private final int slot = LEAVES.slotOf(folio);

        /** Uses the last page. */
        @Actor
        public void reader(I_Result seen) {
            meet(slot);
            int met = LEAVES.isSplitting(slot) ? MET_SPLIT : 0;
            long pinned = LEAVES.pinLastPage(slot);
            if (pinned == 0) {
                seen.r1 = met + NOTHING;
                return;
            }
            seen.r1 = met + (LEAVES.isLastPage(pinned, folio) ? PINNED : WRONG);
            LEAVES.unpin(pinned);
        }

        /** Unmaps the first page. */
        @Actor
        public void splitter() {
            meet();
            LEAVES.unmapFirstPage(slot);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter() {
            LEAVES.giveBack(slot, folio);
        }
    }
}
