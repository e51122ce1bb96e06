/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.memory.Geometry;
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
 * While pieces are merged and the table of their entries gives way to one large leaf, a walk finds at each address what
 * belongs there, a leaf or a migration entry: in the table, which is whole for as long as somebody may be in it, or in
 * the leaf.
 *
 * <p>First number: what the walk saw at last (0 nothing mapped, 1 an entry of the page's own, 2 the large leaf, 3 a
 * migration entry, 9 another page); 10 more if it saw a migration entry before. Second: how the merge ended.
 */
public final class WalkVsCollapse {
    private WalkVsCollapse() {}

    /**
     * A page of the first table of two; where the second gives way, a table is set aside that may be the first if that
     * is freed too early.
     */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the walk lost its patience before the merge began")
    @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the walk came too late, or saw no migration entry")
    @Outcome(
            id = {"3, 0", "13, 0"},
            expect = ACCEPTABLE,
            desc = "the walk lost its patience while the pieces were merged")
    @Outcome(
            id = "11, 0",
            expect = FORBIDDEN,
            desc = "the page came back through an entry of its own: the table did not give way")
    @Outcome(
            id = "12, 0",
            expect = ACCEPTABLE,
            desc = "window: the walk saw migration entries in the table, and the large leaf in its place")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?0, .*", expect = FORBIDDEN, desc = "there was a moment without leaf and migration entry")
    @Outcome(id = "1?9, .*", expect = FORBIDDEN, desc = "the walk saw what another table or state maps")
    @Outcome(expect = FORBIDDEN, desc = "no such history: the merge failed although nobody held a piece")
    @Description("visit of a page while the table that maps it is replaced by a large leaf")
    @State
    public static class Pmd extends Rendezvous {
        private static final LargeLeaves LEAVES = new LargeLeaves(Geometry.PMD_ORDER + 1);
        private final LargeLeaves.State range = LEAVES.takeInPieces();

        /** Looks at the page again and again. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch();
        }

        /** Merges. */
        @Actor
        public void merger(II_Result seen) {
            meet();
            seen.r2 = range.merge();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }
}
