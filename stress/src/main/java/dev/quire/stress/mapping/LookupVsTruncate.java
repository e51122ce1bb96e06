/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.stress.GuardedState;
import dev.quire.stress.Progress;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A lookup by index beside a truncation pins the page's folio, whole and with the page's own bytes, or finds nothing.
 * After the truncation has returned, no page beyond the new end is found, but for one whose folio lies across the end
 * and was in use, and whose bytes are zero then; and every page before the end is there.
 *
 * <p>First two numbers: what the reader pinned beside the truncation and after it (0 nothing, 1 the old folio, 2 its
 * page's piece, 3 the old folio, where the page is zero at the latest when it is let go, 9 another); the first is 10
 * more if the reader came while the old folio was frozen or free. Third: where the page is (0 before the new end, 1
 * beyond it in the folio across the end, 2 in a folio beyond it).
 */
public final class LookupVsTruncate {
    private LookupVsTruncate() {}

    /** How both variants are graded. */
    @Outcome(
            id = {"1, 1, 0", "2, 2, 0", "1, 2, 0"},
            expect = ACCEPTABLE,
            desc = "the page, before the new end, was there all the time")
    @Outcome(
            id = "12, 2, 0",
            expect = ACCEPTABLE,
            desc = "window: the reader came while the folio across the end was frozen, waited, and pinned its page's"
                    + " piece")
    @Outcome(
            id = {"1, 0, [12]", "1?0, 0, [12]"},
            expect = ACCEPTABLE,
            desc = "the page beyond the new end is gone")
    @Outcome(
            id = {"1, 3, 1", "3, 3, 1"},
            expect = ACCEPTABLE,
            desc = "window: the reader held the folio across the end, so it could not be split, and the page was"
                    + " zeroed")
    @Outcome(
            id = {"7, ., .", ".*, 7, ."},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = {".*, [12], [12]", ".*, 3, 2"},
            expect = FORBIDDEN,
            desc = "a page beyond the new end, or its bytes, can be found after the truncation has returned")
    @Outcome(
            id = {"1?0, ., 0", "1?., 0, 0", ".*, 3, 0", "1?3, ., 0"},
            expect = FORBIDDEN,
            desc = "a page before the new end, or its bytes, were lost")
    @Outcome(
            id = {"1?9, ., .", ".*, 9, ."},
            expect = FORBIDDEN,
            desc = "the reader pinned a folio that does not cover its index, is not whole, or has another page's bytes")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Heads found by head bits. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("lookup by index of a page of a file that is truncated, head bits")
    @State
    public static class HeadBits extends Rendezvous {
        private static final OwnFiles FILES = new OwnFiles(HeadMapKind.HEAD_BITS);
        private final OwnFiles.OwnFile file = FILES.take();
        private final Progress truncation = new Progress();

        /** Pins beside the truncation, and after it. */
        @Actor
        public void reader(III_Result seen) {
            meet(file.slot());
            seen.r1 = file.lookUpBeside(truncation);
            truncation.await();
            seen.r2 = file.lookUp();
            seen.r3 = file.place();
        }

        /** Truncates. */
        @Actor
        public void writer() {
            meet();
            file.truncate();
            truncation.complete();
        }

        /** Recycles the file. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r2 = file.recycle(seen.r2);
        }
    }

    /** Heads named by tail words. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("lookup by index of a page of a file that is truncated, tail words")
    @State
    public static class TailWords extends Rendezvous {
        private static final OwnFiles FILES = new OwnFiles(HeadMapKind.TAIL_WORDS);
        private final OwnFiles.OwnFile file = FILES.take();
        private final Progress truncation = new Progress();

        /** Pins beside the truncation, and after it. */
        @Actor
        public void reader(III_Result seen) {
            meet(file.slot());
            seen.r1 = file.lookUpBeside(truncation);
            truncation.await();
            seen.r2 = file.lookUp();
            seen.r3 = file.place();
        }

        /** Truncates. */
        @Actor
        public void writer() {
            meet();
            file.truncate();
            truncation.complete();
        }

        /** Recycles the file. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r2 = file.recycle(seen.r2);
        }
    }
}
