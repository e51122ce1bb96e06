/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/** Skeleton. */
public final class XaText {
    private XaText() {}

    /**
     * Prints an array's tree: a line {@code T} for the anchor and a line {@code N} for each node, each ended by a newline.
     * The array must be quiescent, or locked by the caller.
     *
     * @param array the array
     * @return the text
     */
    public static String tree(XArray array) {
        return "";
    }
}
