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
 * Anonymous memory is given up while the shrinker splits the folio there: once the call has returned nothing is mapped,
 * also if pages were on their way to their new folios.
 *
 * <p>First number: pages that are mapped, or on their way, when the call returns; 10 more if they were on their way
 * when it was made. Second: 1 if the shrinker split something. Third: pages that are mapped at the end.
 */
public final class DropVsShrink {
    private static final int MET_MIGRATION = 10;

    private DropVsShrink() {}

    /** All of a folio of four. */
    @JCStressTest
    @Outcome(id = "0, [01], 0", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(
            id = "10, [01], 0",
            expect = ACCEPTABLE,
            desc = "window: the pages were given up while they were on their way, and did not arrive")
    @Outcome(
            id = {"1?[1-4], ., .", ".*, ., [1-4]"},
            expect = FORBIDDEN,
            desc = "what was given up is still there, or has come back")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("anonymous memory is given up while its folio is split to free what is not mapped")
    @State
    public static class PartlyMapped extends Rendezvous {
        private static final OwnProcesses PROCESSES = new OwnProcesses();
        private final OwnProcesses.OwnProcess process = PROCESSES.take();
        private final Progress shrinker = new Progress();

        /** Gives all pages up, if it can while they are on their way. */
        @Actor
        public void dropper(III_Result seen) {
            meet(process.slot());
            int met = process.awaitMigration(shrinker) ? MET_MIGRATION : 0;
            process.drop();
            seen.r1 = met + process.nrMapped();
        }

        /** Gives the last page up, and splits. */
        @Actor
        public void shrinker(III_Result seen) {
            meet();
            seen.r2 = process.dropLastPageAndShrink();
            shrinker.complete();
        }

        /** Looks, and recycles the process. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = process.nrMapped();
            process.recycle();
        }
    }
}
