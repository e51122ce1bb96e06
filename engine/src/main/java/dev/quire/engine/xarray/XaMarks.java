/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/** Skeleton. */
final class XaMarks {
    private XaMarks() {}

    static boolean get(XaCursor c, int mark) {
        return false;
    }

    static void set(XaCursor c, int mark) {}

    static void clear(XaCursor c, int mark) {}

    static void init(XaCursor c) {}

    static boolean get(long anchor, long index, int mark) {
        return false;
    }

    static boolean isMarked(long anchor, int mark) {
        return false;
    }
}
