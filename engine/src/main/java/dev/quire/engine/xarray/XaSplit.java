/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/** Skeleton. */
final class XaSplit {
    private XaSplit() {}

    static int nodesNeeded(SplitPlan plan) {
        return 0;
    }

    static int reserve(XaCursor c, SplitPlan plan) {
        return 0;
    }

    static void requireWords(long firstEntry, long entryStride) {}

    static int split(XaCursor c, SplitPlan plan, long expected, long first, long stride) {
        return 0;
    }

    static int trySplit(XaCursor c, int newOrder, long first, long stride) {
        return 0;
    }
}
