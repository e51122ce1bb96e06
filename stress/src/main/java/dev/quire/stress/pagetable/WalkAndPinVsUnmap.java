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
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A page is pinned through the page tables without a lock while it is unmapped: either the pin is refused, or who
 * unmaps sees the reference. Whoever has unmapped a folio and finds no reference but its own has it for itself.
 *
 * <p>First number: what came of the pin (0 refused, 1 held to the end, 9 held another page); 10 more if the page was
 * still mapped when the reader came and the pin was refused. Second: how many references beside its own the unmapper
 * saw.
 */
public final class WalkAndPinVsUnmap {
    private WalkAndPinVsUnmap() {}

    /** One page of a folio of four. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "the reader came too late")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "the reader pinned the page; who unmapped it sees that")
    @Outcome(
            id = "10, 0",
            expect = ACCEPTABLE,
            desc = "window: the page was unmapped under the reader's eyes, and the pin was refused")
    @Outcome(
            id = "10?, 1",
            expect = ACCEPTABLE,
            desc = "who unmapped saw a reference that the reader gave back when it found the entry changed")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = "1, 0",
            expect = FORBIDDEN,
            desc = "who unmapped saw no reference, and yet the reader got one through the page tables")
    @Outcome(expect = FORBIDDEN, desc = "the reader pinned another page, or a reference is lost")
    @Description("lock-free pin through page tables while the page is unmapped")
    @State
    public static class Anonymous extends Rendezvous {
        private static final MappedFolios FOLIOS = new MappedFolios();
        private final MappedFolios.State range = FOLIOS.take();

        /** Pins, and keeps what it has. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.pinAndHold();
        }

        /** Unmaps. */
        @Actor
        public void unmapper(II_Result seen) {
            meet();
            seen.r2 = range.unmapAndCount();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }
}
