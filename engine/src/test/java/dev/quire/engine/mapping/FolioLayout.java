/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import java.util.ArrayList;
import java.util.List;

/** Reads how an address space is laid out; for a quiescent one. */
public final class FolioLayout {
    private FolioLayout() {}

    /**
     * Orders of the folios from one index to another, in address order; a maximal run of pages that are gone is "-".
     */
    public static String text(AddressSpace space, long startIndex, long endIndex) {
        List<String> parts = new ArrayList<>();
        long[] next = {startIndex};
        space.forEachFolio((index, order, folio) -> {
            if (index >= endIndex || index + (1L << order) <= startIndex) {
                return;
            }
            if (index > next[0]) {
                parts.add("-");
            }
            parts.add(Integer.toString(order));
            next[0] = index + (1L << order);
        });
        if (next[0] < endIndex) {
            parts.add("-");
        }
        return String.join(",", parts);
    }

    /** Number of folios in an address space. */
    public static long count(AddressSpace space) {
        long[] count = {0};
        space.forEachFolio((index, order, folio) -> count[0]++);
        return count[0];
    }
}
