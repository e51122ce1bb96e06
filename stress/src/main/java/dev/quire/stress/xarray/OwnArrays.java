/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.memory.AllocationFailures;
import dev.quire.engine.memory.Backing;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.BarrierMode;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.Rcu;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaNodePool;
import dev.quire.stress.Slots;
import org.jspecify.annotations.Nullable;

/** Arrays of which each state of a scenario has one for itself, to change its height. */
final class OwnArrays {
    private static final int NR_ARRAYS = 1 << 14;

    /** An array, its place, and the reader's ways into it. */
    record Own(int slot, XArray array, IndexWatch watch, IterationWatch iterationWatch) {}

    private final Slots slots = new Slots(NR_ARRAYS);
    private final @Nullable Own[] arrays = new Own[NR_ARRAYS];
    private final PageArena arena = PageArena.open(1, 1L << 18, NR_ARRAYS, Backing.AUTOMATIC);
    private final Rcu rcu = new Rcu(BarrierMode.AUTOMATIC);
    private final RcuReader reader = rcu.register();
    private final XaNodePool nodes =
            new XaNodePool(arena, rcu, new AllocationFailures(), new Lifetime(false, BarrierMode.AUTOMATIC));

    /** An empty array. */
    Own take() {
        int slot = slots.take();
        Own own = arrays[slot];
        if (own == null) {
            long anchor = arena.objectsBase() + (long) slot * PageArena.OBJECT_BYTES;
            XArray array = new XArray(anchor, nodes, new LockOrder(false), 0);
            own = new Own(slot, array, new IndexWatch(array, reader), new IterationWatch(array, reader));
            arrays[slot] = own;
        }
        return own;
    }

    void giveBack(Own own) {
        own.array.destroy();
        slots.giveBack(own.slot);
    }
}
