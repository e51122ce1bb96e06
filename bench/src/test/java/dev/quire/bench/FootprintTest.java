/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FootprintTest {
    /**
     * Ranges and nodes, counted by hand: a lowest node for 64 indices, or for 8 ranges of order 9, and 64 nodes to a
     * node above.
     */
    @ParameterizedTest
    @CsvSource({
        "CONSECUTIVE, 64, 1",
        "CONSECUTIVE, 65, 3",
        "CONSECUTIVE, 1000000, 15875",
        "ORDER_9, 8, 1",
        "ORDER_9, 64, 9",
        "ORDER_9, 1000000, 126986",
    })
    void anXArrayTakes576BytesANode(Footprint.Pattern pattern, int nrRanges, long nrNodes) {
        try (RangeIndex index = Footprint.fill(RangePeer.XARRAY, pattern, nrRanges)) {
            assertEquals(nrNodes * 576, index.offHeapBytes());
        }
    }

    @Test
    void sparseRangesAreDistinctAndSpreadOver32Bits() {
        BitSet low = new BitSet();
        BitSet high = new BitSet();
        int nrHigh = 0;
        for (int range = 0; range < 10_000; range++) {
            long first = Footprint.Pattern.SPARSE.firstIndexOf(range);
            assertEquals(first, first & 0xffff_ffffL);
            boolean isHigh = first >= 1L << 31;
            BitSet half = isHigh ? high : low;
            int position = (int) (first & Integer.MAX_VALUE);
            assertFalse(half.get(position), () -> "twice: " + first);
            half.set(position);
            nrHigh += isHigh ? 1 : 0;
        }
        assertTrue(nrHigh > 4_800 && nrHigh < 5_200, "in the upper half: " + nrHigh);
    }

    @Test
    void aRowHasAColumnForEachPattern() {
        String row = Footprint.row(
                RangePeer.TREE_MAP,
                Map.of(
                        Footprint.Pattern.CONSECUTIVE, 9.14,
                        Footprint.Pattern.SPARSE, 950.0,
                        Footprint.Pattern.ORDER_9, 47509.46));
        assertEquals("TREE_MAP                       9.1         950.0      47,509.5", row.stripTrailing());
    }

    @Test
    void theTableHasARowForEachMap() {
        StringWriter text = new StringWriter();
        Footprint.printTable(512, new PrintWriter(text));
        List<String> lines = text.toString().lines().toList();
        assertEquals("Bytes per range, 512 ranges", lines.get(0));
        assertEquals(
                List.of("XARRAY", "SKIP_LIST", "TREE_MAP", "CONCURRENT_HASH_MAP", "AGRONA"),
                lines.stream().skip(2).map(line -> line.split(" ", 2)[0]).toList());
    }
}
