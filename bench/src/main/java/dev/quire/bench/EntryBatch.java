/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Leaks;
import dev.quire.engine.Quire;
import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.XArrayStruct;
import dev.quire.engine.xarray.SplitPlan;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;
import java.lang.foreign.Arena;
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
    private static final long WORD_PER_INDEX = XaEntry.value(1) - XaEntry.value(0);

    /** Whether the system is asked for huge pages behind the nodes; opt-in: {@code true}. */
    @Param("false")
    public boolean hugePages;

    private final int nrEntries;
    private final int order;
    private Arena anchorMemory;
    private Quire engine;
    private XArray array;
    private XaCursor cursor;

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
        anchorMemory = Arena.ofShared();
        engine = Quire.builder().capacityBytes(1 << 30).nodes(MAX_NODES).open();
        HugePages.advise(engine, hugePages);
        long anchor = anchorMemory.allocate(XArrayStruct.BYTES, Long.BYTES).address();
        array = new XArray(anchor, engine.nodes(), new LockOrder(false), 0);
        cursor = new XaCursor(array);
        mergeAll();
        prepare();
        run();
        check();
        HugePages.report(engine.arena().nodesBase(), hugePages);
        putBack();
    }

    /** Fails if the batches left nodes behind. */
    @TearDown(Level.Trial)
    public final void close() {
        array.destroy();
        Leaks leaks = engine.leaks();
        engine.close();
        anchorMemory.close();
        if (!leaks.isEmpty()) {
            throw new IllegalStateException("the benchmark left something behind: " + leaks);
        }
    }

    /** Prepares a batch. */
    @Setup(Level.Invocation)
    public final void prepareBatch() {
        prepare();
        engine.awaitReclaim();
    }

    /** Makes all entries whole again. */
    @TearDown(Level.Invocation)
    public final void putBack() {
        mergeAll();
        engine.awaitReclaim();
    }

    /** Stores each entry over its whole range, merging whatever pieces are there. */
    final void mergeAll() {
        for (int entry = 0; entry < nrEntries; entry++) {
            long first = (long) entry << order;
            array.storeOrder(first, order, XaEntry.value(first));
        }
    }

    /** Splits each entry in one go, nodes reserved before the lock is taken. */
    final void splitAll(SplitPlan plan) {
        for (int entry = 0; entry < nrEntries; entry++) {
            long first = (long) entry << order;
            long word = XaEntry.value(first);
            cursor.set(first);
            int result = cursor.reserve(plan);
            array.lock();
            if (result == Errno.OK) {
                result = cursor.split(plan, word, word, WORD_PER_INDEX);
            }
            array.unlock();
            requireOk(result);
        }
    }

    /**
     * Splits each entry step by step under one lock, each step cutting the piece that has a certain index.
     *
     * @param offset the index, relative to the entry's first
     * @param newOrders order of the pieces after each step
     */
    final void splitAllInSteps(long offset, int... newOrders) {
        for (int entry = 0; entry < nrEntries; entry++) {
            long at = ((long) entry << order) + offset;
            int pieceOrder = order;
            array.lock();
            for (int newOrder : newOrders) {
                cursor.set(at);
                long word = XaEntry.value(Geometry.alignDown(at, pieceOrder));
                requireOk(cursor.trySplit(newOrder, word, WORD_PER_INDEX));
                pieceOrder = newOrder;
            }
            array.unlock();
        }
    }

    private static void requireOk(int result) {
        if (result != Errno.OK) {
            throw new IllegalStateException("split failed: result=" + Errno.name(result));
        }
    }

    private void check() {
        try (RcuReader reader = engine.newReader()) {
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
