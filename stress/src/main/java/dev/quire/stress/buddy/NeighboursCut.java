/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.buddy;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * The owners of two blocks whose pages share a word cut them at the same time: both cuts are there afterwards.
 *
 * <p>First and second number: whether the first and the second owner saw the other's cut. Third: blocks there are then.
 */
public final class NeighboursCut {
    private static final int HALF_ORDER = 5;

    private NeighboursCut() {}

    /** Two blocks of 32 pages. */
    @JCStressTest
    @Outcome(
            id = {"0, 1, 4", "1, 0, 4"},
            expect = ACCEPTABLE,
            desc = "one owner came after the other")
    @Outcome(id = "1, 1, 4", expect = ACCEPTABLE, desc = "window: both cut before either looked")
    @Outcome(id = "0, 0, 4", expect = FORBIDDEN, desc = "each looked after its cut, and neither saw the other's")
    @Outcome(expect = FORBIDDEN, desc = "a cut was lost")
    @Description("two blocks of order 5 in one word are cut in half")
    @State
    public static class InOneWord extends Rendezvous {
        private static final SharedBlocks BLOCKS = new SharedBlocks();
        private final long left = BLOCKS.take();
        private final long right = left + (1 << HALF_ORDER);
        private final long leftMiddle = left + (1 << (HALF_ORDER - 1));
        private final long rightMiddle = right + (1 << (HALF_ORDER - 1));

        /** Two blocks. */
        public InOneWord() {
            BLOCKS.setHead(right, SharedBlocks.ORDER);
        }

        /** Cuts the left block. */
        @Actor
        public void leftOwner(III_Result seen) {
            meet();
            BLOCKS.setHead(leftMiddle, HALF_ORDER);
            seen.r1 = BLOCKS.isHead(rightMiddle) ? 1 : 0;
        }

        /** Cuts the right block. */
        @Actor
        public void rightOwner(III_Result seen) {
            meet(SharedBlocks.slotOf(left));
            BLOCKS.setHead(rightMiddle, HALF_ORDER);
            seen.r2 = BLOCKS.isHead(leftMiddle) ? 1 : 0;
        }

        /** Counts and recycles the block. */
        @Arbiter
        public void arbiter(III_Result seen) {
            for (long page : new long[] {left, leftMiddle, right, rightMiddle}) {
                seen.r3 += BLOCKS.isHead(page) ? 1 : 0;
            }
            BLOCKS.giveBack(left);
        }
    }
}
