/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitStages;
import dev.quire.engine.folio.StagedSplitter;
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
    /** {@link SplitPolicies#STAGED}; a folio that is split as a whole is split by {@link StagedSplitter}. */
    STAGED(SplitPolicies.STAGED);

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
        return maxOrder > SplitPolicies.STAGE_ORDERS ? EnumSet.allOf(SplitMethod.class) : EnumSet.range(UNIFORM, RANGE);
    }

    /** {@return the same for truncations and holes, and for anonymous memory} */
    public SplitPolicies policy() {
        return policy;
    }

    /** {@return whether all pieces have the same order} */
    boolean isUniform() {
        return this == UNIFORM || this == STAGED;
    }

    /**
     * What {@link #split} will do.
     *
     * @param order log2 pages of the folio
     * @param start first page of the wanted range, relative to the folio; not heeded by the uniform methods
     * @param end page after the range
     * @param newOrder log2 pages of the smallest piece
     * @param allowedOrders bit k set if pieces of order k are allowed; not heeded by the uniform methods
     * @return its freezes
     */
    public SplitStages plan(int order, long start, long end, int newOrder, long allowedOrders) {
        return this == STAGED
                ? SplitStages.uniform(order, newOrder)
                : SplitStages.of(policy, order, start, end, newOrder, allowedOrders);
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
