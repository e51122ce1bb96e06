/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.WholeEngineTest;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.PageArena;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Holds the counted bytes of metadata against what a split really changed in memory. */
class SplitStatisticsTest extends WholeEngineTest {
    private static final int ORDER = 12;
    private static final long NR_NODES = 1000;

    private static byte[] bytes(long address, long nrBytes) {
        return NativeMemory.segment(address, nrBytes).toArray(JAVA_BYTE);
    }

    /** Bytes in 8-byte words that differ now from what they were. */
    private static long changedBytes(long address, byte[] before) {
        byte[] now = bytes(address, before.length);
        long changed = 0;
        for (int at = 0; at < before.length; at += Long.BYTES) {
            boolean same = Arrays.equals(before, at, at + Long.BYTES, now, at, at + Long.BYTES);
            changed += same ? 0 : Long.BYTES;
        }
        return changed;
    }

    @ParameterizedTest
    @CsvSource({
        "HEAD_BITS, UNIFORM, 4096, 65",
        "HEAD_BITS, NON_UNIFORM, 13, 2",
        "HEAD_BITS, RANGE, 18, 3",
        "TAIL_WORDS, UNIFORM, 4096, 65",
        "TAIL_WORDS, NON_UNIFORM, 13, 2",
        "TAIL_WORDS, RANGE, 18, 3"
    })
    void countsWhatASplitStores(HeadMapKind headMap, SplitPolicies policy, long nrPieces, long nrNodes) {
        Quire engine =
                open(Quire.builder().capacityBytes(64L << 20).nodes(NR_NODES).headMap(headMap));
        SplitStatistics statistics = engine.splitStatistics();
        try (AddressSpace space = engine.newAddressSpace()) {
            space.extend(4096L << ORDER);
            long folio = engine.folios().allocate(ORDER);
            assertEquals(0, space.add(folio, 0));
            engine.folios().lock(folio);
            PageArena arena = engine.arena();
            byte[] pages = bytes(arena.pageStructsBase(), arena.nrPages() * 64);
            byte[] bits = bytes(arena.headBitsBase(), 4161 * 8);
            byte[] nodes = bytes(arena.nodesBase(), NR_NODES * 576);
            int result = engine.splitter().split(folio, policy, 1000, 3000, 0, SplitPolicies.ALL_ORDERS, false);
            long changed = changedBytes(arena.pageStructsBase(), pages)
                    + changedBytes(arena.headBitsBase(), bits)
                    + changedBytes(arena.nodesBase(), nodes);
            engine.folios().unlock(folio);
            engine.folios().unpin(folio);
            assertEquals(0, result);
            long counted = statistics.metadataBytesWritten();
            assertTrue(changed <= counted, "changed=" + changed + ", counted=" + counted);
            // Stores that leave a field as it was are counted and do not show: zeroes, mostly.
            assertTrue(counted <= 3 * changed, "changed=" + changed + ", counted=" + counted);
            assertEquals(1, statistics.nrSplits(ORDER));
            assertEquals(1, statistics.nrSplits());
            assertEquals(0, statistics.nrFailed(ORDER));
            assertEquals(nrPieces, statistics.nrPieces());
            assertEquals(nrNodes, statistics.nrNodesAdded());
        }
    }
}
