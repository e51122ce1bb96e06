/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.memory.Geometry;

/**
 * What is split how.
 *
 * @param order log2 pages of the folios before
 * @param newOrder log2 pages of the smallest pieces
 * @param policy how the folios are split
 * @param pieceOrders which orders the pieces may have; not heeded by the uniform methods
 * @param headMap how the head of a page is found
 */
record SplitCase(int order, int newOrder, SplitMethod policy, PieceOrders pieceOrders, HeadMapKind headMap) {
    /**
     * A case whose orders are written as {@code 9->0}.
     *
     * @throws IllegalArgumentException if they are written in another way, or out of range
     */
    static SplitCase parse(String orders, SplitMethod policy, PieceOrders pieceOrders, HeadMapKind headMap) {
        String[] both = orders.split("->", -1);
        if (both.length != 2) {
            throw new IllegalArgumentException("not two orders: split=" + orders + ", example=9->0");
        }
        int order = Geometry.requireOrder(Integer.parseInt(both[0]));
        int newOrder = Geometry.requireOrder(Integer.parseInt(both[1]));
        return new SplitCase(order, newOrder, policy, pieceOrders, headMap);
    }
}
