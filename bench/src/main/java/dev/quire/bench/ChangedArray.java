/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaEntry;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * An XArray whose entries are changed one by one, each once per pass over the array; between two passes, unmeasured, it
 * is put back into the state that a pass starts from.
 *
 * <p>Every change is checked by the word it returns, and at the end every entry by looking it up.
 */
@State(Scope.Thread)
public abstract class ChangedArray {
    /** Changes per invocation; divides the number of entries. */
    static final int NR_CHANGES = 1000;

    /** In which order a pass visits the entries. */
    public enum Visit {
        /** That of their indices. */
        SEQUENTIAL,
        /** A random one. */
        RANDOM
    }

    /** In which order a pass visits the entries. */
    @Param({"SEQUENTIAL", "RANDOM"})
    public Visit visit;

    /** Whether the system is asked for huge pages behind the nodes; opt-in: {@code false}. */
    @Param("true")
    public boolean hugePages;

    /** Of order 9 it is 8, of order 0 it is 63; the rest is for nodes that wait for a grace period. */
    private static final int ENTRIES_PER_NODE = 4;

    private EngineArray engineArray;
    private IndexedEntries indexed;
    private int[] visited;

    /** Place in {@link #visited} of the next entry to change. */
    private int next;

    /** Passes so far; the words of each differ from those of the pass before. */
    private int pass;

    /**
     * The entries.
     *
     * @return their number and the order of each, as in {@link IndexedEntries}: the value of the subclass's parameter
     */
    protected abstract String entries();

    /** Puts the array into the state that a pass starts from. */
    protected abstract void prepare();

    /** Makes one change to the entry at an index, a store giving it the word, and returns the word that was there. */
    abstract long change(XArray array, int index, int order, long word);

    /** Word of an entry before its turn in this pass. */
    abstract long before(int entry);

    /** Word of an entry after its turn in this pass. */
    abstract long after(int entry);

    /** Opens the array, and makes and checks one pass. */
    @Setup(Level.Trial)
    public final void open() {
        indexed = new IndexedEntries(entries());
        if (indexed.nrEntries() % NR_CHANGES != 0) {
            throw new IllegalArgumentException(
                    "not a multiple of " + NR_CHANGES + ": nrEntries=" + indexed.nrEntries());
        }
        engineArray = new EngineArray(Math.max(1 << 12, indexed.nrEntries() / ENTRIES_PER_NODE), hugePages);
        visited = indexed.everyEntry(visit == Visit.RANDOM);
        prepare();
        while (next < visited.length) {
            run();
        }
        check();
        HugePages.report(engineArray.engine());
    }

    /** Checks what the last pass did so far. */
    @TearDown(Level.Trial)
    public final void close() {
        check();
        engineArray.close();
    }

    /** Starts a new pass if the last one is complete. */
    @Setup(Level.Invocation)
    public final void startPassIfDue() {
        if (next == visited.length) {
            next = 0;
            pass++;
            prepare();
            engineArray.engine().awaitReclaim();
        }
    }

    /** What is measured: the next {@value #NR_CHANGES} changes. */
    final void run() {
        XArray array = engineArray.array();
        int order = indexed.order();
        int nrWrong = 0;
        for (int end = next + NR_CHANGES; next < end; next++) {
            int entry = visited[next];
            nrWrong += change(array, entry << order, order, word(entry)) == before(entry) ? 0 : 1;
        }
        if (nrWrong != 0) {
            throw new IllegalStateException("changes found wrong words: number=" + nrWrong + ", end=" + next);
        }
    }

    final XArray array() {
        return engineArray.array();
    }

    /** Word that an entry gets in this pass. */
    final long word(int entry) {
        return XaEntry.value((long) entry + pass);
    }

    /** Word that an entry got in the pass before. */
    final long wordBefore(int entry) {
        return XaEntry.value((long) entry + Math.max(pass - 1, 0));
    }

    /** Stores a word over the range of each entry. */
    final void fill() {
        for (int entry = 0; entry < visited.length; entry++) {
            array().storeOrder(indexed.indexOf(entry), indexed.order(), word(entry));
        }
    }

    private void check() {
        try (RcuReader reader = engineArray.engine().newReader()) {
            reader.enter();
            for (int place = 0; place < visited.length; place++) {
                int entry = visited[place];
                long expected = place < next ? after(entry) : before(entry);
                long found = array().load(reader, indexed.indexOf(entry));
                if (found != expected) {
                    throw new IllegalStateException("wrong entry: index=" + indexed.indexOf(entry) + ", found="
                            + XaEntry.toText(found) + ", expected=" + XaEntry.toText(expected));
                }
            }
            reader.exit();
        }
    }
}
