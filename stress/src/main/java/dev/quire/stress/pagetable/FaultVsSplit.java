/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.stress.Alarm;
import dev.quire.stress.GuardedState;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A fault at a page whose folio the splitter unmaps and splits finds the page. Anonymous memory is never not there: the
 * fault sleeps without a reference to any folio, and is woken when the page is mapped again. Of a file it finds
 * nothing, and maps the page again from the folio that the file has then.
 *
 * <p>First number: what the fault came to (0 nothing mapped, 1 its page, 9 another page); 10 more if there was a
 * migration entry, or nothing, when it came, 100 more if it slept on although the page was mapped and its folio
 * unlocked. Second: how the split ended (0, or -11 for EAGAIN).
 */
public final class FaultVsSplit {
    private FaultVsSplit() {}

    /** How the variants of anonymous memory are graded. */
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the page was pinned before or after the split, or slept for")
    @Outcome(
            id = "1, -11",
            expect = ACCEPTABLE,
            desc = "the reader held the page, which kept the folio from being split; all is mapped as before")
    @Outcome(
            id = "11, 0",
            expect = ACCEPTABLE,
            desc = "window: the reader met a migration entry, slept, was woken, and found the page in its new folio")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1\\d\\d, .*", expect = FORBIDDEN, desc = "the reader slept on although the page was mapped")
    @Outcome(id = "1?0, .*", expect = FORBIDDEN, desc = "a page that is mapped all the time was not there")
    @Outcome(id = "1?9, .*", expect = FORBIDDEN, desc = "the reader pinned another page")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    public static class Grading {}

    /** Heads found by head bits. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("fault at a page of a mapped folio that is split, head bits")
    @State
    public static class HeadBits extends Rendezvous {
        private static final MappedFolios FOLIOS = new MappedFolios(HeadMapKind.HEAD_BITS);
        private static final Alarm ALARM = Alarm.start(FOLIOS::isFolioLocked, FOLIOS::wakeWaitersFor);
        private final MappedFolios.State range = FOLIOS.take();

        /** Uses the page. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.fault(ALARM);
        }

        /** Splits. */
        @Actor
        public void splitter(II_Result seen) {
            meet();
            seen.r2 = range.split();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }

    /** Heads named by tail words. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("fault at a page of a mapped folio that is split, tail words")
    @State
    public static class TailWords extends Rendezvous {
        private static final MappedFolios FOLIOS = new MappedFolios(HeadMapKind.TAIL_WORDS);
        private static final Alarm ALARM = Alarm.start(FOLIOS::isFolioLocked, FOLIOS::wakeWaitersFor);
        private final MappedFolios.State range = FOLIOS.take();

        /** Uses the page. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.fault(ALARM);
        }

        /** Splits. */
        @Actor
        public void splitter(II_Result seen) {
            meet();
            seen.r2 = range.split();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }

    /** The last page of a folio of 2 MiB, mapped by one leaf, which becomes 512 migration entries. */
    @JCStressTest
    @JCStressMeta(Grading.class)
    @Description("fault at a page of a folio mapped by a large leaf that is split in two")
    @State
    public static class Pmd extends Rendezvous {
        private static final LargeLeaves LEAVES = new LargeLeaves();
        private static final Alarm ALARM = Alarm.start(LEAVES::isFolioLocked, LEAVES::wakeWaitersFor);
        private final LargeLeaves.State range = LEAVES.take();

        /** Uses the last page. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.fault(ALARM);
        }

        /** Splits. */
        @Actor
        public void splitter(II_Result seen) {
            meet();
            seen.r2 = range.split();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }

    /** One page of a file's folio of four, whose entries are cleared, and come back by faults only. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the page was pinned before the split, or after it and a fault")
    @Outcome(
            id = "1?1, -11",
            expect = ACCEPTABLE,
            desc = "the reader, or its fault, held the folio, which kept it from being split")
    @Outcome(
            id = "11, 0",
            expect = ACCEPTABLE,
            desc = "window: the reader met a page that was unmapped, and mapped it again from its new folio")
    @Outcome(
            id = {"7, .*", ".*, 7"},
            expect = FORBIDDEN,
            desc = GuardedState.ENGINE_BROKEN)
    @Outcome(id = "1?0, .*", expect = FORBIDDEN, desc = "a page that the file has all the time was not there")
    @Outcome(id = "1?9, .*", expect = FORBIDDEN, desc = "the reader pinned another page")
    @Outcome(expect = FORBIDDEN, desc = "no such history")
    @Description("fault at a page of a file whose folio is split")
    @State
    public static class File extends Rendezvous {
        private static final MappedFile FILE = new MappedFile();
        private final MappedFile.State range = FILE.take();

        /** Uses the page. */
        @Actor
        public void reader(II_Result seen) {
            meet(range.slot());
            seen.r1 = range.fault();
        }

        /** Splits. */
        @Actor
        public void splitter(II_Result seen) {
            meet();
            seen.r2 = range.split();
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            seen.r1 = range.recycle(seen.r1);
        }
    }
}
