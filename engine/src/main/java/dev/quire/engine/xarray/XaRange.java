/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/** Skeleton. */
final class XaRange {
    private XaRange() {}

    static int store(XaCursor c, long first, long last, long entry) {
        return 0;
    }
}
