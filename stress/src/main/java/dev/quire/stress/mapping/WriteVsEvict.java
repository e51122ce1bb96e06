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
 * A write to a page that is just being evicted is not lost.
 *
 * <p>First number: what the writer read after it had written (2 is what it wrote); 10 more if the page was evicted
 * while it wrote. Second: what the file has once it is synced.
 */
public final class WriteVsEvict {
    private WriteVsEvict() {}

    /** A page is written to that is clean and just being evicted. */
    @JCStressTest
    @Outcome(id = "2, 2", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "12, 2", expect = ACCEPTABLE, desc = "window: the writer met the eviction")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = {"1?[01], .", ".*, [01]"},
            expect = FORBIDDEN,
            desc = "the write is lost")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a page is written to that is clean and just being evicted")
    @State
    public static class CleanPage extends Rendezvous {
        private static final SlowFiles FILES = new SlowFiles();
        private final SlowFiles.State file = FILES.take();
        private final Progress other = new Progress();

        /** Caches the page. */
        public CleanPage() {
            file.read();
        }

        /** Writes and reads. */
        @Actor
        public void first(II_Result seen) {
            meet(file.slot());
            seen.r1 = file.writeAndReadBeside(other);
        }

        /** Evicts. */
        @Actor
        public void second() {
            meet();
            file.evict();
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
