/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The {@link LeafSlots} of a {@link LoadedArray}, in memory of the same kind. */
@State(Scope.Benchmark)
public class ReadSlots {
    private LeafSlots slots;

    /**
     * Lays them out.
     *
     * @param loaded the array whose slots they are
     */
    @Setup(Level.Trial)
    public void open(LoadedArray loaded) {
        slots = new LeafSlots(loaded.indexed(), loaded.hugePages);
    }

    /** Gives the memory back. */
    @TearDown(Level.Trial)
    public void close() {
        slots.close();
    }

    LeafSlots slots() {
        return slots;
    }
}
