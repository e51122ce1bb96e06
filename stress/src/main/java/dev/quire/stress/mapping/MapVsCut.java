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
 * A read through a mapping beside a cut of the page sees its old bytes, zeroes or, where the end was cut off, a fault
 * that is refused: never a byte of another file. Once the cut has returned the old bytes are seen no more, whether the
 * page was mapped before, or by a fault that came beside the cut.
 *
 * <p>First and second number: what the reader saw beside the cut and after it (0 zero, 1 the old bytes, 3 refused, 9
 * something else); the first is 10 more if the page was cut while it read. Third: what is seen in the end, after a
 * truncation once the file has its old size again.
 */
public final class MapVsCut {
    private MapVsCut() {}

    /** A hole is punched in a page that is read through a mapping. */
    @JCStressTest
    @Outcome(id = "[01], 0, 0", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "1[01], 0, 0", expect = ACCEPTABLE, desc = "window: the hole was made while the reader looked")
    @Outcome(
            id = {"7, .*", ".*, 7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = {".*, [12], .", ".*, ., [12]"},
            expect = FORBIDDEN,
            desc = "what was in the hole was still mapped after it had been punched")
    @Outcome(
            id = {"1?9, ., .", ".*, 9, .", ".*, ., 9"},
            expect = FORBIDDEN,
            desc = "the reader saw another file's bytes")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a hole is punched in a page that is read through a mapping")
    @State
    public static class PunchHole extends Rendezvous {
        private static final MappedSlowFiles FILES = new MappedSlowFiles();
        private final MappedSlowFiles.State file = FILES.take();
        private final Progress cut = new Progress();

        /** Reads beside the hole, and after it. */
        @Actor
        public void reader(III_Result seen) {
            meet(file.slot());
            seen.r1 = file.readMappedBeside(cut);
            seen.r2 = file.readMappedAfter(cut);
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
            seen.r3 = file.growAndReadMapped();
            file.recycle();
        }
    }

    /** A page is cut off that is read through a mapping. */
    @JCStressTest
    @Outcome(id = "[013], 3, 0", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(
            id = {"1[01], 3, 0", "13, 3, 0"},
            expect = ACCEPTABLE,
            desc = "window: the page was cut off while the reader looked")
    @Outcome(
            id = {"7, .*", ".*, 7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = ".*, [012], .", expect = FORBIDDEN, desc = "what was cut off was still mapped")
    @Outcome(id = ".*, ., [12]", expect = FORBIDDEN, desc = "what was cut off came back")
    @Outcome(
            id = {"1?9, ., .", ".*, 9, .", ".*, ., 9"},
            expect = FORBIDDEN,
            desc = "the reader saw another file's bytes")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a page is cut off that is read through a mapping")
    @State
    public static class Truncate extends Rendezvous {
        private static final MappedSlowFiles FILES = new MappedSlowFiles();
        private final MappedSlowFiles.State file = FILES.take();
        private final Progress cut = new Progress();

        /** Reads beside the truncation, and after it. */
        @Actor
        public void reader(III_Result seen) {
            meet(file.slot());
            seen.r1 = file.readMappedBeside(cut);
            seen.r2 = file.readMappedAfter(cut);
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
            seen.r3 = file.growAndReadMapped();
            file.recycle();
        }
    }
}
