/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.struct.XaNodeStruct;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The slots that hold the entries of a {@link LoadedArray}, without the tree above them: the nodes lie side by side, so that
 * the address of a slot is computed and not found. Reading them is what remains of a lookup if the way to the slot costs
 * nothing: the limit of the machine at that moment, caches and neighbours included.
 */
@State(Scope.Benchmark)
public class LeafSlots {
    private EngineArray memory;
    private long nodesBase;
    private int leafShift;

    /**
     * Lays the nodes out, in memory of the same kind as the array's.
     *
     * @param loaded the array whose slots they are
     */
    @Setup(Level.Trial)
    public void fill(LoadedArray loaded) {
        IndexedEntries indexed = loaded.indexed();
        leafShift = indexed.order() / XaNodeStruct.SLOT_SHIFT * XaNodeStruct.SLOT_SHIFT;
        long nrSlots = (long) indexed.nrEntries() << (indexed.order() - leafShift);
        memory = new EngineArray(nrSlots / XaNodeStruct.NR_SLOTS + 1, loaded.hugePages);
        nodesBase = memory.engine().arena().nodesBase();
        for (long slot = 0; slot < nrSlots; slot++) {
            int index = (int) (slot << leafShift);
            NativeMemory.setLong(addressOf(index), indexed.successorAt(index));
        }
    }

    /** Gives the memory back. */
    @TearDown(Level.Trial)
    public void close() {
        memory.close();
    }

    /** What the entry that covers an index holds. */
    long read(long index) {
        return NativeMemory.getLong(addressOf(index));
    }

    private long addressOf(long index) {
        long slot = index >>> leafShift;
        long node = nodesBase + (slot >>> XaNodeStruct.SLOT_SHIFT) * XaNodeStruct.BYTES;
        return XaNodeStruct.slotAddress(node, (int) slot & (XaNodeStruct.NR_SLOTS - 1));
    }
}
