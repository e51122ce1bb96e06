/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.GuardedState;
import dev.quire.stress.Progress;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A page of shared memory that is just being swapped out reads as what was last written to it, from memory or from
 * swap.
 *
 * <p>First number: what the first actor read (0 zero, 1 what the page had at first, 2 what the writer wrote, 9
 * something else); 10 more if the page was swapped out meanwhile. Second: what is read afterwards.
 */
public final class UseVsSwapOut {
    private UseVsSwapOut() {}

    /** A page is read that is just being swapped out. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "11, 1", expect = ACCEPTABLE, desc = "window: the page was swapped out while it was read")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = {"1?[029], .", ".*, [029]"},
            expect = FORBIDDEN,
            desc = "the reader saw what the swap file had before")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a page of shared memory is read that is just being swapped out")
    @State
    public static class Read extends Rendezvous {
        private static final SwappedPages PAGES = new SwappedPages();
        private final SwappedPages.State page = PAGES.take();
        private final Progress other = new Progress();

        /** Reads. */
        @Actor
        public void first(II_Result seen) {
            meet(page.slot());
            seen.r1 = page.readBeside(other);
        }

        /** Swaps out. */
        @Actor
        public void second() {
            meet();
            page.evict();
            other.complete();
        }

        /** Looks, and recycles the page. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r2 = page.read();
            page.recycle();
        }
    }

    /** A page is written to that is just being swapped out. */
    @JCStressTest
    @Outcome(id = "2, 2", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "12, 2", expect = ACCEPTABLE, desc = "window: the writer met the swapping out")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = {"1?[019], .", ".*, [019]"},
            expect = FORBIDDEN,
            desc = "the write is lost")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a page of shared memory is written to that is just being swapped out")
    @State
    public static class Write extends Rendezvous {
        private static final SwappedPages PAGES = new SwappedPages();
        private final SwappedPages.State page = PAGES.take();
        private final Progress other = new Progress();

        /** Writes and reads. */
        @Actor
        public void first(II_Result seen) {
            meet(page.slot());
            seen.r1 = page.writeAndReadBeside(other);
        }

        /** Swaps out. */
        @Actor
        public void second() {
            meet();
            page.evict();
            other.complete();
        }

        /** Looks, and recycles the page. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r2 = page.read();
            page.recycle();
        }
    }
}
