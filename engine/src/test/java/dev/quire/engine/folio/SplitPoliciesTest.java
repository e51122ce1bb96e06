/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.TestSeed;
import dev.quire.engine.xarray.SplitPlan;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SplitPoliciesTest {
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
