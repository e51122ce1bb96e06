/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A {@link LoadedArray} one in a hundred of whose entries, chosen at random, have a mark. */
@State(Scope.Benchmark)
public class MarkedArray extends LoadedArray {
    /** The mark. */
    static final int MARK = 1;

    private static final long SEED = 0x5eed;
    private static final int ENTRIES_PER_MARK = 100;

    private final BitSet marked = new BitSet();

    /** Marks the entries. */
    @Setup(Level.Trial)
    public void mark() {
        SplittableRandom random = new SplittableRandom(SEED);
        int nrEntries = indexed().nrEntries();
        while (marked.cardinality() < nrEntries / ENTRIES_PER_MARK) {
            int entry = random.nextInt(nrEntries);
            marked.set(entry);
            array().setMark(indexed().indexOf(entry), MARK);
        }
    }

    /** One step of an iteration over all entries, or all with the mark. */
    @FunctionalInterface
    interface Step {
        /** Moves to the next entry, at first to the one at index 0 or after it; 0 behind the last one. */
        long next(XArray array, XaCursor cursor, boolean first);
    }

    /**
     * Fails if a way to iterate does not visit just the entries it should, in order.
     *
     * @param filter {@link XArray#PRESENT} or {@link #MARK}
     * @param reader the caller's reader
     * @param step the way to iterate
     */
    void check(int filter, RcuReader reader, Step step) {
        XaCursor cursor = new XaCursor(array(), reader);
        reader.enter();
        long word = step.next(array(), cursor, true);
        for (int entry = 0; entry < indexed().nrEntries(); entry++) {
            if (filter == MARK && !marked.get(entry)) {
                continue;
            }
            if (cursor.index() != indexed().indexOf(entry)
                    || word != XaEntry.value(indexed().successorOf(entry))) {
                throw new IllegalStateException("wrong entry: index=" + cursor.index() + ", entry="
                        + XaEntry.toText(word) + ", expectedIndex=" + indexed().indexOf(entry));
            }
            word = step.next(array(), cursor, false);
        }
        if (word != XaEntry.EMPTY) {
            throw new IllegalStateException("an entry too many: index=" + cursor.index());
        }
        cursor.reset();
        reader.exit();
    }
}
