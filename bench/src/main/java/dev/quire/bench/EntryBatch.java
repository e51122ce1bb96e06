/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.SplitPlan;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaEntry;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Entries of one order side by side in an XArray, to be split or merged once per batch and put back in between.
 *
 * <p>Whatever happens to the entries, each holds its own first index, so that what is there can be checked.
 */
@State(Scope.Thread)
public abstract class EntryBatch {
    private static final long MAX_NODES = 1 << 18;

    /** Whether the system is asked for huge pages behind the nodes; opt-in: {@code false}. */
    @Param("true")
    public boolean hugePages;

    private final int nrEntries;
    private final int order;
    private EngineArray engineArray;
    private EntrySplitter splitter;

    /**
     * Describes batches.
     *
     * @param nrEntries entries in a batch
     * @param order log2 of the indices that an entry covers
     */
    protected EntryBatch(int nrEntries, int order) {
        this.nrEntries = nrEntries;
        this.order = order;
    }

    /** Brings the entries into the state before {@link #run}; not measured. */
    protected abstract void prepare();

    /** What is measured. */
    protected abstract void run();

    /**
     * Computes what a batch leaves.
     *
     * @param offset an index relative to the first index of its entry before all splits
     * @return order of the entry that covers it after {@link #run}
     */
    protected abstract int expectedOrder(long offset);

    /** Makes the entries, and checks one batch. */
    @Setup(Level.Trial)
    public final void open() {
        engineArray = new EngineArray(MAX_NODES, hugePages);
        splitter = new EntrySplitter(engineArray.array());
        mergeAll();
        prepare();
        run();
        check();
        HugePages.report(engineArray.engine());
        putBack();
    }

    /** Fails if the batches left nodes behind. */
    @TearDown(Level.Trial)
    public final void close() {
        engineArray.close();
    }

    /** Prepares a batch. */
    @Setup(Level.Invocation)
    public final void prepareBatch() {
        prepare();
        engineArray.engine().awaitReclaim();
    }

    /** Makes all entries whole again. */
    @TearDown(Level.Invocation)
    public final void putBack() {
        mergeAll();
        engineArray.engine().awaitReclaim();
    }

    /** Stores each entry over its whole range, merging whatever pieces are there. */
    final void mergeAll() {
        for (int entry = 0; entry < nrEntries; entry++) {
            splitter.merge((long) entry << order, order);
        }
    }

    /** Splits each entry in one go. */
    final void splitAll(SplitPlan plan) {
        for (int entry = 0; entry < nrEntries; entry++) {
            splitter.split((long) entry << order, plan);
        }
    }

    /**
     * Splits each entry step by step, each step cutting the piece that has a certain index.
     *
     * @param offset the index, relative to the entry's first
     * @param newOrders order of the pieces after each step
     */
    final void splitAllInSteps(long offset, int... newOrders) {
        for (int entry = 0; entry < nrEntries; entry++) {
            splitter.splitInSteps(((long) entry << order) + offset, order, newOrders);
        }
    }

    private void check() {
        XArray array = engineArray.array();
        try (RcuReader reader = engineArray.engine().newReader()) {
            reader.enter();
            for (long index = 0; index < (long) nrEntries << order; index++) {
                int expected = expectedOrder(index & Geometry.pagesIn(order) - 1);
                long word = array.load(reader, index);
                int actual = array.getOrder(reader, index);
                if (actual != expected || word != XaEntry.value(Geometry.alignDown(index, expected))) {
                    throw new IllegalStateException("wrong entry: index=" + index + ", entry=" + XaEntry.toText(word)
                            + ", order=" + actual + ", expectedOrder=" + expected);
                }
            }
            reader.exit();
        }
    }
}
