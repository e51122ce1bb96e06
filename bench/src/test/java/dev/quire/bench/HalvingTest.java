/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class HalvingTest {
    @Test
    void leavesTheLargestBlocksWithoutTheUnit() {
        assertEquals("1,0,0,2,3", Halving.planAround(2, 4).toString());
        assertEquals("0,0,1,2", Halving.planAround(1, 3).toString());
        assertEquals("2,1,0,0", Halving.planAround(7, 3).toString());
    }

    @Test
    void orderIsThatOfThePiece() {
        assertEquals(1, Halving.orderAround(2, 0));
        assertEquals(0, Halving.orderAround(2, 2));
        assertEquals(0, Halving.orderAround(2, 3));
        assertEquals(2, Halving.orderAround(2, 7));
        assertEquals(3, Halving.orderAround(2, 8));
    }

    /** Around one unit it is the same as halving; around a range, blocks may also lie inside. */
    @Test
    void blocksBesideARangeAreTheLargestOnes() {
        for (long at = 0; at < 16; at++) {
            for (long unit = 0; unit < 16; unit++) {
                assertEquals(Halving.orderAround(at, unit), Halving.orderBeside(at, at + 1, 4, unit));
            }
        }
        int[] aroundSixToTwelve = {2, 2, 2, 2, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2};
        for (int unit = 0; unit < 16; unit++) {
            assertEquals(aroundSixToTwelve[unit], Halving.orderBeside(6, 12, 4, unit), "unit " + unit);
        }
        assertEquals(3, Halving.orderBeside(0, 8, 4, 5));
        assertEquals(4, Halving.orderBeside(0, 16, 4, 5));
    }
}
