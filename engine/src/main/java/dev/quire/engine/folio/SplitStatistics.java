/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.rcu.Lifetime;

/**
 * Counters of splits, in the arena's page of counters.
 *
 * <pre>
 *  0                        152                     304             312           320           328
 *  | splits by order[19]    | failed by order[19]   | bytes written | nodes taken | pieces made |
 * </pre>
 *
 * Thread-safe. A split adds to four counters once it is over; a failed one to one. Counters move only with what really
 * happened, and never back.
 */
public final class SplitStatistics {
    private static final long FAILED = (long) Geometry.NR_ORDERS * Long.BYTES;
    private static final long BYTES = 2 * FAILED;
    private static final long NODES = BYTES + Long.BYTES;
    private static final long PIECES = NODES + Long.BYTES;

    private final Lifetime lifetime;
    private final long base;

    /**
     * Makes the counters of an arena.
     *
     * @param arena the arena
     * @param lifetime guard against close
     */
    public SplitStatistics(PageArena arena, Lifetime lifetime) {
        this.lifetime = lifetime;
        base = arena.countersBase();
    }

    void succeeded(int order, long nrPieces, long nrBytes, long nrNodes) {
        NativeMemory.getAndAddLong(base + (long) order * Long.BYTES, 1);
        NativeMemory.getAndAddLong(base + BYTES, nrBytes);
        NativeMemory.getAndAddLong(base + NODES, nrNodes);
        NativeMemory.getAndAddLong(base + PIECES, nrPieces);
    }

    void failed(int order) {
        NativeMemory.getAndAddLong(base + FAILED + (long) order * Long.BYTES, 1);
    }

    /**
     * Splits of folios of one order that succeeded.
     *
     * @param order order before the split, 0 to 18
     * @return number of splits
     * @throws IllegalArgumentException if the order is out of range
     */
    public long nrSplits(int order) {
        return read((long) Geometry.requireOrder(order) * Long.BYTES);
    }

    /**
     * Splits of folios of one order that were tried and failed.
     *
     * @param order order of the folio, 0 to 18
     * @return number of attempts
     * @throws IllegalArgumentException if the order is out of range
     */
    public long nrFailed(int order) {
        return read(FAILED + (long) Geometry.requireOrder(order) * Long.BYTES);
    }

    /**
     * Splits of all orders that succeeded.
     *
     * @return number of splits
     */
    public long nrSplits() {
        long sum = 0;
        for (int order = 0; order < Geometry.NR_ORDERS; order++) {
            sum += nrSplits(order);
        }
        return sum;
    }

    /**
     * Bytes of metadata that splits have written: page structs, head map and index, as stored.
     *
     * @return bytes
     */
    public long metadataBytesWritten() {
        return read(BYTES);
    }

    /**
     * Index nodes that splits have added.
     *
     * @return number of nodes
     */
    public long nrNodesAdded() {
        return read(NODES);
    }

    /**
     * Folios that splits have made, the first of each split included.
     *
     * @return number of folios
     */
    public long nrPieces() {
        return read(PIECES);
    }

    private long read(long offsetBytes) {
        lifetime.enter();
        try {
            // Opaque: a count that moves; whoever needs it exact excludes splits.
            return NativeMemory.getLongOpaque(base + offsetBytes);
        } finally {
            lifetime.exit();
        }
    }
}
