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
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A read of a large folio's bytes beside a hole that is punched in it, or a truncation through it, copies each byte as
 * it was, or zero where it is cut: never a byte of another page, of another file, or of what the frames were used for
 * since. After the cut has returned nothing of what was cut is read, and all of the rest.
 *
 * <p>First and second number: what was read beside the cut and after it (1 all that was there, 2 none of what is cut, 3
 * a part of that, 8 too little, 9 a wrong byte); the first is 10 more if the reader came while the folio was frozen.
 * Third: what is read when all is over, after a truncation once the file has its old size again.
 */
public final class CopyOutVsCut {
    private CopyOutVsCut() {}

    /** A hole in shared memory. */
    @JCStressTest
    @Outcome(id = "[12], 2, 2", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "3, 2, 2", expect = ACCEPTABLE, desc = "window: the hole was made while the reader copied")
    @Outcome(
            id = "1[123], 2, 2",
            expect = ACCEPTABLE,
            desc = "window: the reader came while the folio was frozen, waited, and copied from its pieces")
    @Outcome(
            id = {"7, .*", ".*, 7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = {".*, [13], .", ".*, ., [13]"},
            expect = FORBIDDEN,
            desc = "bytes of the hole were read after it had been punched")
    @Outcome(
            id = {"1?8, ., .", ".*, 8, .", ".*, ., 8"},
            expect = FORBIDDEN,
            desc = "the reader was told that the file ends where it does not")
    @Outcome(
            id = {"1?9, ., .", ".*, 9, .", ".*, ., 9"},
            expect = FORBIDDEN,
            desc = "a byte was another page's, or one outside the hole was lost")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("bytes of a large folio are copied out while a hole is punched in it")
    @State
    public static class PunchHole extends Rendezvous {
        private static final LargeFiles FILES = LargeFiles.inMemory();
        private final LargeFiles.LargeFile file = FILES.take();
        private final Progress cut = new Progress();

        /** Reads beside the hole, and after it. */
        @Actor
        public void reader(III_Result seen) {
            meet(file.delay());
            seen.r1 = file.readBesideHole();
            cut.await();
            seen.r2 = file.readBesideHole();
        }

        /** Punches. */
        @Actor
        public void writer() {
            meet();
            file.punchHole();
            cut.complete();
        }

        /** Looks, and recycles the file. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = file.readAllAroundHole();
            file.recycle(seen.r3 == LargeFiles.LargeFile.CUT);
        }
    }

    /** A truncation of a file. */
    @JCStressTest
    @Outcome(id = "[12], 2, 2", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "3, 2, 2", expect = ACCEPTABLE, desc = "the file was cut off while the reader copied")
    @Outcome(
            id = "1[123], 2, 2",
            expect = ACCEPTABLE,
            desc = "window: the reader came while the folio was frozen, waited, and copied from its pieces")
    @Outcome(
            id = {"7, .*", ".*, 7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = {".*, [13], .", ".*, ., [13]"},
            expect = FORBIDDEN,
            desc = "bytes beyond the end were read after the file had been cut off there")
    @Outcome(
            id = {"1?8, ., .", ".*, 8, .", ".*, ., 8"},
            expect = FORBIDDEN,
            desc = "the reader was told that the file ends before its new end")
    @Outcome(
            id = {"1?9, ., .", ".*, 9, .", ".*, ., 9"},
            expect = FORBIDDEN,
            desc = "a byte was another page's, or one before the new end was lost, or there were more than the file"
                    + " has")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("bytes of a large folio are copied out while the file is cut off in it")
    @State
    public static class Truncate extends Rendezvous {
        private static final LargeFiles FILES = LargeFiles.backed();
        private final LargeFiles.LargeFile file = FILES.take();
        private final Progress cut = new Progress();

        /** Reads beside the truncation, and after it. */
        @Actor
        public void reader(III_Result seen) {
            meet(file.delay());
            seen.r1 = file.readBesideTruncation();
            cut.await();
            seen.r2 = file.readTruncated();
        }

        /** Truncates. */
        @Actor
        public void writer() {
            meet();
            file.truncate();
            cut.complete();
        }

        /** Looks, and recycles the file. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = file.growAndReadAll();
            file.recycle(seen.r3 == LargeFiles.LargeFile.CUT);
        }
    }
}
