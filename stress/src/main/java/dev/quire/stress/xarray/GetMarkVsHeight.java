/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A look at the mark of index 0, whose entry never has it, finds none, though the entry is alone in the head before and
 * after another comes, gets the mark, and goes again: all marks of a tree are also flags of the array, where those of
 * an entry that is alone are.
 *
 * <p>First number: what a reader saw that looked several times (2 no mark, 9 a mark). Second: 1 if the writer got
 * through meanwhile.
 */
@JCStressTest
@Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the reader saw no mark")
@Outcome(
        id = "2, 1",
        expect = ACCEPTABLE,
        desc = "window: the marked entry came and went under the reader's eyes; it saw no mark at index 0")
@Outcome(id = "9, .", expect = FORBIDDEN, desc = "an entry that was never marked had a mark")
@Outcome(expect = FORBIDDEN, desc = "no such history")
@Description("look at the mark of index 0 while index 70 is stored, marked and erased, over and over")
@State
public class GetMarkVsHeight extends Rendezvous {
    private static final int NR_TIMES = 4;
    private static final OwnArrays ARRAYS = new OwnArrays();
    private final OwnArray own = new OwnArray(ARRAYS);

    /** One entry. */
    public GetMarkVsHeight() {
        own.store(0);
    }

    /** Looks. */
    @Actor
    public void reader(II_Result seen) {
        meet(own.slot());
        own.watchNoMark(0, seen);
    }

    /** Changes. */
    @Actor
    public void writer() {
        meet();
        for (int i = 0; i < NR_TIMES; i++) {
            own.store(70);
            own.mark(70);
            own.erase(70);
        }
        own.complete();
    }

    /** Recycles the slot. */
    @Arbiter
    public void arbiter(II_Result seen) {
        own.recycle();
    }
}
