/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.struct.XaNodeStruct;

/**
 * The slots that hold the entries of an array, without the tree above them: the nodes lie side by side, so that the
 * address of a slot is computed and not found. Going to them is what remains of a lookup or of a store if the way to
 * the slot costs nothing: the limit of the machine at that moment, caches and neighbours included.
 */
final class LeafSlots implements AutoCloseable {
    private final EngineArray memory;
    private final long nodesBase;
    private final int leafShift;

    /**
     * Lays the nodes out and stores the entries.
     *
     * @param indexed the entries
     * @param hugePages whether the system is asked for huge pages behind the nodes
     */
    LeafSlots(IndexedEntries indexed, boolean hugePages) {
        leafShift = indexed.order() / XaNodeStruct.SLOT_SHIFT * XaNodeStruct.SLOT_SHIFT;
        long nrSlots = (long) indexed.nrEntries() << (indexed.order() - leafShift);
        memory = new EngineArray(nrSlots / XaNodeStruct.NR_SLOTS + 1, hugePages);
        nodesBase = memory.engine().arena().nodesBase();
        for (long slot = 0; slot < nrSlots; slot++) {
            int index = (int) (slot << leafShift);
            NativeMemory.setLong(addressOf(index), indexed.successorAt(index));
        }
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        memory.close();
    }

    /** Address of the slot of the entry that covers an index. */
    long addressOf(long index) {
        long slot = index >>> leafShift;
        long node = nodesBase + (slot >>> XaNodeStruct.SLOT_SHIFT) * XaNodeStruct.BYTES;
        return XaNodeStruct.slotAddress(node, (int) slot & (XaNodeStruct.NR_SLOTS - 1));
    }

    /** What the entry that covers an index holds. */
    long read(long index) {
        return NativeMemory.getLong(addressOf(index));
    }
}
