/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;
import java.util.ArrayList;
import java.util.List;

/**
 * What a policy will do to a folio, to look at before it is done: the pieces it becomes, and the freezes in which it
 * becomes them, in their order. Under a policy without stages there is one freeze, or none if the folio stays whole.
 *
 * <p>What then happens is this as long as nobody else holds, locks or changes a piece between two freezes, and no piece
 * is dropped beyond the end of its file. Immutable. Allocates in proportion to the freezes: a folio of 1 GiB has 513 of
 * them if it is split uniformly.
 */
public final class SplitStages {
    private final SplitPlan pieces;
    private final List<Freeze> freezes;

    /**
     * One freeze.
     *
     * @param offset first page of the folio that is frozen, relative to the whole
     * @param plan what becomes of it; its order is that of the folio. Not to be changed
     */
    public record Freeze(long offset, SplitPlan plan) {}

    private SplitStages(StagedPlan stages) {
        pieces = stages.pieces;
        freezes = new ArrayList<>();
        addFreezes(stages, 0, pieces.order());
    }

    /**
     * What {@link FolioSplitter#split} will do.
     *
     * @param policy how to cut
     * @param order log2 pages of the folio
     * @param start first page of the wanted range, relative to the folio
     * @param end page after the range
     * @param minimumOrder log2 pages of the smallest piece
     * @param allowedOrders bit k set if pieces of order k are allowed; {@code minimumOrder} always is. For an anonymous
     *     folio without order 1: {@link SplitPolicies#ANONYMOUS_ORDERS}
     * @return its freezes
     * @throws IllegalArgumentException if an order is not in 0..18 or the minimum not below the folio's, the range is
     *     none or not in the folio, or the policy plans what it must not
     */
    public static SplitStages of(
            SplitPolicy policy, int order, long start, long end, int minimumOrder, long allowedOrders) {
        requireOrders(order, minimumOrder);
        if (start < 0 || start >= end || end > Geometry.pagesIn(order)) {
            throw new IllegalArgumentException(
                    "range out of range: start=" + start + ", end=" + end + ", max=" + Geometry.pagesIn(order));
        }
        StagedPlan stages = new StagedPlan();
        stages.plan(policy, order, start, end, minimumOrder, allowedOrders | Geometry.pagesIn(minimumOrder));
        return new SplitStages(stages);
    }

    /**
     * What {@link StagedSplitter#splitUniform} will do.
     *
     * @param order log2 pages of the folio
     * @param newOrder log2 pages of the pieces
     * @return its freezes
     * @throws IllegalArgumentException if an order is not in 0..18 or the new one not below the folio's
     */
    public static SplitStages uniform(int order, int newOrder) {
        requireOrders(order, newOrder);
        StagedPlan stages = new StagedPlan();
        stages.planUniform(order, newOrder, SplitPolicies.ALL_ORDERS);
        return new SplitStages(stages);
    }

    /**
     * What {@link FolioRestructurer#restructure} will do to one folio if all of it is asked for; which of the freezes
     * after the first comes first is not said.
     *
     * @param cut says what the pages should consist of
     * @param startIndex first page of the folio, a multiple of its size
     * @param order log2 pages of the folio
     * @return its freezes
     * @throws IllegalArgumentException if the order is not in 0..18, the index negative or not aligned, or the cut
     *     plans what it must not
     */
    public static SplitStages of(FolioCut cut, long startIndex, int order) {
        Geometry.requireOrder(order);
        if (startIndex < 0 || !Geometry.isAligned(startIndex, order)) {
            throw new IllegalArgumentException("startIndex not aligned: startIndex=" + startIndex + ", order=" + order);
        }
        StagedPlan stages = new StagedPlan();
        stages.plan(cut, startIndex, order);
        return new SplitStages(stages);
    }

    private static void requireOrders(int order, int newOrder) {
        Geometry.requireOrder(order);
        Geometry.requireOrder(newOrder);
        if (newOrder >= order) {
            throw new IllegalArgumentException("newOrder out of range: newOrder=" + newOrder + ", max=" + (order - 1));
        }
    }

    private void addFreezes(StagedPlan stages, long offset, int order) {
        SplitPlan plan = new SplitPlan();
        stages.planFreeze(plan, offset, order);
        if (plan.nrPieces() == 1) {
            return;
        }
        freezes.add(new Freeze(offset, plan));
        int stage = stages.stageBelow(order);
        for (long block = 0; stage >= 0 && block < Geometry.pagesIn(order); block += Geometry.pagesIn(stage)) {
            addFreezes(stages, offset + block, stage);
        }
    }

    /** {@return the pieces in the end; not to be changed} */
    public SplitPlan pieces() {
        return pieces;
    }

    /** {@return the freezes, in the order in which they happen; unmodifiable} */
    public List<Freeze> freezes() {
        return List.copyOf(freezes);
    }

    /**
     * A line for each run of freezes that do the same: {@code 0: 18 -> 512x9}, and for the pieces of that
     * {@code 0 to 261632 (512 times): 9 -> 512x0}; the numbers before the colon are pages of the folio.
     */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        int first = 0;
        while (first < freezes.size()) {
            Freeze freeze = freezes.get(first);
            int next = first + 1;
            while (next < freezes.size() && isLike(freeze, next - first, freezes.get(next))) {
                next++;
            }
            text.append(text.isEmpty() ? "" : "\n").append(freeze.offset);
            if (next - first > 1) {
                text.append(" to ").append(freezes.get(next - 1).offset);
                text.append(" (").append(next - first).append(" times)");
            }
            text.append(": ").append(freeze.plan.order()).append(" -> ").append(freeze.plan);
            first = next;
        }
        return text.isEmpty() ? pieces.order() + " stays whole" : text.toString();
    }

    /** Whether a freeze does the same as one before, of the block so many blocks further on. */
    private static boolean isLike(Freeze freeze, int distance, Freeze other) {
        return other.plan.order() == freeze.plan.order()
                && other.offset == freeze.offset + distance * Geometry.pagesIn(freeze.plan.order())
                && other.plan.toString().equals(freeze.plan.toString());
    }
}
