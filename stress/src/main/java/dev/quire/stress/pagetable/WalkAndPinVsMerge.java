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
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A page is pinned through page tables without a lock while it is merged with its neighbours: either the pin is refused, or it
 * keeps the page's own folio from being merged, or it holds the merged folio.
 *
 * <p>First number: what came of the pin (0 refused, 1 holds its own folio to the end, 2 the merged one, 9 another page). Second:
 * how the merge ended (0, or -11 for EAGAIN). Third: the number of folios at the end, 0 if their counts or entries are not in
 * order.
 */
public final class WalkAndPinVsMerge {
    private static final int REFUSED = 0;
    private static final int PINNED_PIECE = 1;
    private static final int PINNED_WHOLE = 2;
    private static final int WRONG = 9;

    private WalkAndPinVsMerge() {}

    /** One of four pages. */
    @JCStressTest
    @Outcome(id = "2, 0, 1", expect = ACCEPTABLE, desc = "the reader pinned the merged folio")
    @Outcome(
            id = "1, -11, 4",
            expect = ACCEPTABLE,
            desc = "window: the reader pinned the page, which kept it from being merged; all is mapped as before")
    @Outcome(
            id = "0, 0, 1",
            expect = ACCEPTABLE,
            desc = "window: the reader met a migration entry or a frozen folio, and was refused")
    @Outcome(
            id = "0, -11, 4",
            expect = ACCEPTABLE,
            desc = "the reader gave a reference back when it found the entry changed, which kept the page from being"
                    + " merged")
    @Outcome(id = "1, 0, .", expect = FORBIDDEN, desc = "the page was merged although the reader held it")
    @Outcome(id = "., .*, 0", expect = FORBIDDEN, desc = "counts or entries are not in order")
    @Outcome(expect = FORBIDDEN, desc = "the reader pinned another page, or what was not there")
    @Description("lock-free pin through page tables while the page is merged with its neighbours")
    @State
    public static class Anonymous extends Rendezvous {
        private static final MappedFolios FOLIOS = new MappedFolios();
        private final long folio = FOLIOS.takeInPieces();
        private final long base = FOLIOS.baseOf(folio);
        private final int page = MappedFolios.pageOf(base);
        private long pinned;

        /** Pins, and keeps what it has. */
        @Actor
        public void reader(III_Result seen) {
            meet(base >>> MappedFolios.ORDER);
            pinned = FOLIOS.pin(base, page);
            if (pinned == 0) {
                seen.r1 = REFUSED;
            } else if (FOLIOS.isRight(pinned, base, page)) {
                seen.r1 = FOLIOS.isMerged(pinned) ? PINNED_WHOLE : PINNED_PIECE;
            } else {
                seen.r1 = WRONG;
            }
        }

        /** Merges. */
        @Actor
        public void merger(III_Result seen) {
            meet();
            seen.r2 = FOLIOS.mergeMapped(folio);
        }

        /** Counts, and recycles the slot. */
        @Arbiter
        public void arbiter(III_Result seen) {
            if (pinned != 0) {
                FOLIOS.unpin(pinned);
            }
            seen.r3 = FOLIOS.recycle(base, folio);
        }
    }
}
