/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.folio.StagedSplitter;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;
import java.util.EnumSet;
import java.util.Set;

/** Ways to split a page-cache folio that can be compared: by a policy in one freeze, or uniformly in stages. */
public enum SplitMethod {
    /** {@link SplitPolicies#UNIFORM}. */
    UNIFORM(SplitPolicies.UNIFORM),
    /** {@link SplitPolicies#NON_UNIFORM}. */
    NON_UNIFORM(SplitPolicies.NON_UNIFORM),
    /** {@link SplitPolicies#RANGE}. */
    RANGE(SplitPolicies.RANGE),
    /** As {@link #UNIFORM}, by {@link StagedSplitter}. */
    STAGED(SplitPolicies.UNIFORM);

    private final SplitPolicies policy;

    SplitMethod(SplitPolicies policy) {
        this.policy = policy;
    }

    /**
     * Those that differ for folios up to an order: one stage is enough for the smaller ones.
     *
     * @param maxOrder log2 pages of the largest folio
     * @return the methods, in their order
     */
    public static Set<SplitMethod> differing(int maxOrder) {
        return maxOrder > StagedSplitter.STAGE_ORDERS
                ? EnumSet.allOf(SplitMethod.class)
                : EnumSet.range(UNIFORM, RANGE);
    }

    /**
     * The same for truncations and holes, which ask again about a piece that is still covered in part: {@link
     * #STAGED} then splits only such pieces a second time, and the others stay as large as the first stage has made
     * them.
     *
     * @return the policy
     */
    public SplitPolicy policy() {
        return this == STAGED ? SplitMethod::planStage : policy;
    }

    /**
     * The same for anonymous memory, whose folios are never too large for one stage.
     *
     * @return the policy
     */
    public SplitPolicies anonymousPolicy() {
        return policy;
    }

    private static void planStage(
            SplitPlan plan, int order, long start, long end, int minimumOrder, long allowedOrders) {
        int stageOrder = minimumOrder + StagedSplitter.STAGE_ORDERS;
        boolean isStage = stageOrder < order && (allowedOrders & Geometry.pagesIn(stageOrder)) != 0;
        plan.resetUniform(order, isStage ? stageOrder : minimumOrder);
    }

    /** {@return whether all pieces have the same order} */
    boolean isUniform() {
        return policy == SplitPolicies.UNIFORM;
    }

    /**
     * Splits a folio.
     *
     * @param engine whose folio it is
     * @param folio head of a folio that the caller has locked and holds one reference to
     * @param start first page of the wanted range, relative to the folio; not heeded by the uniform methods
     * @param end page after the range
     * @param newOrder log2 pages of the smallest piece
     * @param allowedOrders bit k set if pieces of order k are allowed; not heeded by the uniform methods
     * @return 0, or what the splitter says
     */
    public int split(Quire engine, long folio, long start, long end, int newOrder, long allowedOrders) {
        return this == STAGED
                ? engine.stagedSplitter().splitUniform(folio, newOrder)
                : engine.splitter().split(folio, policy, start, end, newOrder, allowedOrders, false);
    }
}
