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
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A page is pinned through the page tables without a lock while the folio that it is part of is unmapped and split:
 * either the pin comes first, and the split fails, or it is refused, since nothing maps the page any more; or, of
 * anonymous memory, which is mapped again, it holds the page's new folio. A walk that has seen the entry before may
 * take a reference to a folio that the page is not part of any more, or not yet, and must give it back.
 *
 * <p>First number: what came of the pin (0 refused, 1 held to the end, 9 held another page); 10 more if the page was
 * still mapped when the reader came and the pin was refused.
 */
public final class WalkAndPinVsSplit {
    private WalkAndPinVsSplit() {}

    /**
     * One page of a file's folio of four. Second number: -11 if the split failed, else how many references to the page
     * there were after it that nothing accounts for.
     */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "the reader came too late")
    @Outcome(id = "1, -11", expect = ACCEPTABLE, desc = "the reader pinned the page, so its folio was not split")
    @Outcome(
            id = "10, 0",
            expect = ACCEPTABLE,
            desc = "window: the page was unmapped under the reader's eyes, and the pin was refused")
    @Outcome(
            id = "10, (1|-11)",
            expect = ACCEPTABLE,
            desc = "the splitter met a reference that the reader gave back when it found the entry changed")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(
            id = "1, [01]",
            expect = FORBIDDEN,
            desc = "the reader got the page through page tables that no longer map it since before the split")
    @Outcome(expect = FORBIDDEN, desc = "the reader pinned another page, or a reference is lost")
    @Description("lock-free pin through page tables of a page of a file whose folio is split")
    @State
    public static class File extends Rendezvous {
        private static final MappedFile FILE = new MappedFile();
        private final MappedFile.State range = FILE.take();

        /** Pins, and keeps what it has. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.pinAndHold();
        }

        /** Splits. */
        @Actor
        public void splitter(II_Result seen) {
            meet();
            seen.r2 = range.splitAndCountStrangers();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }

    /**
     * One page of an anonymous folio of four. A pin that holds the folio of four is 2. Second number: how the split
     * ended (0, or -11 for EAGAIN). Third: the number of folios at the end, 0 if their counts or entries are not in
     * order.
     */
    @JCStressTest
    @Outcome(
            id = "1, 0, 4",
            expect = ACCEPTABLE,
            desc = "the reader pinned the page in the folio it is after the split")
    @Outcome(
            id = "2, -11, 1",
            expect = ACCEPTABLE,
            desc = "window: the reader pinned the folio, which kept it from being split; all is mapped as before")
    @Outcome(
            id = {"0, 0, 4", "10, 0, 4"},
            expect = ACCEPTABLE,
            desc = "window: the reader met a migration entry, a frozen folio, or another entry at its second look")
    @Outcome(
            id = "10, -11, 1",
            expect = ACCEPTABLE,
            desc = "the splitter met a reference that the reader gave back when it found the entry changed")
    @Outcome(
            id = {"7, .*, .*", ".*, 7, .*"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "2, 0, .", expect = FORBIDDEN, desc = "the folio was split although the reader held it")
    @Outcome(id = ".*, .*, 0", expect = FORBIDDEN, desc = "counts or entries are not in order: a reference is lost")
    @Outcome(expect = FORBIDDEN, desc = "the reader pinned another page, or what was not there")
    @Description("lock-free pin through page tables of a page of an anonymous folio that is split")
    @State
    public static class Anonymous extends Rendezvous {
        private static final MappedFolios FOLIOS = new MappedFolios();
        private final MappedFolios.State range = FOLIOS.take();

        /** Pins, and keeps what it has. */
        @Actor
        public void reader(III_Result seen) {
            meet(range.slot());
            seen.r1 = range.pinAndHoldPiece();
        }

        /** Splits. */
        @Actor
        public void splitter(III_Result seen) {
            meet();
            seen.r2 = range.split();
        }

        /** Counts, and recycles the slot. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = range.recycle();
        }
    }
}
