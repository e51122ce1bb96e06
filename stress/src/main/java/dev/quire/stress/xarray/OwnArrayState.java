/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import dev.quire.engine.xarray.XArray;
import dev.quire.stress.Progress;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.infra.results.II_Result;

/** A state with an array of its own. */
abstract class OwnArrayState extends Rendezvous {
    private final OwnArrays arrays;
    private final OwnArrays.Own own;
    private final Progress writer = new Progress();

    OwnArrayState(OwnArrays arrays) {
        this.arrays = arrays;
        own = arrays.take();
    }

    /** Waits for the writer, and then for a time that differs from state to state. */
    final void meetWriter() {
        meet(own.slot());
    }

    /** Stores an entry, and its own word, at each index. */
    final void store(long... indices) {
        for (long index : indices) {
            own.array().store(index, SharedIndex.word(index));
        }
    }

    final void erase(long index) {
        own.array().erase(index);
    }

    /** Says that the writer is through. */
    final void complete() {
        writer.complete();
    }

    /** Looks at index 0; the second result is 1 if the writer got through meanwhile. */
    final void watchFirst(II_Result seen) {
        boolean wasComplete = writer.isComplete();
        seen.r1 = own.watch().watch(0, SharedIndex.word(0));
        seen.r2 = wasComplete == writer.isComplete() ? 0 : 1;
    }

    /** Iterates over all of the array; the second result as above. */
    final void iterate(IterationWatch.Expected expected, II_Result seen) {
        boolean wasComplete = writer.isComplete();
        seen.r1 = own.iterationWatch().watch(IterationWatch.Way.FIND, 0, 0, XArray.MAX_INDEX, expected);
        seen.r2 = wasComplete == writer.isComplete() ? 0 : 1;
    }

    /** Gives the array back. */
    final void recycle() {
        arrays.giveBack(own);
    }
}
