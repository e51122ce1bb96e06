/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.stress.PinCheck;
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
 * <p>The digit: what a reader saw that looked several times (0 nothing, 1 the folio, 3 nothing and then the folio, 4 the
 * folio and then nothing, 9 something else).
 */
public final class LookupVsAdd {
    private static final int NR_LOOKS = 8;
    private static final int NOTHING_THEN_FOLIO = 3;
    private static final int FOLIO_THEN_NOTHING = 4;

    private LookupVsAdd() {}

    private static int lookUp(CachedFolios folios, long base) {
        int page = CachedFolios.pageOf(base);
        int history = folios.lookUp(base, page);
        for (int look = 1; look < NR_LOOKS && history != PinCheck.WRONG; look++) {
            int seen = folios.lookUp(base, page);
            if (seen == PinCheck.WRONG) {
                history = PinCheck.WRONG;
            } else if (seen == PinCheck.NOTHING && history != PinCheck.NOTHING) {
                history = FOLIO_THEN_NOTHING;
            } else if (seen == PinCheck.WHOLE && history == PinCheck.NOTHING) {
                history = NOTHING_THEN_FOLIO;
            }
        }
        return history;
    }

    /** One folio. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "the reader was through before the folio was added")
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the reader came after the folio was added")
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "window: the folio was added under the reader's eyes")
    @Outcome(id = "4", expect = FORBIDDEN, desc = "the folio was gone again for a moment")
    @Outcome(id = "9", expect = FORBIDDEN, desc = "the reader pinned a folio that did not yet say where it belongs")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("lookup by index of a folio that is just being added to its file")
    @State
    public static class OneFolio extends Rendezvous {
        private static final CachedFolios FOLIOS = new CachedFolios(HeadMapKind.HEAD_BITS);
        private final long folio = FOLIOS.takeUncached();
        private final long base = FOLIOS.baseOf(folio);

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(base >>> CachedFolios.ORDER);
            seen.r1 = lookUp(FOLIOS, base);
        }

        /** Adds. */
        @Actor
        public void writer() {
            meet();
            FOLIOS.add(folio);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            if (!FOLIOS.giveBack(base, folio)) {
                seen.r1 = PinCheck.WRONG;
            }
        }
    }
}
