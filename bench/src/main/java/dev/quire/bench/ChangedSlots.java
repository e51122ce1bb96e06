/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.machine.NativeMemory;
import java.lang.foreign.Arena;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The {@link LeafSlots} of an array whose entries are changed one by one, each under a lock: taken by one atomic
 * operation that always succeeds, given back by a store. What the lock orders is what makes a store wait for its slot's
 * cache line.
 */
@State(Scope.Thread)
public class ChangedSlots {
    private static final int CACHE_LINE_BYTES = 64;

    /** Number of entries and order of each. */
    @Param({"1000x0", "1000000x0", "100000x9"})
    public String entries;

    /** In which order a pass visits the entries. */
    @Param({"SEQUENTIAL", "RANDOM"})
    public ChangedArray.Visit visit;

    /** Whether the system is asked for huge pages behind the nodes; opt-in: {@code false}. */
    @Param("true")
    public boolean hugePages;

    private final Arena lockMemory = Arena.ofShared();
    private final long lock =
            lockMemory.allocate(Integer.BYTES, CACHE_LINE_BYTES).address();
    private IndexedEntries indexed;
    private LeafSlots slots;
    private int[] visited;
    private int next;
    private long nrChanges;

    /** Lays the slots out. */
    @Setup(Level.Trial)
    public void open() {
        indexed = new IndexedEntries(entries);
        slots = new LeafSlots(indexed, hugePages);
        visited = indexed.everyEntry(visit == ChangedArray.Visit.RANDOM);
    }

    /** Checks that every change was made, and gives the memory back. */
    @TearDown(Level.Trial)
    public void close() {
        long nrFound = 0;
        for (int entry : visited) {
            nrFound += slots.read(indexed.indexOf(entry)) - indexed.successorOf(entry);
        }
        slots.close();
        lockMemory.close();
        if (nrFound != nrChanges) {
            throw new IllegalStateException("changes lost: found=" + nrFound + ", made=" + nrChanges);
        }
    }

    /** What is measured: the next {@value ChangedArray#NR_CHANGES} changes. */
    void run() {
        int order = indexed.order();
        next = next == visited.length ? 0 : next;
        for (int end = next + ChangedArray.NR_CHANGES; next < end; next++) {
            long slot = slots.addressOf((long) visited[next] << order);
            if (!NativeMemory.compareAndSetInt(lock, 0, 1)) {
                throw new IllegalStateException("lock of one thread is taken: change=" + next);
            }
            NativeMemory.setLong(slot, NativeMemory.getLong(slot) + 1);
            // Release: the change is complete before the lock is free.
            NativeMemory.setIntRelease(lock, 0);
        }
        nrChanges += ChangedArray.NR_CHANGES;
    }
}
