/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

/**
 * What a replay of memory calls did and left in memory. All but the latencies is the same in each run.
 *
 * @param folios folios in memory at the end, and the splits; its index is the page tables: one node per table
 * @param faultLatencies how long each fault took, those included for which there was no memory
 * @param nrFaults folios that faults brought in
 * @param nrCallsRefused calls that make no sense here, because the trace lacks what led to them
 * @param nrHugeFaults faults that brought in 2 MiB
 * @param mappedBytes bytes that are mapped at the end: less than is resident where folios are partly mapped
 * @param hugeMappedBytes bytes of them in folios of 2 MiB
 * @param peakResidentBytes most bytes of folios after any call
 * @param nrDeferredSplits times that a folio became partly mapped, and was queued to be split
 * @param nrStillQueued folios on the queue at the end
 * @param nrPagesFreed pages that splits freed
 * @param nrFileMappings mappings of files and shared memory, which are not replayed
 * @param nrPagesVerified pages that were found to hold what was written to them
 */
public record MemoryMeasurements(
        Measurements folios,
        Latencies faultLatencies,
        long nrFaults,
        long nrCallsRefused,
        long nrHugeFaults,
        long mappedBytes,
        long hugeMappedBytes,
        long peakResidentBytes,
        long nrDeferredSplits,
        long nrStillQueued,
        long nrPagesFreed,
        long nrFileMappings,
        long nrPagesVerified) {

    /**
     * Whether another replay came out the same, latencies aside.
     *
     * @param other measurements of the same trace under the same settings
     * @return true if all counts are equal
     */
    public boolean hasSameCounts(MemoryMeasurements other) {
        return folios.hasSameCounts(other.folios) && equals(other.withLatencies(folios, faultLatencies));
    }

    /**
     * Adds the latencies of another replay to these counts.
     *
     * @param other measurements of the same trace under the same settings
     * @return counts of this, latencies of both
     */
    public MemoryMeasurements withLatenciesOf(MemoryMeasurements other) {
        return withLatencies(folios.withLatenciesOf(other.folios), faultLatencies.plus(other.faultLatencies));
    }

    /** {@return share of the mapped bytes that lie in folios of 2 MiB, 0 to 1} */
    public double hugeShare() {
        return mappedBytes == 0 ? 0 : (double) hugeMappedBytes / mappedBytes;
    }

    private MemoryMeasurements withLatencies(Measurements otherFolios, Latencies otherFaults) {
        return new MemoryMeasurements(
                otherFolios,
                otherFaults,
                nrFaults,
                nrCallsRefused,
                nrHugeFaults,
                mappedBytes,
                hugeMappedBytes,
                peakResidentBytes,
                nrDeferredSplits,
                nrStillQueued,
                nrPagesFreed,
                nrFileMappings,
                nrPagesVerified);
    }
}
