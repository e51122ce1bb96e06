/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import static dev.quire.stress.xarray.IndexRange.NOTHING;

import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A look at the mark of an entry that never had it, beside an erase of it together with one that has, finds none. */
@JCStressTest
@JCStressMeta(MarkGrading.class)
@Description("look at the marks of indices 8 and 20 while the entries of 8 to 15, of which 13 is marked, are erased")
@State
public class GetMarkVsErase extends Rendezvous {
    private static final SharedIndex INDEX = new SharedIndex(6);
    private final IndexRange range = new IndexRange(INDEX);

    /** Entries to be erased, one of them marked, and a marked one behind them. */
    public GetMarkVsErase() {
        range.storeSingles(8, 9, 13, 15, 20);
        range.mark(13, 20);
    }

    /** Looks. */
    @Actor
    public void reader(II_Result seen) {
        meet(range.slot());
        range.watchMark(20, 8, seen);
    }

    /** Changes. */
    @Actor
    public void writer() {
        meet();
        range.store(8, 3, NOTHING);
        range.complete();
    }

    /** Recycles the slot. */
    @Arbiter
    public void arbiter(II_Result seen) {
        range.recycle();
    }
}
