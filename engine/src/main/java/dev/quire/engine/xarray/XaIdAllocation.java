/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/** Skeleton. */
final class XaIdAllocation {
    private XaIdAllocation() {}

    static long alloc(XaCursor c, long min, long max, long entry) {
        return 0;
    }

    static long allocCyclic(XaCursor c, XaIdCycle cycle, long entry) {
        return 0;
    }
}
