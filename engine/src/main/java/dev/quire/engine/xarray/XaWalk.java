/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/** Skeleton. */
final class XaWalk {
    private XaWalk() {}

    static final int NR_SLOTS = 64;
    static final int LEVEL_BITS = 6;

    static void pause(XaCursor c) {}

    static void advance(XaCursor c, long index) {}

    static long load(XaCursor c) {
        return 0;
    }

    static long reload(XaCursor c) {
        return 0;
    }

    static int getOrder(XaCursor c) {
        return 0;
    }

    static long next(XaCursor c) {
        return 0;
    }

    static long prev(XaCursor c) {
        return 0;
    }

    static long load(long anchor, long index) {
        return 0;
    }

    static int getOrder(long anchor, long index) {
        return 0;
    }
}
