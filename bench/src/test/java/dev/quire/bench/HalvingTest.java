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
}
