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
 * What is written through a mapping to a page that is just being swapped out is not lost, whoever came first: who has
 * pinned the page keeps it in memory, also if it is unpinned again while its bytes are on their way.
 *
 * <p>First number: 10 if the page was on its way out while the writer was at it, else 0. Second: what is read through
 * the mapping afterwards (1 the old bytes, 2 what was written).
 */
@JCStressTest
@Outcome(id = "0, 2", expect = ACCEPTABLE, desc = "one came after the other")
@Outcome(id = "10, 2", expect = ACCEPTABLE, desc = "window: the writer met the swapping out")
@Outcome(
        id = {"7, .*", ".*, 7"},
        expect = FORBIDDEN,
        desc = GuardedState.ENGINE_BROKEN)
@Outcome(
        id = {"0, 1", "10, 1"},
        expect = FORBIDDEN,
        desc = "the write is lost")
@Outcome(expect = FORBIDDEN, desc = "no such history")
@Description("a page of shared memory is pinned, written to and unpinned while it is swapped out")
@State
public class MapWriteVsSwapOut extends Rendezvous {
    private static final SwappedPages PAGES = new SwappedPages();
    private final SwappedPages.State page = PAGES.takeMapped();
    private final Progress other = new Progress();

    /** Leaves the page mapped, writable and dirty. */
    public MapWriteVsSwapOut() {}

    /** Writes. */
    @Actor
    public void writer(II_Result seen) {
        meet(page.slot());
        seen.r1 = page.writeMappedBeside(other);
    }

    /** Swaps out. */
    @Actor
    public void swapper() {
        meet();
        page.evict();
        other.complete();
    }

    /** Looks, and recycles the page. */
    @Arbiter
    public void arbiter(II_Result seen) {
        seen.r2 = page.readMapped();
        page.recycle();
    }
}
