/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/** Skeleton. */
final class XaStore {
    private XaStore() {}

    static long store(XaCursor c, long entry) {
        return 0;
    }

    static void createRange(XaCursor c) {}

    static boolean nomem(XaCursor c) {
        return false;
    }

    static void destroySpares(XaCursor c) {}

    static void destroyAll(XaCursor c) {}
}
