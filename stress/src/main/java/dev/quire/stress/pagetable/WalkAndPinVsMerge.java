/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

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
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A page is pinned through page tables without a lock while it is merged with its neighbours: either the pin is
 * refused, or it keeps the page's own folio from being merged, or it holds the merged folio.
 *
 * <p>First number: what came of the pin (0 refused, 1 holds its own folio to the end, 2 the merged one, 9 another
 * page); 10 more if the page was mapped when the reader came and the pin was refused. Second: how the merge ended (0,
 * or -11 for EAGAIN). Third: the number of folios at the end, 0 if their counts or entries are not in order.
 */
public final class WalkAndPinVsMerge {
    private WalkAndPinVsMerge() {}

    /** One of four pages. */
    @JCStressTest
    @Outcome(id = "2, 0, 1", expect = ACCEPTABLE, desc = "the reader pinned the merged folio")
    @Outcome(
            id = "1, -11, 4",
            expect = ACCEPTABLE,
            desc = "window: the reader pinned the page, which kept it from being merged; all is mapped as before")
    @Outcome(
            id = {"0, 0, 1", "10, 0, 1"},
            expect = ACCEPTABLE,
            desc = "window: the reader met a migration entry or a frozen folio, and was refused")
    @Outcome(
            id = {"0, -11, 4", "10, -11, 4"},
            expect = ACCEPTABLE,
            desc = "the reader gave a reference back when it found the entry changed, which kept the page from being"
                    + " merged")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1, 0, .", expect = FORBIDDEN, desc = "the page was merged although the reader held it")
    @Outcome(id = "., .*, 0", expect = FORBIDDEN, desc = "counts or entries are not in order")
    @Outcome(expect = FORBIDDEN, desc = "the reader pinned another page, or what was not there")
    @Description("lock-free pin through page tables while the page is merged with its neighbours")
    @State
    public static class Anonymous extends Rendezvous {
        private static final MappedFolios FOLIOS = new MappedFolios();
        private final MappedFolios.State range = FOLIOS.takeInPieces();

        /** Pins, and keeps what it has. */
        @Actor
        public void reader(III_Result seen) {
            meet(range.slot());
            seen.r1 = range.pinAndHoldPiece();
        }

        /** Merges. */
        @Actor
        public void merger(III_Result seen) {
            meet();
            seen.r2 = range.merge();
        }

        /** Counts, and recycles the slot. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycle();
        }
    }
}
