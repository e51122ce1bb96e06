/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.stress.GuardedState;
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
 * Who pins the folio of a page, coming from the page and not from an index, gets the folio that holds it, whole, or is
 * refused while it is frozen.
 *
 * <p>First number: what the reader pinned (0 refused, 1 the old folio, 2 its page's new folio, 9 another, or one that
 * changed while pinned). Second: how the split ended (0, or -11 for EAGAIN).
 */
public final class PageToHeadVsSplit {
    private PageToHeadVsSplit() {}

    /** How both variants are graded. */
    @Outcome(
            id = "1, 0",
            expect = ACCEPTABLE,
            desc = "the reader pinned the old folio and let go of it before the split")
    @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the reader pinned the new folio")
    @Outcome(
            id = "0, 0",
            expect = ACCEPTABLE,
            desc = "window: the reader was refused while the folio was frozen or had moved")
    @Outcome(
            id = "1, -11",
            expect = ACCEPTABLE,
            desc = "window: the reader held the old folio, which kept it from being split")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "0, -11", expect = FORBIDDEN, desc = "the reader was refused a folio that nobody froze")
    @Outcome(
            id = "9, .*",
            expect = FORBIDDEN,
            desc = "the reader pinned a folio that does not hold the page, or is not whole")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Heads found by head bits. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("pin of the folio of a page while it is split around page 2, head bits")
    @State
    public static class HeadBits extends Rendezvous {
        private static final CachedFolios FOLIOS = new CachedFolios(HeadMapKind.HEAD_BITS);
        private final CachedFolio folio = CachedFolio.pinned(FOLIOS);

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            meet(folio.slot());
            seen.r1 = folio.pinFolioOfPage();
        }

        /** Splits. */
        @Actor
        public void writer(II_Result seen) {
            meet();
            seen.r2 = folio.split();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = folio.recycle(seen.r1);
        }
    }

    /** Heads named by tail words. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("pin of the folio of a page while it is split around page 2, tail words")
    @State
    public static class TailWords extends Rendezvous {
        private static final CachedFolios FOLIOS = new CachedFolios(HeadMapKind.TAIL_WORDS);
        private final CachedFolio folio = CachedFolio.pinned(FOLIOS);

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            meet(folio.slot());
            seen.r1 = folio.pinFolioOfPage();
        }

        /** Splits. */
        @Actor
        public void writer(II_Result seen) {
            meet();
            seen.r2 = folio.split();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = folio.recycle(seen.r1);
        }
    }
}
