/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/** Skeleton. */
public final class XaChecker {
    private XaChecker() {}

    /**
     * Checks every invariant of an array's shape. The array must be quiescent, or locked by the caller.
     *
     * @param array the array
     * @throws AssertionError naming the index, node and field of the first violation
     */
    public static void check(XArray array) {}
}
