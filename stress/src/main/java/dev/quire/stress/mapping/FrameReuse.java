/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.stress.GuardedState;
import dev.quire.stress.Progress;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * The frames of a folio that was freed are not used again while a reader that found it is in its read section, pinned
 * or not.
 *
 * <p>The digit: 0 nothing was found, 1 the bytes stayed the same, 9 they were another's.
 */
public final class FrameReuse {
    private FrameReuse() {}

    /** The pages are wanted again at once. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "the reader came after the folio was dropped")
    @Outcome(
            id = "1",
            expect = ACCEPTABLE,
            desc = "window: the reader found the folio, and its bytes were still there when it was dropped and freed")
    @Outcome(id = "7", expect = FORBIDDEN, desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "9", expect = FORBIDDEN, desc = "the frames were used for another folio under the reader's eyes")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("read without a pin while the folio is dropped and another one is allocated and filled")
    @State
    public static class Unpinned extends Rendezvous {
        private static final CachedFolios FOLIOS = new CachedFolios(HeadMapKind.HEAD_BITS);
        private final CachedFolio folio = CachedFolio.left(FOLIOS);
        private final Progress writer = new Progress();

        /** Reads. */
        @Actor
        public void reader(I_Result seen) {
            meet(folio.slot());
            seen.r1 = folio.readUnpinned(writer);
        }

        /** Drops and allocates. */
        @Actor
        public void writer() {
            meet();
            folio.dropAndAllocate();
            writer.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            seen.r1 = folio.recycle(seen.r1);
        }
    }
}
