/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SplitPlanTest {
    @Test
    void runsAreMergedAndWrittenInOrder() {
        SplitPlan plan = new SplitPlan(4);
        plan.append(1, 1);
        plan.append(0, 1);
        plan.append(0, 1);
        plan.append(2, 1);
        assertFalse(plan.isComplete());
        plan.append(3, 1);

        assertTrue(plan.isComplete());
        assertEquals("1,0,0,2,3", plan.toString());
        assertEquals(0b1111, plan.pieceOrders());
        assertEquals(4, plan.nrRuns());
        assertEquals(5, plan.nrPieces());
        assertEquals(0, plan.runOrder(1));
        assertEquals(2, plan.runCount(1));
        assertThrows(IndexOutOfBoundsException.class, () -> plan.runOrder(4));
        assertThrows(IndexOutOfBoundsException.class, () -> plan.runCount(-1));
    }

    @Test
    void longRunsAreWrittenShort() {
        assertEquals("512x9", SplitPlan.uniform(18, 9).toString());
        assertEquals("5,5", SplitPlan.uniform(6, 5).toString());
        SplitPlan plan = new SplitPlan(18);
        plan.append(9, 511);
        plan.append(0, 512);
        assertEquals("511x9,512x0", plan.toString());
        assertEquals(73, XaCursor.nodesNeeded(plan));
    }

    @Test
    void theLargestOrderFits() {
        SplitPlan plan = SplitPlan.uniform(63, 0);
        assertTrue(plan.isComplete());
        assertEquals(Long.MIN_VALUE, plan.nrPieces());
        assertEquals("9223372036854775808x0", plan.toString());
        assertEquals(Integer.MAX_VALUE, XaCursor.nodesNeeded(plan));
        assertEquals("63", SplitPlan.uniform(63, 63).toString());
        assertEquals(1L << 63, SplitPlan.uniform(63, 63).pieceOrders());
    }

    @Test
    void aCursorVisitsEveryPieceOnceAndStaysAtTheLast() {
        SplittableRandom random = TestSeed.random("aCursorVisitsEveryPieceOnceAndStaysAtTheLast");
        for (int round = 0; round < 300; round++) {
            SplitPlan plan = RandomPlan.any(random, random.nextInt(19));
            PieceCursor piece = plan.firstPiece();
            long offset = 0;
            int nrVisited = 0;
            for (int order : RandomPlan.orders(plan)) {
                assertTrue(nrVisited == 0 || piece.next(), plan::toString);
                assertEquals(offset, piece.offset(), plan::toString);
                assertEquals(order, piece.order(), plan::toString);
                offset += 1L << order;
                nrVisited++;
            }
            assertFalse(piece.next(), plan::toString);
            assertFalse(piece.next(), plan::toString);
            assertEquals(plan.offsetOfLastPiece(), piece.offset(), plan::toString);
        }
    }

    @Test
    void aCursorStartsAgainWithEachPlan() {
        SplitPlan plan = SplitPlan.uniform(63, 62);
        PieceCursor piece = plan.firstPiece();
        assertTrue(piece.next());
        assertEquals(1L << 62, piece.offset());
        assertFalse(piece.next());

        plan.resetUniform(63, 0);
        assertSame(piece, plan.firstPiece(), "the plan's only one");
        assertEquals(0, piece.offset());
        assertTrue(piece.next(), "there are 2^63");
        assertEquals(1, piece.offset());
        assertEquals(1L << 63, plan.runUnits(0));

        plan.reset(5);
        assertThrows(IndexOutOfBoundsException.class, plan::firstPiece);
    }

    @Test
    void whatDoesNotFitIsRefusedAndChangesNothing() {
        SplitPlan plan = new SplitPlan(4);
        plan.append(1, 1);
        String before = plan.toString();
        assertRefused("piece not aligned: offset=2, pieceOrder=2", () -> plan.append(2, 1));
        assertRefused("count out of range: count=8, pieceOrder=1, max=7", () -> plan.append(1, 8));
        assertRefused("count out of range: count=0, pieceOrder=1, max=7", () -> plan.append(1, 0));
        assertRefused("count out of range: count=18446744073709551615, pieceOrder=1, max=7", () -> plan.append(1, -1));
        assertRefused("pieceOrder out of range: pieceOrder=5, max=4", () -> plan.append(5, 1));
        assertRefused("pieceOrder out of range: pieceOrder=-1, max=4", () -> plan.append(-1, 1));
        assertRefused("order out of range: order=64, max=63", () -> plan.reset(64));
        assertRefused("newOrder out of range: newOrder=5, max=4", () -> plan.resetUniform(4, 5));
        assertRefused("plan not complete: covered=2, want=16, plan=1", plan::requireComplete);
        assertRefused("plan not complete: covered=2, want=16, plan=1", () -> XaCursor.nodesNeeded(plan));
        assertEquals(before, plan.toString());
        assertEquals(4, plan.order());
    }

    private static void assertRefused(String message, Runnable call) {
        assertEquals(
                message, assertThrows(IllegalArgumentException.class, call::run).getMessage());
    }

    /** Against the definition: a node for every block of a level that is not one piece or part of one. */
    @Test
    void nodesNeededIsTheNumberOfBlocksThatAreCut() {
        SplittableRandom random = TestSeed.random("nodesNeededIsTheNumberOfBlocksThatAreCut");
        SplitPlan plan = new SplitPlan();
        for (int i = 0; i < 300; i++) {
            int order = random.nextInt(20);
            plan.reset(order);
            byte[] pieceOrderAt = new byte[1 << order];
            int unit = 0;
            while (unit < 1 << order) {
                int largest = Math.min(order, Integer.numberOfTrailingZeros(unit | 1 << order));
                int pieceOrder = random.nextInt(largest + 1);
                plan.append(pieceOrder, 1);
                pieceOrderAt[unit] = (byte) pieceOrder;
                unit += 1 << pieceOrder;
            }
            assertEquals(nrBlocksCut(pieceOrderAt, order), XaCursor.nodesNeeded(plan), plan::toString);
        }
    }

    private static int nrBlocksCut(byte[] pieceOrderAt, int order) {
        int nrBlocks = 0;
        for (int level = 6; level <= order - order % 6; level += 6) {
            for (int first = 0; first < pieceOrderAt.length; first += 1 << level) {
                boolean isInLargerPiece = isInsidePiece(pieceOrderAt, first);
                nrBlocks += isInLargerPiece || pieceOrderAt[first] >= level ? 0 : 1;
            }
        }
        return nrBlocks;
    }

    private static boolean isInsidePiece(byte[] pieceOrderAt, int unit) {
        for (int order = 1; 1 << order <= pieceOrderAt.length; order++) {
            int first = unit & -(1 << order);
            if (first < unit && pieceOrderAt[first] >= order) {
                return true;
            }
        }
        return false;
    }

    /** Against the orders of the units one by one, of every block of plans of every shape. */
    @Test
    void aPartIsWhatTheWholeSaysOfABlock() {
        for (String orders : new String[] {"4", "3,3", "0,0,1,2,3", "2,1,0,0,3", "3,2,0,0,0,0", "1,1,1,1,1,1,1,1"}) {
            SplitPlan whole = new SplitPlan(4);
            for (String order : orders.split(",", -1)) {
                whole.append(Integer.parseInt(order), 1);
            }
            SplitPlan part = new SplitPlan();
            for (int order = 0; order <= 4; order++) {
                for (long start = 0; start < 16; start += 1 << order) {
                    part.resetToPart(whole, start, order);
                    assertTrue(part.isComplete());
                    assertEquals(order, part.order());
                    for (long unit = 0; unit < 1 << order; unit++) {
                        assertEquals(Math.min(whole.orderAt(start + unit), order), part.orderAt(unit), orders);
                    }
                }
            }
            assertThrows(IllegalArgumentException.class, () -> part.resetToPart(whole, 1, 1));
            assertThrows(IllegalArgumentException.class, () -> part.resetToPart(whole, 16, 0));
            assertThrows(IllegalArgumentException.class, () -> part.resetToPart(whole, 0, 5));
            assertThrows(IllegalArgumentException.class, () -> part.resetToPart(part, 0, 0));
            assertThrows(IllegalArgumentException.class, () -> part.resetToPart(new SplitPlan(3), 0, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> whole.orderAt(16));
            assertEquals(4, part.order());
        }
    }

    /** More runs than a new plan has room for: one, two, and two of the next order each. */
    @Test
    void aPlanAsAWholeIsAPartOfItself() {
        SplitPlan whole = new SplitPlan(9);
        for (int unit = 0; unit < 512; unit += 4) {
            whole.append(0, 2);
            whole.append(1, 1);
        }
        SplitPlan part = new SplitPlan();
        part.resetToPart(whole, 0, 9);
        assertEquals(256, part.nrRuns());
        assertEquals(384, part.nrPieces());
        assertEquals(0b11, part.pieceOrders());
        assertEquals(whole.toString(), part.toString());
        assertEquals(whole.nrNodesNeeded(), part.nrNodesNeeded());
        part.reset(1);
        part.append(0, 2);
        assertEquals("0,0", part.toString());
        assertEquals(256, whole.nrRuns(), "the whole has a share in what its part writes");
    }

    /** What is written to the one afterwards is not in the other; one that is not complete comes as it is. */
    @Test
    void aPlanBecomesWhatAnotherSays() {
        SplitPlan other = new SplitPlan(3);
        other.append(0, 2);
        other.append(1, 3);
        SplitPlan plan = SplitPlan.uniform(9, 0);
        plan.resetTo(other);
        other.resetUniform(3, 3);
        assertEquals("0,0,1,1,1", plan.toString());
        assertEquals(3, plan.order());
        assertEquals(0b11, plan.pieceOrders());
        plan.requireComplete();
        other.reset(2);
        other.append(1, 1);
        plan.resetTo(other);
        assertEquals("1", plan.toString());
        assertFalse(plan.isComplete());
        assertThrows(IllegalArgumentException.class, () -> plan.resetTo(plan));
        assertEquals("1", plan.toString());
    }

    @Test
    void aPartOfTheLargestPlan() {
        SplitPlan whole = SplitPlan.uniform(63, 62);
        SplitPlan part = new SplitPlan();
        part.resetToPart(whole, 0, 63);
        assertEquals("62,62", part.toString());
        part.resetToPart(whole, 1L << 62, 62);
        assertEquals("62", part.toString());
        assertEquals(62, whole.orderAt(Long.MAX_VALUE));
    }
}
