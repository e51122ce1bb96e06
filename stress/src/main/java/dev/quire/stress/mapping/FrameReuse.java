/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.stress.PinCheck;
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
 * The frames of a folio that was freed are not used again while a reader that found it is in its read section, pinned or
 * not.
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
    @Outcome(id = "9", expect = FORBIDDEN, desc = "the frames were used for another folio under the reader's eyes")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("read without a pin while the folio is dropped and another one is allocated and filled")
    @State
    public static class Unpinned extends Rendezvous {
        private static final CachedFolios FOLIOS = new CachedFolios(HeadMapKind.HEAD_BITS);
        private final long folio = FOLIOS.take();
        private final long base = FOLIOS.baseOf(folio);
        private final Progress writer = new Progress();
        private long other;

        /** Leaves the folio to the file: one more reference would keep it from being freed. */
        public Unpinned() {
            FOLIOS.letGo(folio);
        }

        /** Reads. */
        @Actor
        public void reader(I_Result seen) {
            meet(base >>> CachedFolios.ORDER);
            seen.r1 = FOLIOS.readUnpinned(base, CachedFolios.pageOf(base), writer);
        }

        /** Drops and allocates. */
        @Actor
        public void writer() {
            meet();
            other = FOLIOS.dropAndAllocate(base);
            writer.complete();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(I_Result seen) {
            if (!FOLIOS.giveBack(base, other)) {
                seen.r1 = PinCheck.WRONG;
            }
        }
    }
}
