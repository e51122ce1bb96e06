/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.stress.GuardedState;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * A lookup by index beside the addition of a folio finds nothing, or the folio with all that says where it belongs.
 *
 * <p>The digit: what a reader saw that looked several times (0 nothing, 1 the folio, 3 nothing and then the folio, 4
 * the folio and then nothing, 9 something else).
 */
public final class LookupVsAdd {
    private LookupVsAdd() {}

    /** One folio. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "the reader was through before the folio was added")
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the reader came after the folio was added")
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "window: the folio was added under the reader's eyes")
    @Outcome(id = "7", expect = FORBIDDEN, desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "4", expect = FORBIDDEN, desc = "the folio was gone again for a moment")
    @Outcome(id = "9", expect = FORBIDDEN, desc = "the reader pinned a folio that did not yet say where it belongs")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("lookup by index of a folio that is just being added to its file")
    @State
    public static class OneFolio extends Rendezvous {
        private static final CachedFolios FOLIOS = new CachedFolios(HeadMapKind.HEAD_BITS);
        private final CachedFolio folio = CachedFolio.uncached(FOLIOS);

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(folio.slot());
            seen.r1 = folio.lookUpOften();
        }

        /** Adds. */
        @Actor
        public void writer() {
            meet();
            folio.add();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            seen.r1 = folio.recycle(seen.r1);
        }
    }
}
