/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Leaks;
import dev.quire.engine.Quire;
import dev.quire.engine.xarray.XArray;

/** An empty XArray in an engine of its own, in checked mode as users get it. Thread-safe like what it holds. */
final class EngineArray implements AutoCloseable {
    private final Quire engine;
    private final XArray array;

    /**
     * Opens the engine.
     *
     * @param nrNodes most index nodes that the array will have, free ones that wait for readers included
     * @param hugePages whether the system is asked for huge pages behind the nodes
     */
    EngineArray(long nrNodes, boolean hugePages) {
        engine = Quire.builder()
                .capacityBytes(1 << 30)
                .nodes(nrNodes)
                .hugeMetadata(hugePages)
                .open();
        array = engine.newArray(0);
    }

    Quire engine() {
        return engine;
    }

    XArray array() {
        return array;
    }

    /** Empties the array and gives the memory back; fails if nodes were left. */
    @Override
    public void close() {
        array.close();
        Leaks leaks = engine.leaks();
        engine.close();
        if (!leaks.isEmpty()) {
            throw new IllegalStateException("the benchmark left something behind: " + leaks);
        }
    }
}
