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
 * A read of a page that is not cached, beside its truncation or a hole, sees the page's old bytes, zeroes or the end of the
 * file; and afterwards the old bytes are in neither the cache nor the file.
 *
 * <p>First number: what the reader saw (0 zero, 1 the old bytes, 3 the end of the file, 9 something else). Second: 1 if the
 * page was cut while it read. Third: what is read afterwards, once the file has its old size again.
 */
public final class ReadVsCut {
    private ReadVsCut() {}

    /** A hole is punched where a page is just being read from the file. */
    @JCStressTest
    @Outcome(id = "[01], 0, 0", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(
            id = "[01], 1, 0",
            expect = ACCEPTABLE,
            desc = "window: the hole was punched while the reader brought the page in")
    @Outcome(id = "., ., 1", expect = FORBIDDEN, desc = "the reader has left the old bytes in the cache")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a hole is punched where a page is just being read from the file")
    @State
    public static class PunchHole extends Rendezvous {
        private static final SlowFiles FILES = new SlowFiles();
        private final SlowFiles.State file = FILES.take();
        private final Progress other = new Progress();

        /** Reads. */
        @Actor
        public void first(III_Result seen) {
            meet(file.slot());
            boolean cameBefore = !other.isComplete();
            seen.r1 = file.read();
            seen.r2 = cameBefore && other.isComplete() ? 1 : 0;
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
        public void arbiter(III_Result seen) {
            seen.r3 = file.read();
            file.recycle();
        }
    }

    /** A page is cut off that is just being read from the file. */
    @JCStressTest
    @Outcome(id = "[013], 0, 0", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(
            id = "[013], 1, 0",
            expect = ACCEPTABLE,
            desc = "window: the page was cut off while the reader brought it in")
    @Outcome(id = "., ., 1", expect = FORBIDDEN, desc = "the reader has left the old bytes in the cache")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a page is cut off that is just being read from the file")
    @State
    public static class Truncate extends Rendezvous {
        private static final SlowFiles FILES = new SlowFiles();
        private final SlowFiles.State file = FILES.take();
        private final Progress other = new Progress();

        /** Reads. */
        @Actor
        public void first(III_Result seen) {
            meet(file.slot());
            boolean cameBefore = !other.isComplete();
            seen.r1 = file.read();
            seen.r2 = cameBefore && other.isComplete() ? 1 : 0;
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
        public void arbiter(III_Result seen) {
            seen.r3 = file.growAndRead();
            file.recycle();
        }
    }
}
