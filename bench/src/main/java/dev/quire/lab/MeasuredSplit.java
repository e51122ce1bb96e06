/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;
import java.util.concurrent.TimeUnit;

/**
 * One real split of a fresh page-cache folio, and what it took.
 *
 * @param plan the pieces, read back from the page cache
 * @param nrNodes index nodes that were added
 * @param metadataBytes bytes of metadata that were written
 * @param nanos how long the fastest of the repeated splits took, in ns
 * @param frozenNanos how long a reader would have had to wait at most, in the best of the repeated splits, in ns
 * @param nrRepeats how often it was split
 */
record MeasuredSplit(SplitPlan plan, long nrNodes, long metadataBytes, long nanos, long frozenNanos, int nrRepeats) {
    /** How often at least, and for how long: until the JVM has compiled what runs. */
    private static final int MIN_REPEATS = 20;

    private static final long REPEAT_NANOS = TimeUnit.SECONDS.toNanos(1);

    /**
     * Splits.
     *
     * @param headMap how pages find their head
     * @param policy how to split
     * @param order order of the folio
     * @param start first page of the wanted range
     * @param end page after it
     * @param newOrder order of the smallest piece
     * @param allowedOrders bit k set if pieces of order k are allowed
     */
    static MeasuredSplit run(
            HeadMapKind headMap,
            SplitPolicies policy,
            int order,
            long start,
            long end,
            int newOrder,
            long allowedOrders) {
        long[] longestFreeze = {0};
        long fastest = Long.MAX_VALUE;
        long leastFrozen = Long.MAX_VALUE;
        int nrRepeats = 0;
        MeasuredSplit last = null;
        try (Quire engine = Quire.builder()
                .capacityBytes(4L << 30)
                .headMap(headMap)
                .splitObserver((before, nrPieces, result, nanos, frozenNanos) ->
                        longestFreeze[0] = Math.max(longestFreeze[0], frozenNanos))
                .open()) {
            long startNanos = System.nanoTime();
            while (nrRepeats < MIN_REPEATS || System.nanoTime() - startNanos < REPEAT_NANOS) {
                nrRepeats++;
                longestFreeze[0] = 0;
                last = runOnce(engine, policy, order, start, end, newOrder, allowedOrders);
                fastest = Math.min(fastest, last.nanos);
                leastFrozen = Math.min(leastFrozen, longestFreeze[0]);
            }
        }
        if (last == null) {
            throw new IllegalStateException("nothing was split: repeats=" + nrRepeats);
        }
        return new MeasuredSplit(last.plan, last.nrNodes, last.metadataBytes, fastest, leastFrozen, nrRepeats);
    }

    private static MeasuredSplit runOnce(
            Quire engine, SplitPolicies policy, int order, long start, long end, int newOrder, long allowedOrders) {
        long nodesBefore = engine.splitStatistics().nrNodesAdded();
        long bytesBefore = engine.splitStatistics().metadataBytesWritten();
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(Geometry.bytesIn(order));
            long folio = engine.folios().allocate(order);
            require(folio != 0 ? space.add(folio, 0) : Errno.ENOMEM);
            engine.folios().lock(folio);
            long startNanos = System.nanoTime();
            int result = engine.splitter().split(folio, policy, start, end, newOrder, allowedOrders, false);
            long nanos = System.nanoTime() - startNanos;
            engine.folios().unlock(folio);
            engine.folios().unpin(folio);
            require(result);
            SplitPlan plan = new SplitPlan(order);
            space.forEachFolio((index, pieceOrder, piece) -> plan.append(pieceOrder, 1));
            return new MeasuredSplit(
                    plan,
                    engine.splitStatistics().nrNodesAdded() - nodesBefore,
                    engine.splitStatistics().metadataBytesWritten() - bytesBefore,
                    nanos,
                    0,
                    1);
        } finally {
            engine.awaitReclaim();
        }
    }

    private static void require(int result) {
        if (result != Errno.OK) {
            throw new LabException("the folio could not be split: " + Errno.name(result));
        }
    }
}
