/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaEntry;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Storing and erasing entries of an XArray, per entry (xa_store, xa_insert, xa_erase, and xas_store with an order):
 * lock, walk, nodes where there are none yet, counts, unlock.
 *
 * <p>Filling an array, or emptying it, uses it up. Each invocation therefore makes the next thousand changes of a pass
 * over the whole array, and when a pass is complete, the fixture of the next invocation puts the array back,
 * unmeasured. JMH reads the clock twice around an invocation with such a fixture; that is some 50 ns on a thousand
 * changes of at least 8 ns each, less than a hundredth. What a change costs depends on how full the array is, so an
 * iteration should span whole passes: the default one does for up to a million entries; 16 million take
 * {@code -w 10s -r 20s}.
 *
 * <p>Nodes that a pass freed are used again in the next one, the last one freed first: their order in memory is that of
 * the last pass, as in any program that has run for a while.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 4, time = 1, timeUnit = TimeUnit.SECONDS)
@Measurement(iterations = 5, time = 1, timeUnit = TimeUnit.SECONDS)
public class XArrayStoreBenchmark {
    private static final int NR_CHANGES = ChangedArray.NR_CHANGES;

    /** Nothing where the entries go. */
    public abstract static class FreshEntries extends ChangedArray {
        @Override
        protected void prepare() {
            array().destroy();
        }

        @Override
        long before(int entry) {
            return XaEntry.EMPTY;
        }

        @Override
        long after(int entry) {
            return word(entry);
        }
    }

    /** Entries to be inserted. */
    public static class InsertedEntries extends FreshEntries {
        /** Number of entries and order of each, 0; opt-in: {@code 16000000x0}. */
        @Param({"1000x0", "1000000x0"})
        public String entries;

        @Override
        protected String entries() {
            return entries;
        }

        @Override
        long change(XArray array, int index, int order, long word) {
            return array.insert(index, word) == Errno.OK ? XaEntry.EMPTY : XaEntry.ZERO;
        }
    }

    /** Entries to be stored. */
    public static class StoredEntries extends FreshEntries {
        /** Number of entries and order of each; opt-in: {@code 16000000x0}. */
        @Param({"1000x0", "1000000x0", "100000x9"})
        public String entries;

        @Override
        protected String entries() {
            return entries;
        }

        @Override
        long change(XArray array, int index, int order, long word) {
            return order == 0 ? array.store(index, word) : array.storeOrder(index, order, word);
        }
    }

    /** Entries to be replaced; the next pass finds what this one leaves. */
    public static class OldEntries extends StoredEntries {
        @Override
        protected void prepare() {
            if (before(0) == word(0)) {
                fill();
            }
        }

        @Override
        long before(int entry) {
            return wordBefore(entry);
        }
    }

    /** Entries to be erased. */
    public static class DoomedEntries extends StoredEntries {
        @Override
        protected void prepare() {
            fill();
        }

        @Override
        long change(XArray array, int index, int order, long word) {
            return array.erase(index);
        }

        @Override
        long before(int entry) {
            return word(entry);
        }

        @Override
        long after(int entry) {
            return XaEntry.EMPTY;
        }
    }

    /** Stores where nothing is. */
    @Benchmark
    @OperationsPerInvocation(NR_CHANGES)
    public void store(StoredEntries array) {
        array.run();
    }

    /** Inserts where nothing is. */
    @Benchmark
    @OperationsPerInvocation(NR_CHANGES)
    public void insert(InsertedEntries array) {
        array.run();
    }

    /** Stores over other entries. */
    @Benchmark
    @OperationsPerInvocation(NR_CHANGES)
    public void overwrite(OldEntries array) {
        array.run();
    }

    /** Erases. */
    @Benchmark
    @OperationsPerInvocation(NR_CHANGES)
    public void erase(DoomedEntries array) {
        array.run();
    }

    /** {@link #overwrite} without a tree: the limit of the machine at that moment. */
    @Benchmark
    @OperationsPerInvocation(NR_CHANGES)
    public void slots(ChangedSlots changed) {
        changed.run();
    }
}
