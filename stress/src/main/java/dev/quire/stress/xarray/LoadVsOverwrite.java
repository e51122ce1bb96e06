/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.OTHER;
import static dev.quire.stress.xarray.IndexRange.word;

import dev.quire.engine.xarray.SplitPlan;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * A lookup beside a store over an entry finds the old word or the new one: never nothing, and never one stored for
 * others.
 *
 * <p>The digit: what a reader saw that looked several times (1 the old entry, 2 the new one, 3 the old one and then the
 * new one, 4 the new one and then the old one, 9 something else); 10 more if it met RETRY.
 */
public final class LoadVsOverwrite {
    private LoadVsOverwrite() {}

    /** A store inside an entry gives all of it another word. */
    @JCStressTest
    @JCStressMeta(LoadGrading.Plain.class)
    @Description("lookup of index 7 while a store at index 5 changes the entry of order 3 over both")
    @State
    public static class WholeEntry extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(6);
        private final IndexRange range = new IndexRange(INDEX);

        /** One entry of order 3. */
        public WholeEntry() {
            range.store(0, 3, word(0));
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(7, word(0), OTHER);
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.store(5, 0, OTHER);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }

    /** The slot looked at is a sibling until the split; the first piece changes as soon as that is done. */
    @JCStressTest
    @JCStressMeta(LoadGrading.Plain.class)
    @Description("lookup of index 5 while an entry of order 3 is split and its first piece overwritten")
    @State
    public static class FirstPiece extends Rendezvous {
        private static final SharedIndex INDEX = new SharedIndex(6);
        private static final SplitPlan PLAN = SplitPlan.uniform(3, 0);
        private final IndexRange range = new IndexRange(INDEX);

        /** One entry of order 3. */
        public FirstPiece() {
            range.store(0, 3, word(0));
        }

        /** Looks. */
        @Actor
        public void reader(I_Result seen) {
            meet(range.slot());
            seen.r1 = range.watch(5, word(0), word(5));
        }

        /** Changes. */
        @Actor
        public void writer() {
            meet();
            range.split(PLAN);
            range.store(0, 0, OTHER);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            range.recycle();
        }
    }
}
