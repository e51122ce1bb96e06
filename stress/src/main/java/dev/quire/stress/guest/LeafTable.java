/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.guest;

import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.SecondaryMmu;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import java.util.Arrays;

/**
 * A guest's page tables, as far as a scenario looks at them: of each huge page the one leaf entry that maps a page near
 * its beginning. A leaf that is split keeps that page alone.
 *
 * <p>Thread-safe; one lock for all.
 */
final class LeafTable implements SecondaryMmu {
    private static final int HUGE_ORDER = Geometry.PMD_ORDER;
    private static final byte NONE = -1;

    /** What it takes to split the leaves of a real table. */
    private static final int SPLIT_SPINS = 20;

    /** Page of a huge page whose leaf is kept. */
    private final long keptPage;

    /** Order of the leaf, by the number of the huge page. */
    private final byte[] orders;

    private final boolean[] zappedBeyond;

    LeafTable(int nrHugePages, long keptPage) {
        this.keptPage = keptPage;
        orders = new byte[nrHugePages];
        Arrays.fill(orders, NONE);
        zappedBeyond = new boolean[nrHugePages];
    }

    /** Forgets the leaf of a huge page, and that it was zapped. */
    synchronized void clear(int hugePage) {
        orders[hugePage] = NONE;
        zappedBeyond[hugePage] = false;
    }

    /**
     * Maps the kept page with a leaf, unless a page that it would map is not what it was at a sequence; whether it did.
     */
    synchronized boolean map(GuestMemory guest, long sequence, int hugePage, int order) {
        if (guest.isInvalidated(sequence, startOf(hugePage, order), endOf(hugePage, order))) {
            return false;
        }
        orders[hugePage] = (byte) order;
        return true;
    }

    /** Whether a page of a huge page is mapped by the leaf of the kept one. */
    synchronized boolean maps(int hugePage, long index) {
        int order = orders[hugePage];
        return order != NONE && index >= startOf(hugePage, order) && index < endOf(hugePage, order);
    }

    /** Whether a zap has met a leaf that reaches out of its range. */
    synchronized boolean isZappedBeyond(int hugePage) {
        return zappedBeyond[hugePage];
    }

    private long startOf(int hugePage, int order) {
        return Geometry.alignDown(((long) hugePage << HUGE_ORDER) + keptPage, order);
    }

    private long endOf(int hugePage, int order) {
        return startOf(hugePage, order) + Geometry.pagesIn(order);
    }

    @Override
    public int splitLeaves(long startIndex, long endIndex) {
        synchronized (this) {
            int hugePage = (int) (startIndex >>> HUGE_ORDER);
            if (reachesBeyond(hugePage, startIndex, endIndex)) {
                orders[hugePage] = 0;
            }
        }
        for (int spin = 0; spin < SPLIT_SPINS; spin++) {
            Thread.onSpinWait();
        }
        return Errno.OK;
    }

    @Override
    public synchronized void zap(long startIndex, long endIndex) {
        int hugePage = (int) (startIndex >>> HUGE_ORDER);
        int order = orders[hugePage];
        if (order != NONE && startOf(hugePage, order) < endIndex && endOf(hugePage, order) > startIndex) {
            zappedBeyond[hugePage] |= reachesBeyond(hugePage, startIndex, endIndex);
            orders[hugePage] = NONE;
        }
    }

    private boolean reachesBeyond(int hugePage, long startIndex, long endIndex) {
        int order = orders[hugePage];
        if (order == NONE) {
            return false;
        }
        long start = startOf(hugePage, order);
        long end = endOf(hugePage, order);
        return start < endIndex && end > startIndex && (start < startIndex || end > endIndex);
    }
}
