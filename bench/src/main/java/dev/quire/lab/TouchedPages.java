/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.HashMap;
import java.util.Map;

/** The stamps that a replay has written to the pages of one process, by page number. Not thread-safe. */
final class TouchedPages {
    /** No stamp: the page was not touched, or its contents were given up. */
    static final long NONE = 0;

    private static final int BLOCK_SHIFT = 9;
    private static final int BLOCK_PAGES = 1 << BLOCK_SHIFT;

    private final Map<Long, long[]> stampsByBlock = new HashMap<>();

    /** Sees touched pages one by one. */
    @FunctionalInterface
    interface Visitor {
        void visit(long page, long stamp);
    }

    void put(long page, long stamp) {
        stampsByBlock.computeIfAbsent(page >>> BLOCK_SHIFT, block -> new long[BLOCK_PAGES])[indexOf(page)] = stamp;
    }

    long get(long page) {
        long[] stamps = stampsByBlock.get(page >>> BLOCK_SHIFT);
        return stamps == null ? NONE : stamps[indexOf(page)];
    }

    /** Forgets a range of pages, which may be much larger than what was touched. */
    void clear(long start, long end) {
        stampsByBlock.keySet().removeIf(block -> {
            long first = block << BLOCK_SHIFT;
            return first >= start && first + BLOCK_PAGES <= end;
        });
        forget(start, Math.min(end, (start | (BLOCK_PAGES - 1)) + 1));
        forget(Math.max(start, end & -BLOCK_PAGES), end);
    }

    private void forget(long start, long end) {
        for (long page = start; page < end; page++) {
            long[] stamps = stampsByBlock.get(page >>> BLOCK_SHIFT);
            if (stamps == null) {
                return;
            }
            stamps[indexOf(page)] = NONE;
        }
    }

    /** Moves the stamps of a range to pages that were not touched. */
    void move(long start, long end, long newStart) {
        for (long page = start; page < end; page++) {
            long stamp = get(page);
            if (stamp != NONE) {
                put(newStart + page - start, stamp);
            }
        }
        clear(start, end);
    }

    void forEach(Visitor visitor) {
        stampsByBlock.forEach((block, stamps) -> {
            for (int i = 0; i < BLOCK_PAGES; i++) {
                if (stamps[i] != NONE) {
                    visitor.visit((block << BLOCK_SHIFT) + i, stamps[i]);
                }
            }
        });
    }

    private static int indexOf(long page) {
        return (int) page & (BLOCK_PAGES - 1);
    }
}
