/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import dev.quire.engine.xarray.SplitPlan;
import dev.quire.engine.xarray.XaEntry;
import dev.quire.stress.Progress;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * The range that a state has for itself in an array that all states of the scenario share. Offsets count from its
 * start.
 */
final class IndexRange {
    /** Nothing. */
    static final long NOTHING = XaEntry.EMPTY;

    /** The word of what a scenario stores, that no offset has. */
    static final long OTHER = SharedIndex.word(100_000);

    private final SharedIndex index;
    private final long base;
    private final Progress writer = new Progress();

    IndexRange(SharedIndex index) {
        this.index = index;
        base = index.take();
    }

    /** The word of an entry that starts at an offset. */
    static long word(long offset) {
        return SharedIndex.word(offset);
    }

    /** A number that differs from state to state. */
    int slot() {
        return index.slotOf(base);
    }

    void store(long offset, int order, long word) {
        index.store(base + offset, order, word);
    }

    /** Stores an entry of one index, and its own word, at each offset. */
    void storeSingles(long... offsets) {
        for (long offset : offsets) {
            store(offset, 0, word(offset));
        }
    }

    void storeRange(long firstOffset, long lastOffset, long word) {
        index.storeRange(base + firstOffset, base + lastOffset, word);
    }

    void erase(long offset) {
        index.erase(base + offset);
    }

    void mark(long... offsets) {
        for (long offset : offsets) {
            index.mark(base + offset);
        }
    }

    /** Cuts the entry at offset 0. */
    void split(SplitPlan plan) {
        index.split(base, plan);
    }

    void trySplit(long offset, int order, int newOrder) {
        index.trySplit(base, offset, order, newOrder);
    }

    /** Reclaims nodes that readers have left. */
    void poll() {
        index.poll();
    }

    /** Says that the writer is through. */
    void complete() {
        writer.complete();
    }

    /** See {@link IndexWatch#watch}. */
    int watch(long offset, long... words) {
        return index.watch().watch(base + offset, words);
    }

    /** See {@link IndexWatch#watchPlace}. */
    int watchPlace(long offset, long... words) {
        return index.watch().watchPlace(base + offset, words);
    }

    /** See {@link IndexWatch#watchOrder}. */
    int watchOrder(long offset, long... orders) {
        return index.watch().watchOrder(base + offset, orders);
    }

    /** Tells what {@link IndexWatch#watchMark} saw, and whether the writer got through meanwhile. */
    void watchMark(long markedOffset, long unmarkedOffset, II_Result seen) {
        boolean wasComplete = writer.isComplete();
        seen.r1 = index.watch().watchMark(base + markedOffset, base + unmarkedOffset);
        seen.r2 = wasComplete == writer.isComplete() ? 0 : 1;
    }

    /** See {@link IndexWatch#reload}. */
    int reload(long offset) {
        return index.watch().reload(base + offset, word(offset), writer);
    }

    /**
     * Iterates over the range, and tells how that went ({@link IterationWatch#watch}) and whether the writer got
     * through meanwhile.
     */
    void iterate(IterationWatch.Way way, long startOffset, IterationWatch.Expected expected, II_Result seen) {
        boolean wasComplete = writer.isComplete();
        seen.r1 = index.iterationWatch().watch(way, base, startOffset, index.lastOf(base), expected);
        seen.r2 = wasComplete == writer.isComplete() ? 0 : 1;
    }

    /**
     * Steps over offsets, and tells how that went ({@link StepWatch#watch}) and whether the writer got through
     * meanwhile.
     */
    void step(StepWatch.Expected expected, II_Result seen) {
        boolean wasComplete = writer.isComplete();
        seen.r1 = index.stepWatch().watch(base, expected);
        seen.r2 = wasComplete == writer.isComplete() ? 0 : 1;
    }

    /** Gives the range back. */
    void recycle() {
        index.giveBack(base);
    }
}
