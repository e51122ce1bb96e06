/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * The regions that may map the folios of one owner, in all processes (i_mmap of a file, the interval tree of an
 * anon_vma).
 *
 * <p>Thread-safe. Blocking: adding and removing wait for walks.
 */
final class RegionList {
    private final LockOrder lockOrder;
    private final ReentrantLock lock = new ReentrantLock();
    private final RegionTree regions = new RegionTree();
    private final AtomicLong nextKey = new AtomicLong();

    RegionList(LockOrder lockOrder) {
        this.lockOrder = lockOrder;
    }

    /** Adds a region, unless the owner of its pages is closed: then nobody would ever unmap them. */
    void add(Region region, BooleanSupplier ownerClosed) {
        lock();
        try {
            if (ownerClosed.getAsBoolean()) {
                throw new IllegalStateException(
                        "the owner of the region's pages is closed: owner=0x" + Long.toHexString(region.ownerWord()));
            }
            regions.add(region);
        } finally {
            unlock();
        }
    }

    void remove(Region region) {
        lock();
        try {
            regions.remove(region);
        } finally {
            unlock();
        }
    }

    /** Puts regions in place of others that show the same pages; no walk sees one without the other. */
    void replace(List<Region> before, List<Region> after) {
        lock();
        try {
            before.forEach(regions::remove);
            after.forEach(regions::add);
        } finally {
            unlock();
        }
    }

    /** Closes the owner if it has no region, while none can be added; returns the number of regions. */
    int closeUnlessUsed(Runnable close) {
        lock();
        try {
            if (regions.size() == 0) {
                close.run();
            }
            return regions.size();
        } finally {
            unlock();
        }
    }

    private void lock() {
        lockOrder.beforeLock(LockRank.REVERSE_MAP);
        lock.lock();
        lockOrder.afterLock(LockRank.REVERSE_MAP);
    }

    private void unlock() {
        lockOrder.beforeUnlock(LockRank.REVERSE_MAP);
        lock.unlock();
    }

    /**
     * Walks the tables at all addresses at which pages from an index up to before another belong: in the order of the
     * regions' first indexes, of those with the same one in the order in which they were made. {@link MoveLeaves}
     * relies on it.
     */
    void walk(long firstIndex, long endIndex, RangeOperation operation) {
        lock();
        try {
            regions.forEach(firstIndex, endIndex, Region::walk, operation);
        } finally {
            unlock();
        }
    }

    /** A number for a new region, higher than that of all others that the owner has or had. */
    long newKey() {
        return nextKey.getAndIncrement();
    }
}
