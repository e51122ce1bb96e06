/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.XaNodeStruct;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Layouts that splits must give, computed step by step as the rules describe them, without the engine's policies. */
final class SplitLayouts {
    private SplitLayouts() {}

    /** 2^(order-newOrder) equal folios. */
    static int[] uniform(int order, int newOrder) {
        int[] orders = new int[1 << (order - newOrder)];
        Arrays.fill(orders, newOrder);
        return orders;
    }

    /** Halves the folio that holds a page until it has the new order; anonymous folios skip order 1. */
    static int[] nonUniform(int order, long at, int newOrder, boolean anonymous) {
        return nonUniform(order, at, newOrder, anonymous ? ~(1L << 1) : -1);
    }

    /** The same, skipping every order that is not allowed but the new one. */
    static int[] nonUniform(int order, long at, int newOrder, long allowedOrders) {
        List<Integer> orders = new ArrayList<>(List.of(order));
        int current = order;
        for (int step = order - 1; step >= newOrder; step--) {
            if (step != newOrder && (allowedOrders & 1L << step) == 0) {
                continue;
            }
            int position = positionOf(orders, at);
            orders.set(position, step);
            for (int piece = 1; piece < 1 << (current - step); piece++) {
                orders.add(position, step);
            }
            current = step;
        }
        return orders.stream().mapToInt(Integer::intValue).toArray();
    }

    /**
     * Nodes that an index takes for a split: one for each block of 64, 64^2 and 64^3 pages that one folio held and more
     * do now.
     */
    static int nrNodes(int order, int[] orders) {
        int nrNodes = 0;
        for (int shift = XaNodeStruct.SLOT_SHIFT; shift <= order; shift += XaNodeStruct.SLOT_SHIFT) {
            long offset = 0;
            long lastBlock = -1;
            for (int pieceOrder : orders) {
                if (pieceOrder < shift && offset >>> shift != lastBlock) {
                    lastBlock = offset >>> shift;
                    nrNodes++;
                }
                offset += Geometry.pagesIn(pieceOrder);
            }
        }
        return nrNodes;
    }

    private static int positionOf(List<Integer> orders, long at) {
        long end = 0;
        for (int position = 0; position < orders.size(); position++) {
            end += Geometry.pagesIn(orders.get(position));
            if (at < end) {
                return position;
            }
        }
        throw new IllegalArgumentException("page beyond the folio: page=" + at);
    }
}
