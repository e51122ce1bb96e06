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
 * Who needs memory while all of it is on its way out waits until it has arrived, however long that takes, and gets it;
 * and what was on its way arrives. (One page is all there is: while one actor uses it, the other may be refused, and
 * asks again.)
 *
 * <p>First number: what the reader of another file got (1 its bytes, 8 no memory); 10 more if the only page was on its
 * way out when it asked. Second: how the writeback ended. Third: what the file has then (2 what was written).
 */
public final class ReadVsWriteback {
    private ReadVsWriteback() {}

    /** Two files, and one page. */
    @JCStressTest
    @Outcome(id = "1, 0, 2", expect = ACCEPTABLE, desc = "one came after the other, or they met unseen")
    @Outcome(
            id = "11, 0, 2",
            expect = ACCEPTABLE,
            desc = "window: the only page was on its way out, and the reader waited until it could have it")
    @Outcome(
            id = {"1?7, .*, .*", ".*, 7, .*", ".*, .*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?8, .*, .*", expect = FORBIDDEN, desc = "memory was refused while the page was on its way out")
    @Outcome(id = ".*, 0, [019]", expect = FORBIDDEN, desc = "what was on its way was lost")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("read of a page for which there is no memory but that of a page under writeback")
    @State
    public static class OnePage extends Rendezvous {
        private static final OnePageMemory MEMORY = new OnePageMemory();
        private final OnePageMemory.State files = MEMORY.take();
        private final Progress writer = new Progress();

        /** Needs the page. */
        @Actor
        public void reader(III_Result seen) {
            meet(files.slot());
            seen.r1 = files.readOther(writer);
        }

        /** Has it, and writes it back. */
        @Actor
        public void writer(III_Result seen) {
            meet();
            seen.r2 = files.writeBack(writer);
        }

        /** Looks, and recycles the slot. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = files.look();
            files.recycle();
        }
    }
}
