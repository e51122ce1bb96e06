/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.xarray.SplitPlan;
import java.util.concurrent.locks.StampedLock;

/** A range index that is fit for one thread only, made fit for many by a lock. */
final class LockedRanges implements RangeIndex, RangeReader {
    private final RangeIndex guarded;
    private final RangeReader reader;
    private final boolean optimistic;
    private final StampedLock lock = new StampedLock();

    /**
     * Guards an index.
     *
     * @param guarded the index
     * @param optimistic whether a lookup beside a change comes to an end, without an exception and with any result:
     *     then it is tried without the lock first
     */
    LockedRanges(RangeIndex guarded, boolean optimistic) {
        this.guarded = guarded;
        this.optimistic = optimistic;
        reader = guarded.newReader();
    }

    @Override
    public RangeReader newReader() {
        return this;
    }

    @Override
    public long load(long index) {
        long stamp = optimistic ? lock.tryOptimisticRead() : 0;
        if (stamp != 0) {
            long found = reader.load(index);
            if (lock.validate(stamp)) {
                return found;
            }
        }
        stamp = lock.readLock();
        try {
            return reader.load(index);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    @Override
    public long sum(long first, int nrRanges) {
        long stamp = lock.readLock();
        try {
            return reader.sum(first, nrRanges);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    @Override
    public void storeBetween(long first, long last) {
        long stamp = lock.writeLock();
        try {
            guarded.storeBetween(first, last);
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    @Override
    public void eraseBetween(long first, long last) {
        long stamp = lock.writeLock();
        try {
            guarded.eraseBetween(first, last);
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    @Override
    public void split(long first, SplitPlan plan) {
        long stamp = lock.writeLock();
        try {
            guarded.split(first, plan);
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    @Override
    public void close() {}
}
