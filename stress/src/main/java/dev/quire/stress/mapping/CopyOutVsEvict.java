/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.GuardedState;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A read of a large folio's bytes beside its eviction copies them from the folio, which stays then, or from the file:
 * its frames are nobody else's while it is being read.
 *
 * <p>First number: what was read (1 all that is there, 2 zeroes, 3 some zeroes, 8 too little, 9 a wrong byte). Second:
 * how many pages were evicted.
 */
public final class CopyOutVsEvict {
    private CopyOutVsEvict() {}

    /** A clean folio of a file. */
    @JCStressTest
    @Outcome(id = "1, 8", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "window: the reader was copying, and kept the folio in memory")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = {"[2389], ."},
            expect = FORBIDDEN,
            desc = "bytes were missing, or another's")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("bytes of a large folio are copied out while it is evicted")
    @State
    public static class CleanFolio extends Rendezvous {
        private static final LargeFiles FILES = LargeFiles.backed();
        private final LargeFiles.LargeFile file = FILES.take();

        /** Reads. */
        @Actor
        public void reader(II_Result seen) {
            meet(file.delay());
            seen.r1 = file.readUnlessEvicted();
        }

        /** Evicts. */
        @Actor
        public void writer(II_Result seen) {
            meet();
            seen.r2 = file.evict();
        }

        /** Looks, and recycles the file. */
        @Arbiter
        public void arbiter(II_Result seen) {
            int after = file.readAll();
            if (after != LargeFiles.LargeFile.OLD) {
                seen.r1 = after;
            }
            file.recycle(seen.r1 == LargeFiles.LargeFile.OLD);
        }
    }
}
