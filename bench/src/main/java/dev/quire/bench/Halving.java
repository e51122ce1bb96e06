/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;

/**
 * What halving a block again and again around one of its units leaves, by arithmetic on offsets alone: the independent
 * computation that non-uniform splits are compared with.
 */
final class Halving {
    private Halving() {}

    /**
     * Order of the piece that holds a unit: every unit is left in the largest block that has it but not the unit cut
     * around, whose order is that of the highest bit in which the two differ.
     *
     * @param at offset of the unit cut around
     * @param offset offset of a unit
     * @return log2 units
     */
    static int orderAround(long at, long offset) {
        return 63 - Long.numberOfLeadingZeros((offset ^ at) | 1);
    }

    /**
     * Order of the piece that holds a unit if a block is cut into the largest blocks that lie inside or outside a
     * range.
     *
     * @param start first unit of the range
     * @param end unit after it
     * @param order log2 units of the block that is cut
     * @param offset offset of a unit
     * @return log2 units
     */
    static int orderBeside(long start, long end, int order, long offset) {
        int largest = 0;
        while (largest < order && !isCut(start, largest + 1, offset) && !isCut(end, largest + 1, offset)) {
            largest++;
        }
        return largest;
    }

    /** Whether a boundary, before the unit of that number, is inside the block of an order that holds a unit. */
    private static boolean isCut(long boundary, int order, long offset) {
        long block = offset >>> order;
        return (boundary - 1) >>> order == block && boundary >>> order == block;
    }

    /** The plan that leaves these pieces of a block of an order. */
    static SplitPlan planAround(long at, int order) {
        SplitPlan plan = new SplitPlan(order);
        for (long offset = 0; offset < Geometry.pagesIn(order); offset += 1L << orderAround(at, offset)) {
            plan.append(orderAround(at, offset), 1);
        }
        return plan;
    }
}
