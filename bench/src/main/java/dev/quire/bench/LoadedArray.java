/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Quire;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaEntry;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** An XArray full of {@link IndexedEntries}, for lookups by any number of threads. */
@State(Scope.Benchmark)
public class LoadedArray {
    /** A little more than one node per 63 entries of order 0, or two per 64 of order 9. */
    private static final int ENTRIES_PER_NODE = 5;

    /** Number of entries and order of each; opt-in: {@code 16000000x0}. */
    @Param({"1000x0", "1000000x0", "1000000x9"})
    public String entries;

    /** Whether the system is asked for huge pages behind the nodes; opt-in: {@code false}. */
    @Param("true")
    public boolean hugePages;

    private EngineArray engineArray;
    private IndexedEntries indexed;

    /** Fills the array and checks that it holds what it should. */
    @Setup(Level.Trial)
    public void fill() {
        indexed = new IndexedEntries(entries);
        engineArray = new EngineArray(Math.max(1 << 10, indexed.nrEntries() / ENTRIES_PER_NODE), hugePages);
        XArray array = engineArray.array();
        for (int entry = 0; entry < indexed.nrEntries(); entry++) {
            array.storeOrder(indexed.indexOf(entry), indexed.order(), XaEntry.value(indexed.successorOf(entry)));
        }
        try (RcuReader reader = newReader()) {
            reader.enter();
            indexed.check(index -> XaEntry.valueOf(array.load(reader, index)));
            reader.exit();
        }
        HugePages.report(engineArray.engine());
    }

    /** Gives the memory back. */
    @TearDown(Level.Trial)
    public void close() {
        engineArray.close();
    }

    XArray array() {
        return engineArray.array();
    }

    IndexedEntries indexed() {
        return indexed;
    }

    RcuReader newReader() {
        return engineArray.engine().newReader();
    }

    Quire engine() {
        return engineArray.engine();
    }
}
