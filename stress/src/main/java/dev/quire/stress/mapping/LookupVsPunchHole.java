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
 * A lookup by index beside a hole punched in a folio finds what is not in the hole at all times, and in the hole the
 * old bytes, zeroes or nothing: never another page's bytes.
 *
 * <p>First number: what the reader pinned (0 nothing, 1 the old folio, 2 a piece of it that covers the index, 9
 * another, or one that changed while pinned); 10 more if it came while the old one was frozen. Second: whether its
 * index is in the hole.
 */
public final class LookupVsPunchHole {
    private LookupVsPunchHole() {}

    /** How both variants are graded. */
    @Outcome(id = "1, .", expect = ACCEPTABLE, desc = "the reader pinned the old folio")
    @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the reader pinned the folio that is left")
    @Outcome(
            id = "2, 1",
            expect = ACCEPTABLE,
            desc = "window: the reader pinned the piece in the hole before it was dropped")
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "the reader found the hole")
    @Outcome(
            id = "12, 0",
            expect = ACCEPTABLE,
            desc = "window: the reader came while the folio was frozen, waited, and pinned what is left")
    @Outcome(
            id = {"12, 1", "10, 1"},
            expect = ACCEPTABLE,
            desc = "window: the reader came while the folio was frozen, waited, and found the hole or what was about"
                    + " to be one")
    @Outcome(id = "7, .", expect = FORBIDDEN, desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?0, 0", expect = FORBIDDEN, desc = "the reader found nothing at an index outside the hole")
    @Outcome(
            id = "1?9, .",
            expect = FORBIDDEN,
            desc = "the reader pinned a folio that does not cover its index, or is not whole")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Heads found by head bits. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("lookup by index while a hole is punched in the folio, head bits")
    @State
    public static class HeadBits extends Rendezvous {
        private static final CachedFolios FOLIOS = new CachedFolios(HeadMapKind.HEAD_BITS);
        private final CachedFolio folio = CachedFolio.left(FOLIOS);

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            meet(folio.slot());
            seen.r1 = folio.lookUp();
            seen.r2 = folio.isInHole() ? 1 : 0;
        }

        /** Punches. */
        @Actor
        public void writer() {
            meet();
            folio.punchHole();
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
    @Description("lookup by index while a hole is punched in the folio, tail words")
    @State
    public static class TailWords extends Rendezvous {
        private static final CachedFolios FOLIOS = new CachedFolios(HeadMapKind.TAIL_WORDS);
        private final CachedFolio folio = CachedFolio.left(FOLIOS);

        /** Pins. */
        @Actor
        public void reader(II_Result seen) {
            meet(folio.slot());
            seen.r1 = folio.lookUp();
            seen.r2 = folio.isInHole() ? 1 : 0;
        }

        /** Punches. */
        @Actor
        public void writer() {
            meet();
            folio.punchHole();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = folio.recycle(seen.r1);
        }
    }
}
