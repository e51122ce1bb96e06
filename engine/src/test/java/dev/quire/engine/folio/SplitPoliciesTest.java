/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.xarray.SplitPlan;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SplitPoliciesTest {
    private static final int MAX_TILED_ORDER = 6;

    private final SplitPlan plan = new SplitPlan();

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        9 | 2   | 0 | 1,0,0,2,3,4,5,6,7,8
        9 | 16  | 3 | 4,3,3,5,6,7,8
        9 | 300 | 0 | 8,5,3,2,0,0,1,4,6,7
        9 | 511 | 0 | 8,7,6,5,4,3,2,1,0,0
        9 | 0   | 8 | 8,8
        1 | 1   | 0 | 0,0
        18 | 175053 | 0 | 17,15,13,11,9,8,7,6,3,2,0,0,1,4,5,10,12,14,16
        """)
    void nonUniformCutsAsTheWorkedExamples(int order, long at, int newOrder, String pieces) {
        SplitPolicies.NON_UNIFORM.plan(plan, order, at, at + 1, newOrder, SplitPolicies.ALL_ORDERS);
        assertEquals(pieces, plan.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        9 | 2   | 0 | 4x0,2,3,4,5,6,7,8
        9 | 300 | 2 | 8,5,3,2,2,4,6,7
        4 | 5   | 0 | 2,4x0,3
        3 | 3   | 0 | 4x0,2
        2 | 0   | 0 | 4x0
        """)
    void anonymousFoliosAreNeverOfOrderOne(int order, long at, int newOrder, String pieces) {
        SplitPolicies.NON_UNIFORM.plan(plan, order, at, at + 1, newOrder, SplitPolicies.ANONYMOUS_ORDERS);
        assertEquals(pieces, plan.toString());
    }

    @Test
    void ordersThatAreNotAllowedAreSkipped() {
        SplitPolicies.NON_UNIFORM.plan(plan, 9, 0, 1, 0, 1L << 0 | 1L << 4);
        assertEquals("16x0,31x4", plan.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        3 | 3   | 6   | 0 | 1,0,0,1,1
        9 | 256 | 512 | 0 | 8,8
        9 | 0   | 512 | 0 | 9
        9 | 0   | 1   | 0 | 0,0,1,2,3,4,5,6,7,8
        9 | 100 | 300 | 0 | 6,5,2,2,3,4,7,5,3,2,2,4,6,7
        9 | 100 | 300 | 6 | 6,6,7,6,6,7
        """)
    void rangeCutsIntoTheLargestAlignedBlocksInsideAndOutside(
            int order, long start, long end, int newOrder, String pieces) {
        SplitPolicies.RANGE.plan(plan, order, start, end, newOrder, SplitPolicies.ALL_ORDERS);
        assertEquals(pieces, plan.toString());
    }

    @Test
    void uniformCutsAllAlike() {
        SplitPolicies.UNIFORM.plan(plan, 18, 5, 6, 9, SplitPolicies.ALL_ORDERS);
        assertEquals("512x9", plan.toString());
        assertEquals(512, plan.nrPieces());
    }

    @Test
    void rangeNeverNeedsMoreThanTwiceTheOrder() {
        SplittableRandom random = TestSeed.random("rangeNeverNeedsMoreThanTwiceTheOrder");
        for (int round = 0; round < 100_000; round++) {
            int order = random.nextInt(1, 19);
            long start = random.nextLong(1L << order);
            long end = random.nextLong(start + 1, (1L << order) + 1);
            SplitPolicies.RANGE.plan(plan, order, start, end, 0, SplitPolicies.ALL_ORDERS);
            assertTrue(plan.isComplete());
            assertTrue(
                    plan.nrPieces() <= Math.max(2L * order, 1),
                    () -> "pieces=" + plan.nrPieces() + " " + TestSeed.asOption());
            assertPiecesRespect(start, end);
        }
    }

    /**
     * Against all ways to tile the folio with aligned pieces of allowed orders that the ends of the range do not cut,
     * unless they have the minimum order; for every set of allowed orders, among them that of anonymous memory. The
     * limit that {@code RANGE} promises is kept, and reached.
     */
    @Test
    void noTilingOfAllowedOrdersHasFewerPieces() {
        for (int order = 1; order <= MAX_TILED_ORDER; order++) {
            for (int minimumOrder = 0; minimumOrder < order; minimumOrder++) {
                for (long larger = 0; larger < 1L << (order - 1 - minimumOrder); larger++) {
                    assertFewestPieces(order, minimumOrder, (2 * larger + 1) << minimumOrder);
                }
            }
        }
    }

    private void assertFewestPieces(int order, int minimumOrder, long allowedOrders) {
        long most = 0;
        for (int start = 0; start < 1 << order; start++) {
            for (int end = start + 1; end <= 1 << order; end++) {
                SplitPolicies.RANGE.plan(plan, order, start, end, minimumOrder, allowedOrders);
                String where = order + "->" + minimumOrder + ", allowed 0b" + Long.toBinaryString(allowedOrders)
                        + ", range " + start + " to " + end;
                assertEquals(fewestPieces(order, start, end, minimumOrder, allowedOrders), plan.nrPieces(), where);
                assertTrue(plan.isComplete(), where);
                assertEquals(0, plan.pieceOrders() & ~(allowedOrders | 1L << order), where);
                most = Math.max(most, plan.nrPieces());
            }
        }
        assertEquals(mostPieces(order, minimumOrder, allowedOrders), most);
    }

    private static long fewestPieces(int order, int start, int end, int minimumOrder, long allowedOrders) {
        long[] fewestUpTo = new long[(1 << order) + 1];
        Arrays.fill(fewestUpTo, Integer.MAX_VALUE);
        fewestUpTo[0] = 0;
        for (int first = 0; first < 1 << order; first++) {
            for (int pieceOrder = minimumOrder; pieceOrder <= order && first % (1 << pieceOrder) == 0; pieceOrder++) {
                int after = first + (1 << pieceOrder);
                boolean isCut = (first < start && start < after) || (first < end && end < after);
                boolean isAllowed = pieceOrder == order || (allowedOrders & 1L << pieceOrder) != 0;
                if (isAllowed && (!isCut || pieceOrder == minimumOrder)) {
                    fewestUpTo[after] = Math.min(fewestUpTo[after], fewestUpTo[first] + 1);
                }
            }
        }
        return fewestUpTo[1 << order];
    }

    /** The limit as it is documented: each step from an allowed order to the next cuts one block, and then two. */
    private static long mostPieces(int order, int minimumOrder, long allowedOrders) {
        long most = 0;
        int larger = order;
        for (int smaller = order - 1; smaller >= minimumOrder; smaller--) {
            if ((allowedOrders & 1L << smaller) != 0) {
                long nrCutInto = 1L << (larger - smaller);
                most += larger == order ? nrCutInto : 2 * (nrCutInto - 1);
                larger = smaller;
            }
        }
        return most;
    }

    @ParameterizedTest
    @CsvSource({"3, 1, 7, 8", "4, 1, 15, 10", "9, 1, 511, 20", "18, 1, 262143, 38", "2, 1, 3, 4"})
    void anonymousMemoryTakesTwoPiecesMore(int order, long start, long end, long nrPieces) {
        SplitPolicies.RANGE.plan(plan, order, start, end, 0, SplitPolicies.ANONYMOUS_ORDERS);
        assertEquals(nrPieces, plan.nrPieces());
    }

    /** Every piece lies inside or outside; two neighbours that are buddies are never on the same side. */
    private void assertPiecesRespect(long start, long end) {
        long offset = 0;
        long previousBuddy = -1;
        boolean previousInside = false;
        for (int run = 0; run < plan.nrRuns(); run++) {
            long size = 1L << plan.runOrder(run);
            for (long count = plan.runCount(run); count > 0; count--) {
                boolean inside = start <= offset && offset + size <= end;
                assertTrue(inside || offset + size <= start || end <= offset, "a piece straddles the range");
                assertTrue(previousBuddy != offset || previousInside != inside, "two pieces could be one");
                previousBuddy = (offset & size) == 0 ? (offset ^ size) : -1;
                if (run + 1 < plan.nrRuns() && count == 1 && plan.runOrder(run + 1) != plan.runOrder(run)) {
                    previousBuddy = -1;
                }
                previousInside = inside;
                offset += size;
            }
        }
        assertEquals(1L << plan.order(), offset);
    }
}
