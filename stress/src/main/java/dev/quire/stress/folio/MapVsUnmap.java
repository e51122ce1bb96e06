/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.folio;

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
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A folio on the deferred-split queue that one process unmaps is mapped by another, which then unmaps a page: it is on
 * the queue in the end, though the first process takes it off.
 *
 * <p>First number: 10 if the folio was unmapped and still on the queue when the other process came. Second: 1 if it is
 * on the queue at the end.
 */
public final class MapVsUnmap {
    private MapVsUnmap() {}

    /** The last page of the one, and all but one of the other. */
    @JCStressTest
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "one came after the other")
    @Outcome(
            id = "10, 1",
            expect = ACCEPTABLE,
            desc = "window: the folio was mapped again while it was about to be taken off the queue")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?0, 0", expect = FORBIDDEN, desc = "a folio of which a part is mapped is not on the queue")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("a folio on the queue for a later split is unmapped, and mapped by another process")
    @State
    public static class LastPage extends Rendezvous {
        private static final SharedEngine ENGINE = new SharedEngine(HeadMapKind.HEAD_BITS);
        private final CountedLeaves leaves = CountedLeaves.queuedWithOnePage(ENGINE);

        /** Unmaps the only page that is mapped. */
        @Actor
        public void unmapper() {
            meet();
            leaves.unmapOnePage();
        }

        /** Maps all pages, and unmaps one. */
        @Actor
        public void mapper(II_Result seen) {
            meet(leaves.slot());
            seen.r1 = leaves.mapAllAndUnmapOne();
        }

        /** Looks at the queue, and recycles the folio. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r2 = leaves.recycleQueued();
        }
    }
}
