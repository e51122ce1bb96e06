/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.memory.Geometry;
import java.util.Arrays;

/**
 * What a replay left in memory and what it cost. Everything but the latencies is the same in each run.
 *
 * <p>Immutable.
 */
public final class Measurements {
    private final long nrSplits;
    private final long[] foliosByOrder;
    private final long nrIndexNodes;
    private final long indexBytes;
    private final long metadataBytesWritten;
    private final Latencies splitLatencies;

    /**
     * Takes the results of a replay.
     *
     * @param nrSplits folios that were split
     * @param foliosByOrder folios in memory, by order; {@link Geometry#NR_ORDERS} counts
     * @param nrIndexNodes nodes of all page indexes
     * @param indexBytes bytes in these nodes
     * @param metadataBytesWritten bytes of page structs, head map and index nodes that splits wrote
     * @param splitLatencies how long each split took
     * @throws IllegalArgumentException if the number of orders is wrong or a count is negative
     */
    public Measurements(
            long nrSplits,
            long[] foliosByOrder,
            long nrIndexNodes,
            long indexBytes,
            long metadataBytesWritten,
            Latencies splitLatencies) {
        if (foliosByOrder.length != Geometry.NR_ORDERS) {
            throw new IllegalArgumentException("number of orders is wrong: foliosByOrder.length=" + foliosByOrder.length
                    + ", must be " + Geometry.NR_ORDERS);
        }
        for (int order = 0; order < Geometry.NR_ORDERS; order++) {
            requireCount("foliosByOrder[" + order + "]", foliosByOrder[order]);
        }
        this.nrSplits = requireCount("nrSplits", nrSplits);
        this.foliosByOrder = foliosByOrder.clone();
        this.nrIndexNodes = requireCount("nrIndexNodes", nrIndexNodes);
        this.indexBytes = requireCount("indexBytes", indexBytes);
        this.metadataBytesWritten = requireCount("metadataBytesWritten", metadataBytesWritten);
        this.splitLatencies = splitLatencies;
    }

    private static long requireCount(String name, long value) {
        if (value < 0) {
            throw new IllegalArgumentException("count is negative: " + name + "=" + value);
        }
        return value;
    }

    /** {@return folios that were split} */
    public long nrSplits() {
        return nrSplits;
    }

    /**
     * Folios of one order that are in memory.
     *
     * @param order log2 pages, 0 to {@link Geometry#MAX_ORDER}
     * @return how many
     */
    public long nrFolios(int order) {
        return foliosByOrder[order];
    }

    /** {@return folios of all orders} */
    public long nrFolios() {
        return Arrays.stream(foliosByOrder).sum();
    }

    /** {@return bytes in memory} */
    public long residentBytes() {
        return residentBytesFrom(0);
    }

    /** Bytes in folios of an order and above. */
    private long residentBytesFrom(int firstOrder) {
        long bytes = 0;
        for (int order = firstOrder; order < Geometry.NR_ORDERS; order++) {
            bytes += foliosByOrder[order] * Geometry.bytesIn(order);
        }
        return bytes;
    }

    /**
     * Share of the bytes in memory that lie in large folios.
     *
     * @param firstOrder log2 pages of the smallest folio that counts, 0 to {@link Geometry#MAX_ORDER}
     * @return 0 to 1; 0 if nothing is in memory
     */
    public double shareFromOrder(int firstOrder) {
        long resident = residentBytes();
        return resident == 0 ? 0 : (double) residentBytesFrom(firstOrder) / resident;
    }

    /** {@return nodes of all page indexes} */
    public long nrIndexNodes() {
        return nrIndexNodes;
    }

    /** {@return bytes in these nodes} */
    public long indexBytes() {
        return indexBytes;
    }

    /** {@return bytes of page structs, head map and index nodes that splits wrote} */
    public long metadataBytesWritten() {
        return metadataBytesWritten;
    }

    /** {@return how long splits took} */
    public Latencies splitLatencies() {
        return splitLatencies;
    }

    /**
     * Whether another replay came out the same, latencies aside.
     *
     * @param other measurements of the same trace under the same settings
     * @return true if all counts are equal
     */
    public boolean hasSameCounts(Measurements other) {
        return nrSplits == other.nrSplits
                && Arrays.equals(foliosByOrder, other.foliosByOrder)
                && nrIndexNodes == other.nrIndexNodes
                && indexBytes == other.indexBytes
                && metadataBytesWritten == other.metadataBytesWritten;
    }

    /**
     * Adds the latencies of another replay to these counts.
     *
     * @param other measurements of the same trace under the same settings
     * @return counts of this, latencies of both
     */
    public Measurements withLatenciesOf(Measurements other) {
        return new Measurements(
                nrSplits,
                foliosByOrder,
                nrIndexNodes,
                indexBytes,
                metadataBytesWritten,
                splitLatencies.plus(other.splitLatencies));
    }
}
