/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.NOTHING;
import static dev.quire.stress.xarray.IndexRange.OTHER;
import static dev.quire.stress.xarray.IndexRange.word;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * A node that was cut off is not used again while a reader is in it, and a reader never finds a node with what it held
 * in its last life.
 */
public final class NodeReuse {
    private NodeReuse() {}

    /** The freed node is wanted again at once. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "the reader came after the node was cut off")
    @Outcome(
            id = "3",
            expect = ACCEPTABLE,
            desc = "window: the reader was in the node all the time, and saw it cut off")
    @Outcome(id = "1", expect = FORBIDDEN, desc = "the node cut off shows what was stored in it afterwards")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("second look into a node, after it was cut off and the writer has taken a node for other entries")
    @State
    public static class CutOff extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(13);
        private final IndexRange range = new IndexRange(INDEX);

        /** One node with an entry. */
        public CutOff() {
            range.storeSingles(5);
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.reload(5);
        }

        /** Cuts the node off, and stores elsewhere what needs a node. */
        @Actor
        public void writer() {
            meet();
            range.store(0, 6, word(0));
            range.poll();
            range.store(4096 + 5, 0, OTHER);
            range.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }

    /** A node is taken for the path to a new entry. */
    @JCStressTest
    @JCStressMeta(LoadGrading.Plain.class)
    @Description("lookup of an index while the nodes on the way to it are made, out of nodes used before")
    @State
    public static class NewPath extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(12);
        private final IndexRange range = new IndexRange(INDEX);

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(5, NOTHING, word(5));
        }

        /** Stores two entries, first a neighbour's. */
        @Actor
        public void writer() {
            meet();
            range.storeSingles(6, 5);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }
}
