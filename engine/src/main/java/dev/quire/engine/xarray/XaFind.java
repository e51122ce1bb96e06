/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/** Skeleton. */
final class XaFind {
    private XaFind() {}

    static long find(XaCursor c, long max) {
        return 0;
    }

    static long findMarked(XaCursor c, long max, int mark) {
        return 0;
    }

    static long findConflict(XaCursor c) {
        return 0;
    }

    static long findFrom(XaCursor c, long last, int filter) {
        return 0;
    }

    static long findAfter(XaCursor c, long last, int filter) {
        return 0;
    }

    static int extract(XaCursor c, long last, int filter, long[] entries, int nrEntries) {
        return 0;
    }
}
