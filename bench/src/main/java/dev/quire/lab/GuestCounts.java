/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.GuestSplitPolicy;

/**
 * What guest memory consists of after a scenario: the same each time.
 *
 * @param nrSharedPages shared pages
 * @param nrRanges ranges of attributes
 * @param nrFolios folios
 * @param nrSplitNodes index nodes beside those that the same memory has when all of it is private
 * @param mostNodes most index nodes, of all kinds, after any step
 * @param metadataBytesWritten bytes of page structs, head map and index that all splits wrote
 */
record GuestCounts(
        long nrSharedPages,
        long nrRanges,
        long nrFolios,
        long nrSplitNodes,
        long mostNodes,
        long metadataBytesWritten) {
    /**
     * Runs a scenario.
     *
     * @throws LabException if memory is out
     */
    static GuestCounts of(GuestScenario scenario, GuestSplitPolicy policy) {
        try (Quire engine = scenario.newEngine();
                GuestMemory memory = scenario.newMemory(engine, policy)) {
            long mostNodes = 0;
            for (GuestOperation operation : scenario.operations()) {
                operation.perform(memory);
                mostNodes = Math.max(mostNodes, nrNodes(engine));
            }
            long nrSharedPages = 0;
            for (long index = 0; index < memory.endIndex(); index++) {
                nrSharedPages += memory.isShared(index) ? 1 : 0;
            }
            long nrRanges = memory.nrAttributeRanges();
            long[] nrFolios = {0};
            memory.forEachFolio((index, order, folio) -> nrFolios[0]++);
            long metadataBytesWritten = engine.splitStatistics().metadataBytesWritten();
            long nrNodes = nrNodes(engine);
            scenario.all(GuestOperation.Kind.PRIVATE).perform(memory);
            return new GuestCounts(
                    nrSharedPages, nrRanges, nrFolios[0], nrNodes - nrNodes(engine), mostNodes, metadataBytesWritten);
        }
    }

    private static long nrNodes(Quire engine) {
        engine.awaitReclaim();
        return engine.nodes().nrInUse();
    }
}
