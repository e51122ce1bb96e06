/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

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
 * Faults in anonymous memory beside the shrinker, which splits the folio there because one of its pages was given up,
 * and frees that page: the others keep their bytes, and the one that was given up comes back as zero.
 *
 * <p>First number: what the page holds once the shrinker is through (0 zero, 1 what was written to it, 9 something
 * else); 10 more if a fault came while it was on its way to its new folio. Second: 1 if the shrinker split something.
 * Third: 1 if the page is the one that was given up.
 */
public final class FaultVsShrink {
    private static final int MET_MIGRATION = 10;

    private FaultVsShrink() {}

    /** A page of a folio of four. */
    @JCStressTest
    @Outcome(id = "1, [01], 0", expect = ACCEPTABLE, desc = "the page kept its bytes")
    @Outcome(
            id = "11, [01], 0",
            expect = ACCEPTABLE,
            desc = "window: faults came while the page was on its way, and did it no harm")
    @Outcome(id = "1?0, [01], 1", expect = ACCEPTABLE, desc = "the page was given up, and is zero")
    @Outcome(id = "1?0, ., 0", expect = FORBIDDEN, desc = "a fault put an empty page in place of one that was there")
    @Outcome(id = "1?1, ., 1", expect = FORBIDDEN, desc = "what was given up has come back")
    @Outcome(id = "1?9, ., .", expect = FORBIDDEN, desc = "the page holds another page's bytes")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("faults at a page of anonymous memory whose folio is split to free what is not mapped")
    @State
    public static class PartlyMapped extends Rendezvous {
        private static final OwnProcesses PROCESSES = new OwnProcesses();
        private final OwnProcesses.OwnProcess process = PROCESSES.take();
        private final int page = OwnProcesses.pageOf(process.slot());
        private final Progress shrinker = new Progress();

        /** Faults all the while, without holding the page, which would keep it from being split. */
        @Actor
        public void reader(III_Result seen) {
            meet(process.slot());
            int met = 0;
            while (!shrinker.isComplete()) {
                met = process.isMigrating(page) ? MET_MIGRATION : met;
                process.fault(page);
            }
            seen.r1 = met + process.faultAndLook(page);
            seen.r3 = OwnProcesses.isLast(page) ? 1 : 0;
        }

        /** Gives the last page up, and splits. */
        @Actor
        public void shrinker(III_Result seen) {
            meet();
            seen.r2 = process.dropLastPageAndShrink();
            shrinker.complete();
        }

        /** Recycles the process. */
        @Arbiter
        public void arbiter() {
            process.recycle();
        }
    }
}
