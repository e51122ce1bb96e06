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
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * The search for the block that holds a page, while the owner of all pieces makes them one, names the piece that held
 * the page or the whole: never another piece.
 *
 * <p>The digit: what a reader was named that looked several times (1 the whole block, 2 the page's piece, 3 one after
 * the other, 4 back and forth, 9 something that starts no block, or another block); 10 more if it was named another
 * piece.
 */
public final class HeadLookupVsMakeWhole {
    private HeadLookupVsMakeWhole() {}

    /** Every piece starts a word. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the reader was named the whole block")
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "the reader was named the piece")
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "window: the block was made whole under the reader's eyes")
    @Outcome(id = "4", expect = FORBIDDEN, desc = "the piece came back")
    @Outcome(id = "1.", expect = FORBIDDEN, desc = "the reader was named a piece that never held the page")
    @Outcome(expect = FORBIDDEN, desc = "the reader was named what never started a block, or another block")
    @Description("search for the block of a page while its 64 pieces are made one")
    @State
    public static class Uniform extends Rendezvous {
        private static final SharedBlocks BLOCKS = new SharedBlocks();
        private final long block = BLOCKS.take();

        /** A block in pieces. */
        public Uniform() {
            BLOCKS.cut(block);
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(SharedBlocks.slotOf(block));
            seen.r1 = BLOCKS.watch(block, SharedBlocks.equalPiece(), false);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            BLOCKS.makeWhole(block);
        }

        /** Recycles the block. */
        @Arbiter
        public void arbiter(I_Result seen) {
            BLOCKS.giveBack(block);
        }
    }
}
