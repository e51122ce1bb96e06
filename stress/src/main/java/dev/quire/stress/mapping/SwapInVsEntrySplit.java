/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.GuardedState;
import dev.quire.stress.Progress;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A folio that was swapped out as a whole comes back as a whole, or in pieces if its entry is split while it is on its
 * way: a hole in the middle of the entry stays one, and the pages around it are what they were.
 *
 * <p>First number: what the reader of all pages saw (1 what was there at first, 0 the same around the hole); 10 more if
 * the hole was punched meanwhile. Second: what is read afterwards. 9 is a wrong page.
 */
@JCStressTest
@Description("a hole is punched in the middle of a folio of 4 pages that is just being swapped in")
@Outcome(id = "[01], 0", expect = ACCEPTABLE, desc = "one came after the other")
@Outcome(
        id = "1[01], 0",
        expect = ACCEPTABLE,
        desc = "window: the hole was punched while the reader brought the folio in")
@Outcome(
        id = {"7, .*", ".*, 7"},
        expect = FORBIDDEN,
        desc = GuardedState.ENGINE_BROKEN)
@Outcome(id = ".*, 1", expect = FORBIDDEN, desc = "the reader has brought the bytes of the hole back")
@Outcome(
        id = {"1?9, .*", ".*, 9"},
        expect = FORBIDDEN,
        desc = "a page beside the hole was lost, or became another's")
@Outcome(expect = FORBIDDEN, desc = "no such history")
@State
public class SwapInVsEntrySplit extends Rendezvous {
    private static final SwappedFolios FOLIOS = new SwappedFolios();
    private final SwappedFolios.State folio = FOLIOS.takeSwappedOut();
    private final Progress hole = new Progress();

    /** Reads. */
    @Actor
    public void reader(II_Result seen) {
        meet(folio.slot());
        seen.r1 = folio.readBeside(hole);
    }

    /** Cuts. */
    @Actor
    public void writer() {
        meet();
        folio.punchHole();
        hole.complete();
    }

    /** Looks, and recycles the memory. */
    @Arbiter
    public void arbiter(II_Result seen) {
        seen.r2 = folio.read();
        folio.recycle(seen.r2 == SwappedFolios.State.CUT);
    }
}
