/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import dev.quire.stress.Progress;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A read of a page that is in swap, beside its truncation or a hole, sees the page's bytes, zeroes or the end of the
 * memory; and afterwards the old bytes are nowhere.
 *
 * <p>The numbers: see {@link CutGrading}.
 */
public final class SwapInVsCut {
    private SwapInVsCut() {}

    /** A hole is punched where a page is just being swapped in. */
    @JCStressTest
    @JCStressMeta(CutGrading.class)
    @Description("a hole is punched where a page is just being swapped in")
    @State
    public static class PunchHole extends Rendezvous {
        private static final SwappedPages PAGES = new SwappedPages();
        private final SwappedPages.State page = PAGES.takeSwappedOut();
        private final Progress other = new Progress();

        /** Reads. */
        @Actor
        public void first(II_Result seen) {
            meet(page.slot());
            seen.r1 = page.readBeside(other);
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
        public void arbiter(II_Result seen) {
            seen.r2 = page.read();
            page.recycle();
        }
    }

    /** A page is cut off that is just being swapped in. */
    @JCStressTest
    @JCStressMeta(CutGrading.class)
    @Outcome(
            id = {"3, 0", "13, 0"},
            expect = ACCEPTABLE,
            desc = "the reader found that the file ends before the page")
    @Description("a page is cut off that is just being swapped in")
    @State
    public static class Truncate extends Rendezvous {
        private static final SwappedPages PAGES = new SwappedPages();
        private final SwappedPages.State page = PAGES.takeSwappedOut();
        private final Progress other = new Progress();

        /** Reads. */
        @Actor
        public void first(II_Result seen) {
            meet(page.slot());
            seen.r1 = page.readBeside(other);
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
        public void arbiter(II_Result seen) {
            seen.r2 = page.growAndRead();
            page.recycle();
        }
    }
}
