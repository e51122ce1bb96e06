/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.memory.Geometry;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class MeasurementsTest {
    private static Measurements of(long nrSplits, long[] foliosByOrder, long... splitNanos) {
        Histogram histogram = new Histogram(3);
        for (long nanos : splitNanos) {
            histogram.recordValue(nanos);
        }
        return new Measurements(nrSplits, foliosByOrder, 3, 1728, 640, new Latencies(histogram));
    }

    private static long[] folios(int... ordersAndCounts) {
        long[] folios = new long[Geometry.NR_ORDERS];
        for (int i = 0; i < ordersAndCounts.length; i += 2) {
            folios[ordersAndCounts[i]] = ordersAndCounts[i + 1];
        }
        return folios;
    }

    @Test
    void bytesFollowFromFolios() {
        Measurements measurements = of(7, folios(0, 4, 4, 3, 9, 2, 18, 1));
        assertEquals(10, measurements.nrFolios());
        assertEquals(4 * 4096 + 3 * 65_536 + 2 * (2L << 20) + (1L << 30), measurements.residentBytes());
    }

    @Test
    void sharesCountFoliosOfAnOrderAndAbove() {
        Measurements measurements = of(7, folios(0, 256, 4, 16, 9, 3));
        assertEquals(1, measurements.shareFromOrder(0));
        assertEquals(7.0 / 8, measurements.shareFromOrder(4));
        assertEquals(6.0 / 8, measurements.shareFromOrder(9));
        assertEquals(0, measurements.shareFromOrder(10));
        assertEquals(0, of(0, folios()).shareFromOrder(0));
    }

    @Test
    void nothingSplitHasNoLatency() {
        assertEquals(0, of(0, folios()).splitLatencies().nanosAt(99));
    }

    @Test
    void inputsAreCopied() {
        long[] folios = folios(0, 1);
        Measurements measurements = of(1, folios);
        folios[0] = 9;
        assertEquals(1, measurements.nrFolios(0));
    }

    @Test
    void countsAreComparedWithoutLatencies() {
        assertTrue(of(1, folios(0, 1), 5).hasSameCounts(of(1, folios(0, 1), 6)));
        assertFalse(of(1, folios(0, 1)).hasSameCounts(of(2, folios(0, 1))));
        assertFalse(of(1, folios(0, 1)).hasSameCounts(of(1, folios(1, 1))));
    }

    @Test
    void badCountsAreRefused() {
        assertEquals(
                "number of orders is wrong: foliosByOrder.length=18, must be 19",
                assertThrows(IllegalArgumentException.class, () -> of(0, new long[18]))
                        .getMessage());
        assertEquals(
                "count is negative: nrSplits=-1",
                assertThrows(IllegalArgumentException.class, () -> of(-1, folios()))
                        .getMessage());
        assertEquals(
                "count is negative: foliosByOrder[3]=-2",
                assertThrows(IllegalArgumentException.class, () -> of(0, folios(3, -2)))
                        .getMessage());
    }
}
