/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

import java.util.SplittableRandom;

/** Makes up ways to cut entries. */
final class RandomPlan {
    private static final int MAX_PIECES = 600;

    private RandomPlan() {}

    /** Equal pieces, or any that halving makes; some hundred at most. */
    static SplitPlan any(SplittableRandom random, int order) {
        if (random.nextInt(3) == 0) {
            return SplitPlan.uniform(order, Math.max(0, order - random.nextInt(Math.min(order, 9) + 1)));
        }
        SplitPlan plan = new SplitPlan(order);
        appendAny(random, plan, order);
        return plan;
    }

    /** Halves, or leaves whole, or goes on deeply in one of the halves. */
    private static void appendAny(SplittableRandom random, SplitPlan plan, int order) {
        if (order == 0 || random.nextInt(3) == 0 || plan.nrPieces() > MAX_PIECES) {
            plan.append(order, 1);
        } else {
            appendAny(random, plan, order - 1);
            appendAny(random, plan, order - 1);
        }
    }

    /** The orders of all pieces, in the order of their addresses. */
    static int[] orders(SplitPlan plan) {
        int[] orders = new int[(int) plan.nrPieces()];
        int piece = 0;
        for (int run = 0; run < plan.nrRuns(); run++) {
            for (long i = 0; i < plan.runCount(run); i++) {
                orders[piece++] = plan.runOrder(run);
            }
        }
        return orders;
    }
}
