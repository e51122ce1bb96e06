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
 * A read of a page that somebody else is just bringing in waits for its bytes.
 *
 * <p>The numbers: what the two readers saw (1 is what the file has); the first is 10 more if the other was through
 * before it.
 */
public final class ReadVsFill {
    private ReadVsFill() {}

    /** Two read a page that is not cached. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "11, 1", expect = ACCEPTABLE, desc = "window: the readers met")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = {"1?[09], .", ".*, [09]"},
            expect = FORBIDDEN,
            desc = "a reader saw a page that was not filled yet")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("two read a page that is not cached")
    @State
    public static class TwoReaders extends Rendezvous {
        private static final SlowFiles FILES = new SlowFiles();
        private final SlowFiles.State file = FILES.take();
        private final Progress other = new Progress();

        /** Reads. */
        @Actor
        public void first(II_Result seen) {
            meet(file.slot());
            seen.r1 = file.readBeside(other);
        }

        /** Reads too. */
        @Actor
        public void second(II_Result seen) {
            meet();
            seen.r2 = file.read();
            other.complete();
        }

        /** Recycles the file. */
        @Arbiter
        public void arbiter() {
            file.recycle();
        }
    }
}
