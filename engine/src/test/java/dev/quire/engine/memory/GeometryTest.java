/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GeometryTest {
    @Test
    void sizesAreThoseOfFourKibibytePages() {
        assertEquals(4096, Geometry.PAGE_BYTES);
        assertEquals(18, Geometry.MAX_ORDER);
        assertEquals(19, Geometry.NR_ORDERS);
        assertEquals(2L << 20, Geometry.HUGE_PAGE_BYTES);
        assertEquals(Geometry.HUGE_PAGE_BYTES, Geometry.bytesIn(Geometry.PMD_ORDER));
        assertEquals(1L << 30, Geometry.bytesIn(Geometry.PUD_ORDER));
        assertEquals(262_144, Geometry.pagesIn(Geometry.PUD_ORDER));
    }

    @Test
    void theLargestOrderInANumberOfPagesIsThatOfABlockThatFits() {
        assertEquals(-1, Geometry.largestOrderIn(0));
        assertEquals(0, Geometry.largestOrderIn(1));
        assertEquals(8, Geometry.largestOrderIn(511));
        assertEquals(9, Geometry.largestOrderIn(512));
        assertEquals(18, Geometry.largestOrderIn(1L << 18 | 1L << 9 | 1));
        assertEquals(63, Geometry.largestOrderIn(-1));
    }

    @Test
    void largestOrdersDoNotOverflow() {
        assertEquals(1L << 62, Geometry.pagesIn(62));
        assertEquals(1L << 62, Geometry.bytesIn(50));
    }

    @Test
    void aBlockStartsAtAMultipleOfItsSize() {
        assertTrue(Geometry.isAligned(0, 18));
        assertTrue(Geometry.isAligned(7, 0));
        assertTrue(Geometry.isAligned(512, 9));
        assertFalse(Geometry.isAligned(511, 9));
        assertFalse(Geometry.isAligned(256, 9));
        assertTrue(Geometry.isAligned(-512, 9));
    }

    @Test
    void alignDownGivesTheStartOfTheBlock() {
        assertEquals(0, Geometry.alignDown(511, 9));
        assertEquals(512, Geometry.alignDown(512, 9));
        assertEquals(512, Geometry.alignDown(1023, 9));
        assertEquals(1023, Geometry.alignDown(1023, 0));
        assertEquals(0x7fff_ffff_fffc_0000L, Geometry.alignDown(Long.MAX_VALUE, 18));
    }

    @Test
    void roundUpGivesTheNextMultiple() {
        assertEquals(0, Geometry.roundUp(0, 4096));
        assertEquals(4096, Geometry.roundUp(1, 4096));
        assertEquals(4096, Geometry.roundUp(4096, 4096));
        assertEquals(8192, Geometry.roundUp(4097, 4096));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 9, 18})
    void everyOrderOfABlockIsAccepted(int order) {
        assertEquals(order, Geometry.requireOrder(order));
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 19, Integer.MAX_VALUE})
    void otherOrdersAreRefused(int order) {
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> Geometry.requireOrder(order));
        assertEquals("order out of range: order=" + order + ", max=18", refused.getMessage());
    }
}
