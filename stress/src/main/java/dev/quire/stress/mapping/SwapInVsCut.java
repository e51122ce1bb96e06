/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.Progress;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A read of a page that is in swap, beside its truncation or a hole, sees the page's bytes, zeroes or the end of the memory;
 * and afterwards the old bytes are nowhere.
 *
 * <p>First number: what the reader saw (0 zero, 1 the old bytes, 3 the end of the memory, 9 something else, or slots counted
 * wrong). Second: 1 if the page was cut while it read. Third: what is read afterwards, once the memory has its old size again.
 */
public final class SwapInVsCut {
    private SwapInVsCut() {}

    /** A hole is punched where a page is just being swapped in. */
    @JCStressTest
    @Outcome(id = "[01], 0, 0", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(
            id = "[01], 1, 0",
            expect = ACCEPTABLE,
            desc = "window: the hole was punched while the reader brought the page in")
    @Outcome(id = "., ., [129]", expect = FORBIDDEN, desc = "the reader has brought the old bytes back")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a hole is punched where a page is just being swapped in")
    @State
    public static class PunchHole extends Rendezvous {
        private static final SwappedPages PAGES = new SwappedPages();
        private final SwappedPages.State page = PAGES.takeSwappedOut();
        private final Progress other = new Progress();

        /** Reads. */
        @Actor
        public void first(III_Result seen) {
            meet(page.slot());
            boolean cameBefore = !other.isComplete();
            seen.r1 = page.readCounted();
            seen.r2 = cameBefore && other.isComplete() ? 1 : 0;
        }

        /** Cuts. */
        @Actor
        public void second() {
            meet();
            page.punchHole();
            other.complete();
        }

        /** Looks, and recycles the page. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = page.read();
            page.recycle();
        }
    }

    /** A page is cut off that is just being swapped in. */
    @JCStressTest
    @Outcome(id = "[013], 0, 0", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(
            id = "[013], 1, 0",
            expect = ACCEPTABLE,
            desc = "window: the page was cut off while the reader brought the page in")
    @Outcome(id = "., ., [129]", expect = FORBIDDEN, desc = "the reader has brought the old bytes back")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a page is cut off that is just being swapped in")
    @State
    public static class Truncate extends Rendezvous {
        private static final SwappedPages PAGES = new SwappedPages();
        private final SwappedPages.State page = PAGES.takeSwappedOut();
        private final Progress other = new Progress();

        /** Reads. */
        @Actor
        public void first(III_Result seen) {
            meet(page.slot());
            boolean cameBefore = !other.isComplete();
            seen.r1 = page.readCounted();
            seen.r2 = cameBefore && other.isComplete() ? 1 : 0;
        }

        /** Cuts. */
        @Actor
        public void second() {
            meet();
            page.truncate();
            other.complete();
        }

        /** Looks, and recycles the page. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = page.growAndRead();
            page.recycle();
        }
    }
}
