/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Geometry;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;

/**
 * What one replay runs with.
 *
 * @param policy how folios are split
 * @param maxOrder log2 pages of the largest folio that a file gets, 0 to {@link Geometry#MAX_ORDER}
 * @param headMap how a page finds its head
 * @param memory what anonymous memory is replayed with
 */
public record ReplaySettings(SplitPolicies policy, int maxOrder, HeadMapKind headMap, MemorySettings memory) {
    /** Largest folio order of a page cache unless told otherwise: 2 MiB. */
    public static final int DEFAULT_MAX_ORDER = Geometry.PMD_ORDER;

    /**
     * Checks the order.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public ReplaySettings {
        Objects.requireNonNull(policy, "policy");
        Objects.requireNonNull(headMap, "headMap");
        Objects.requireNonNull(memory, "memory");
        Geometry.requireOrder(maxOrder);
    }

    /**
     * Settings with the defaults for anonymous memory.
     *
     * @param policy how folios are split
     * @param maxOrder log2 pages of the largest folio that a file gets
     * @param headMap how a page finds its head
     */
    public ReplaySettings(SplitPolicies policy, int maxOrder, HeadMapKind headMap) {
        this(policy, maxOrder, headMap, MemorySettings.DEFAULT);
    }

    /**
     * Policies that do not all do the same: one stage is enough for small folios.
     *
     * @param maxOrder log2 pages of the largest folio
     * @return the policies, in their order
     */
    static Set<SplitPolicies> differingPolicies(int maxOrder) {
        return maxOrder > SplitPolicies.STAGE_ORDERS
                ? EnumSet.allOf(SplitPolicies.class)
                : EnumSet.complementOf(EnumSet.of(SplitPolicies.STAGED));
    }
}
