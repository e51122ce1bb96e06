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
 * A read of a page that is not cached, beside its truncation or a hole, sees the page's old bytes, zeroes or the end of
 * the file; and afterwards the old bytes are in neither the cache nor the file.
 *
 * <p>The numbers: see {@link CutGrading}.
 */
public final class ReadVsCut {
    private ReadVsCut() {}

    /** A hole is punched where a page is just being read from the file. */
    @JCStressTest
    @JCStressMeta(CutGrading.class)
    @Description("a hole is punched where a page is just being read from the file")
    @State
    public static class PunchHole extends Rendezvous {
        private static final SlowFiles FILES = new SlowFiles();
        private final SlowFiles.State file = FILES.take();
        private final Progress other = new Progress();

        /** Reads. */
        @Actor
        public void first(II_Result seen) {
            meet(file.slot());
            seen.r1 = file.readBeside(other);
        }

        /** Cuts. */
        @Actor
        public void second() {
            meet();
            file.punchHole();
            other.complete();
        }

        /** Looks, and recycles the file. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r2 = file.read();
            file.recycle();
        }
    }

    /** A page is cut off that is just being read from the file. */
    @JCStressTest
    @JCStressMeta(CutGrading.class)
    @Outcome(
            id = {"3, 0", "13, 0"},
            expect = ACCEPTABLE,
            desc = "the reader found that the file ends before the page")
    @Description("a page is cut off that is just being read from the file")
    @State
    public static class Truncate extends Rendezvous {
        private static final SlowFiles FILES = new SlowFiles();
        private final SlowFiles.State file = FILES.take();
        private final Progress other = new Progress();

        /** Reads. */
        @Actor
        public void first(II_Result seen) {
            meet(file.slot());
            seen.r1 = file.readBeside(other);
        }

        /** Cuts. */
        @Actor
        public void second() {
            meet();
            file.truncate();
            other.complete();
        }

        /** Looks, and recycles the file. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r2 = file.growAndRead();
            file.recycle();
        }
    }
}
