/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.SplitObserver;
import dev.quire.engine.mapping.FolioVisitor;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;

/** An engine of its own for the files or the memory that a trace uses, with the times of its splits. For one thread. */
final class MeasuredEngine implements AutoCloseable {
    private static final int SIGNIFICANT_DIGITS = 3;

    /** Files, or processes, of a trace at one time: the most that an engine can be made for, at 8 bytes of heap each. */
    private static final int MAX_ADDRESS_SPACES = 1 << 20;

    private final Histogram splitNanos = new Histogram(SIGNIFICANT_DIGITS);
    private final Quire engine;

    MeasuredEngine(ReplaySettings settings, long capacityBytes) {
        engine = Quire.builder()
                .capacityBytes(capacityBytes)
                .addressSpaces(MAX_ADDRESS_SPACES)
                .headMap(settings.headMap())
                .pageCacheOrder(settings.maxOrder())
                .splitObserver((SplitObserver) this::record)
                .open();
    }

    private void record(int order, long nrPieces, int result, long nanos, long frozenNanos) {
        if (result == Errno.OK) {
            splitNanos.recordValue(nanos);
        }
    }

    Quire engine() {
        return engine;
    }

    /** How long each split took until now. */
    Latencies splitLatencies() {
        return new Latencies(splitNanos);
    }

    /**
     * Looks at what is in memory now.
     *
     * @param everyFolio shows a visitor all folios of all files
     */
    Measurements measure(Consumer<FolioVisitor> everyFolio) {
        long[] foliosByOrder = new long[Geometry.NR_ORDERS];
        everyFolio.accept((index, order, folio) -> foliosByOrder[order]++);
        engine.awaitReclaim();
        long nrNodes = engine.nodes().nrInUse();
        return new Measurements(
                engine.splitStatistics().nrSplits(),
                foliosByOrder,
                nrNodes,
                nrNodes * XaNodeStruct.BYTES,
                engine.splitStatistics().metadataBytesWritten(),
                splitLatencies());
    }

    @Override
    public void close() {
        engine.close();
    }
}
