/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.struct;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The two counts of a node are changed in one access, and neither by the other's change. */
class XaNodeStructTest {
    private final Arena arena = Arena.ofConfined();
    private final long node = arena.allocate(XaNodeStruct.BYTES, 64).address();

    @AfterEach
    void shiftAndOffsetAreAsTheyWere() {
        try {
            assertEquals(54, XaNodeStruct.shift(node));
            assertEquals(63, XaNodeStruct.offset(node));
        } finally {
            arena.close();
        }
    }

    private void assertCounts(int count, int nrValues) {
        assertEquals(count, XaNodeStruct.count(node));
        assertEquals(nrValues, XaNodeStruct.nrValues(node));
    }

    @Test
    void eachCountChangesByItself() {
        XaNodeStruct.header(node, 54, 63, 0, 0);
        XaNodeStruct.changeCounts(node, 64, 0);
        assertCounts(64, 0);
        XaNodeStruct.changeCounts(node, 0, 64);
        assertCounts(64, 64);
        XaNodeStruct.changeCounts(node, -64, 0);
        assertCounts(0, 64);
        XaNodeStruct.changeCounts(node, 1, -63);
        assertCounts(1, 1);
        XaNodeStruct.changeCounts(node, -1, -1);
        assertCounts(0, 0);
    }

    @Test
    void bothAreClearedAtOnce() {
        XaNodeStruct.header(node, 54, 63, 64, 63);
        XaNodeStruct.clearCounts(node);
        assertCounts(0, 0);
    }
}
