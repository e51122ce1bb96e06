/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaEntry;
import dev.quire.stress.Progress;
import org.openjdk.jcstress.infra.results.II_Result;

/** The array that a state has for itself. */
final class OwnArray {
    private final OwnArrays arrays;
    private final OwnArrays.Own own;
    private final Progress writer = new Progress();

    OwnArray(OwnArrays arrays) {
        this.arrays = arrays;
        own = arrays.take();
    }

    /** A number that differs from state to state. */
    int slot() {
        return own.slot();
    }

    /** Stores an entry, and its own word, at each index. */
    void store(long... indices) {
        for (long index : indices) {
            own.array().store(index, SharedIndex.word(index));
        }
    }

    void erase(long index) {
        own.array().erase(index);
    }

    void mark(long... indices) {
        for (long index : indices) {
            own.array().setMark(index, IterationWatch.MARK);
        }
    }

    void destroy() {
        own.array().destroy();
    }

    /** Says that the writer is through. */
    void complete() {
        writer.complete();
    }

    /** Looks at index 0; the second result is 1 if the writer got through meanwhile. */
    void watchFirst(II_Result seen) {
        boolean wasComplete = writer.isComplete();
        seen.r1 = own.watch().watch(0, SharedIndex.word(0));
        seen.r2 = wasComplete == writer.isComplete() ? 0 : 1;
    }

    /** Tells what {@link IndexWatch#watchNoMark} saw, and whether the writer got through meanwhile. */
    void watchNoMark(long index, II_Result seen) {
        boolean wasComplete = writer.isComplete();
        seen.r1 = own.watch().watchNoMark(index);
        seen.r2 = wasComplete == writer.isComplete() ? 0 : 1;
    }

    /** See {@link IndexWatch#watchAndReload}. */
    void watchAndReload(long index, II_Result seen) {
        own.watch().watchAndReload(index, SharedIndex.word(index), XaEntry.EMPTY, writer, seen);
    }

    /** Iterates over all of the array; the second result is 1 if the writer got through meanwhile. */
    void iterate(IterationWatch.Way way, IterationWatch.Expected expected, II_Result seen) {
        boolean wasComplete = writer.isComplete();
        seen.r1 = own.iterationWatch().watch(way, 0, 0, XArray.MAX_INDEX, expected);
        seen.r2 = wasComplete == writer.isComplete() ? 0 : 1;
    }

    /** Gives the array back. */
    void recycle() {
        arrays.giveBack(own);
    }
}
