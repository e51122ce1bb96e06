/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.memory.AllocationFailures;
import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.BarrierMode;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.SplitPlan;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;
import dev.quire.engine.xarray.XaNodePool;
import dev.quire.stress.Slots;

/** One array, of which each state of a scenario has a range of indices for itself. */
final class SharedIndex {
    private static final long NR_NODES = 1L << 18;

    private final int spanOrder;
    private final Slots slots = new Slots();
    private final Rcu rcu = new Rcu(BarrierMode.AUTOMATIC);
    private final XArray array;
    private final XaCursor writer;
    private final IndexWatch watch;
    private final IterationWatch iterationWatch;
    private final StepWatch stepWatch;

    /**
     * Makes an empty array.
     *
     * @param spanOrder log2 of the indices of a state
     */
    SharedIndex(int spanOrder) {
        this.spanOrder = spanOrder;
        PageArena arena = PageArena.open(1, NR_NODES, 1, Backing.AUTOMATIC);
        Lifetime lifetime = new Lifetime(false, BarrierMode.AUTOMATIC);
        XaNodePool nodes = new XaNodePool(arena, rcu, new AllocationFailures(), lifetime);
        array = new XArray(arena.objectsBase(), nodes, new LockOrder(false), 0);
        writer = new XaCursor(array);
        RcuReader reader = rcu.register();
        watch = new IndexWatch(array, reader);
        iterationWatch = new IterationWatch(array, reader);
        stepWatch = new StepWatch(array, reader);
    }

    /** The word of a piece, or entry, that starts so many indices into a state's range. */
    static long word(long offset) {
        return XaEntry.value(1000 + offset);
    }

    /** First index of a new state's range, which is empty. */
    long take() {
        return (long) slots.take() << spanOrder;
    }

    void giveBack(long base) {
        store(base, spanOrder, XaEntry.EMPTY);
        slots.giveBack(slotOf(base));
    }

    /** Number of the state that has a range. */
    int slotOf(long base) {
        return (int) (base >>> spanOrder);
    }

    /** Last index of a state's range. */
    long lastOf(long base) {
        return base + (1L << spanOrder) - 1;
    }

    void store(long index, int order, long word) {
        if (XaEntry.isError(array.storeOrder(index, order, word))) {
            throw new IllegalStateException("no node left: nrNodes=" + NR_NODES);
        }
    }

    void storeRange(long first, long last, long word) {
        requireOk(array.storeRange(first, last, word));
    }

    void erase(long index) {
        array.erase(index);
    }

    void mark(long index) {
        array.setMark(index, IterationWatch.MARK);
    }

    /** Cuts the entry at the start of a range; each piece gets the word of its offset. */
    void split(long base, SplitPlan plan) {
        array.lock();
        try {
            writer.set(base);
            requireOk(writer.split(plan, word(0), word(0), word(1) - word(0)));
        } finally {
            array.unlock();
        }
    }

    /** One step of cutting down the entry that covers an index; pieces get the words of their offsets in the range. */
    void trySplit(long base, long offset, int order, int newOrder) {
        array.lock();
        try {
            writer.set(base + offset);
            requireOk(writer.trySplit(newOrder, word(offset & -1L << order), word(1) - word(0)));
        } finally {
            array.unlock();
        }
    }

    private static void requireOk(int result) {
        if (result != Errno.OK) {
            throw new IllegalStateException("change refused: result=" + Errno.name(result));
        }
    }

    /** Reclaims what readers have left. */
    void poll() {
        rcu.poll();
    }

    IndexWatch watch() {
        return watch;
    }

    IterationWatch iterationWatch() {
        return iterationWatch;
    }

    StepWatch stepWatch() {
        return stepWatch;
    }
}
