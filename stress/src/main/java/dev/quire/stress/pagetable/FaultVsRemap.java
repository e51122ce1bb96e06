/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * While a folio of anonymous memory is split together with its mappings, a fault finds its page or a migration entry, waits
 * for that, and then finds the page: never an address at which nothing is mapped, where it would put an empty page.
 *
 * <p>First number: what the fault came to (0 nothing mapped, 1 its page, 9 another page); 10 more if there was a migration
 * entry when it came. Second: how the split ended (0, or -11 for EAGAIN).
 */
public final class FaultVsRemap {
    private static final int NOTHING = 0;
    private static final int PINNED = 1;
    private static final int WRONG = 9;
    private static final int MET_MIGRATION = 10;

    private FaultVsRemap() {}

    /** One page of a folio of four that is split into pages. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the page was pinned before or after the split")
    @Outcome(
            id = "1, -11",
            expect = ACCEPTABLE,
            desc = "the reader held the page, which kept the folio from being split; all is mapped as before")
    @Outcome(
            id = "11, 0",
            expect = ACCEPTABLE,
            desc = "window: the reader met a migration entry, waited, and found the page in its new folio")
    @Outcome(id = "1?0, .*", expect = FORBIDDEN, desc = "a page that is mapped all the time was not there")
    @Outcome(id = "1?9, .*", expect = FORBIDDEN, desc = "the reader pinned another page")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("fault at a page whose folio is unmapped, split and mapped again")
    @State
    public static class Anonymous extends Rendezvous {
        private static final MappedFolios FOLIOS = new MappedFolios();
        private final long folio = FOLIOS.take();
        private final long base = FOLIOS.baseOf(folio);
        private final int page = MappedFolios.pageOf(base);

        /** Uses the page. */
        @Actor
        public void reader(II_Result seen) {
            meet(base >>> MappedFolios.ORDER);
            int met = FOLIOS.isMigrating(base, page) ? MET_MIGRATION : 0;
            long pinned = FOLIOS.pinOrFault(base, page);
            if (pinned == 0) {
                seen.r1 = met + NOTHING;
                return;
            }
            seen.r1 = met + (FOLIOS.isRight(pinned, base, page) ? PINNED : WRONG);
            FOLIOS.unpin(pinned);
        }

        /** Splits. */
        @Actor
        public void splitter(II_Result seen) {
            meet();
            seen.r2 = FOLIOS.split(folio);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter() {
            FOLIOS.giveBack(base, folio);
        }
    }
}
