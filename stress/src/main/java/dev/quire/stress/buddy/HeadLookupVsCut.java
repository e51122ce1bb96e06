/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.buddy;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * The search for the block that holds a page, while its owner cuts the block, stays inside the block and names what
 * starts a piece; once it has named the page's own piece, it never names the whole again.
 *
 * <p>The digit: what a reader was named that looked several times (1 the whole block, 2 the page's piece, 3 one after
 * the other, 4 back and forth, 9 something that starts no block, or another block); 10 more if it was named another
 * piece.
 */
public final class HeadLookupVsCut {
    private HeadLookupVsCut() {}

    /** How both variants are graded. */
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the reader was named the whole block")
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "the reader was named the piece")
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "window: the block was cut under the reader's eyes")
    @Outcome(
            id = "1[0123]",
            expect = ACCEPTABLE,
            desc = "the reader was named a piece before its page's, whose own had come since it looked there")
    @Outcome(id = "1?4", expect = FORBIDDEN, desc = "the whole block came back")
    @Outcome(id = "1?9", expect = FORBIDDEN, desc = "the reader was named what starts no block, or another block")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Every piece starts a word. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("search for the block of a page while the block is cut into 64 pieces")
    @State
    public static class Uniform extends Rendezvous {
        private static final SharedBlocks BLOCKS = new SharedBlocks();
        private final long block = BLOCKS.take();

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(SharedBlocks.slotOf(block));
            seen.r1 = BLOCKS.watch(block, SharedBlocks.equalPiece(), true);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            BLOCKS.cut(block);
        }

        /** Recycles the block. */
        @Arbiter
        public void arbiter(I_Result seen) {
            BLOCKS.giveBack(block);
        }
    }

    /** One bit at each of two levels. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("search for the block of a page while the block is cut in two")
    @State
    public static class InHalf extends Rendezvous {
        private static final SharedBlocks BLOCKS = new SharedBlocks();
        private final long block = BLOCKS.take();

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(SharedBlocks.slotOf(block));
            seen.r1 = BLOCKS.watch(block, SharedBlocks.MIDDLE, true);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            BLOCKS.setHead(block + SharedBlocks.MIDDLE, SharedBlocks.ORDER);
        }

        /** Recycles the block. */
        @Arbiter
        public void arbiter(I_Result seen) {
            BLOCKS.giveBack(block);
        }
    }
}
