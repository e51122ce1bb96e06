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
 * A read of a large folio's bytes beside a split of the folio, which drops nothing, copies all of them, from the folio
 * or from its pieces, or from both: the index leads to the folio or to the piece of the page at all times (577a1f495fd7
 * mended what broke this in the original, found by wrong bytes in reads).
 *
 * <p>First number: what was read (1 all that is there, 2 zeroes, 3 some zeroes, 8 too little, 9 a wrong byte); 10 more
 * if the reader came while the folio was frozen. Second: how the split ended (0, or -11 for EAGAIN).
 */
public final class CopyOutVsSplit {
    private CopyOutVsSplit() {}

    /** A folio of shared memory. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "one came after the other, or the reader copied from the pieces")
    @Outcome(
            id = "1, -11",
            expect = ACCEPTABLE,
            desc = "window: the reader was copying, and kept the folio from being split")
    @Outcome(
            id = "11, 0",
            expect = ACCEPTABLE,
            desc = "window: the reader came while the folio was frozen, waited, and copied from its pieces")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?8, .*", expect = FORBIDDEN, desc = "the reader was told that the file ends where it does not")
    @Outcome(
            id = "1?[239], .*",
            expect = FORBIDDEN,
            desc = "bytes were zero, or another page's, though nothing was cut")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("bytes of a large folio are copied out while it is split around page 2")
    @State
    public static class SharedMemory extends Rendezvous {
        private static final LargeFiles FILES = LargeFiles.inMemory();
        private final LargeFiles.LargeFile file = FILES.take();

        /** Reads a page, and then on. */
        @Actor
        public void reader(II_Result seen) {
            file.readOnePage();
            meet(file.delay());
            seen.r1 = file.readOn();
        }

        /** Splits. */
        @Actor
        public void writer(II_Result seen) {
            meet();
            seen.r2 = file.split();
        }

        /** Looks, and recycles the file. */
        @Arbiter
        public void arbiter(II_Result seen) {
            int after = file.readAll();
            if (after != LargeFiles.LargeFile.OLD) {
                seen.r1 = after;
            }
            file.recycle(after == LargeFiles.LargeFile.OLD);
        }
    }
}
