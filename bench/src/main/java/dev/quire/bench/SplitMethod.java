/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.StagedSplitter;

/** Ways to split a page-cache folio that can be compared: by a policy in one freeze, or uniformly in stages. */
public enum SplitMethod {
    /** {@link SplitPolicies#UNIFORM}. */
    UNIFORM(SplitPolicies.UNIFORM),
    /** {@link SplitPolicies#NON_UNIFORM}. */
    NON_UNIFORM(SplitPolicies.NON_UNIFORM),
    /** {@link SplitPolicies#RANGE}. */
    RANGE(SplitPolicies.RANGE),
    /** All of the folio, by {@link StagedSplitter}. */
    STAGED(SplitPolicies.STAGED);

    private final SplitPolicies policy;

    SplitMethod(SplitPolicies policy) {
        this.policy = policy;
    }

    /** {@return whether all pieces have the same order} */
    boolean isUniform() {
        return this == UNIFORM || this == STAGED;
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
