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
 * Writeback of a page beside its truncation or a hole does not bring the page's bytes back.
 *
 * <p>First number: 10 if the page was cut while it was written back, else 0. Second: what the file has afterwards (0
 * zero or nothing, 2 the bytes that were written back).
 */
public final class WritebackVsCut {
    private WritebackVsCut() {}

    /** A hole is punched where a page is just being written back. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "10, 0", expect = ACCEPTABLE, desc = "window: the hole was punched while the page was written back")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = ".*, 2",
            expect = FORBIDDEN,
            desc = "the hole has the bytes that were on their way when it was punched")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a hole is punched where a page is just being written back")
    @State
    public static class PunchHole extends Rendezvous {
        private static final SlowFiles FILES = new SlowFiles();
        private final SlowFiles.State file = FILES.take();
        private final Progress other = new Progress();

        /** Leaves the page dirty. */
        public PunchHole() {
            file.write();
        }

        /** Writes back. */
        @Actor
        public void first(II_Result seen) {
            meet(file.slot());
            seen.r1 = file.syncBeside(other);
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
            seen.r2 = file.syncAndLook();
            file.recycle();
        }
    }

    /** A page is cut off that is just being written back. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "10, 0", expect = ACCEPTABLE, desc = "window: the page was cut off while it was written back")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = ".*, 2",
            expect = FORBIDDEN,
            desc = "the file has grown again by the bytes that were on their way when it was cut")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a page is cut off that is just being written back")
    @State
    public static class Truncate extends Rendezvous {
        private static final SlowFiles FILES = new SlowFiles();
        private final SlowFiles.State file = FILES.take();
        private final Progress other = new Progress();

        /** Leaves the page dirty. */
        public Truncate() {
            file.write();
        }

        /** Writes back. */
        @Actor
        public void first(II_Result seen) {
            meet(file.slot());
            seen.r1 = file.syncBeside(other);
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
            seen.r2 = file.syncAndLook();
            file.recycle();
        }
    }
}
