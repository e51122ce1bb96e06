/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.RankedLock;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.AddressSpaceStruct;

/**
 * Changes the size of an address space, and punches holes: one at a time, under its resize lock (rank
 * {@link LockRank#RESIZE}). Arguments are checked.
 *
 * <p>Thread-safe; blocking.
 */
final class SpaceResizer {
    private final AddressSpace space;
    private final long address;
    private final Lifetime lifetime;
    private final RankedLock lock;
    private final Runnable takeLock;
    private final IndexedFolios indexed;
    private final Truncation truncation;

    SpaceResizer(MappingContext context, AddressSpace space, IndexedFolios indexed, Truncation truncation) {
        this.space = space;
        address = space.address();
        lifetime = context.lifetime();
        lock = new RankedLock(context.lockOrder(), LockRank.RESIZE);
        takeLock = lock::lock;
        this.indexed = indexed;
        this.truncation = truncation;
    }

    /** See {@link AddressSpace#truncate}. */
    void truncate(long sizeBytes, SplitPolicy policy) {
        begin();
        try {
            space.requireOpen();
            long before = AddressSpaceStruct.sizeBytesAcquire(address);
            // The size goes first: what a split leaves beyond it is dropped by the split itself.
            AddressSpaceStruct.sizeBytesRelease(address, sizeBytes);
            if (sizeBytes <= before) {
                long end = FileRange.pagesOf(sizeBytes);
                AddressSpaceStruct.fallocateEndRelease(
                        address, Math.min(end, AddressSpaceStruct.fallocateEndAcquire(address)));
                truncation.removeRange(sizeBytes, Long.MAX_VALUE, policy);
            }
        } finally {
            end();
        }
    }

    /** See {@link AddressSpace#extend}. */
    void extend(long sizeBytes) {
        begin();
        try {
            space.requireOpen();
            if (sizeBytes > AddressSpaceStruct.sizeBytesAcquire(address)) {
                AddressSpaceStruct.sizeBytesRelease(address, sizeBytes);
            }
        } finally {
            end();
        }
    }

    /** See {@link AddressSpace#allocateBeyondEnd}. */
    int allocateBeyondEnd(long startIndex, long nrPages, int maximumOrder) {
        begin();
        try {
            space.requireOpen();
            long end = Math.max(startIndex + nrPages, AddressSpaceStruct.fallocateEndAcquire(address));
            // Before the pages are there: a split that runs meanwhile must not take them for what lies beyond the end.
            AddressSpaceStruct.fallocateEndRelease(address, end);
            return indexed.populate(startIndex, nrPages, maximumOrder);
        } finally {
            end();
        }
    }

    /** See {@link AddressSpace#punchHole}. */
    void punchHole(long startBytes, long endBytes, SplitPolicy policy) {
        begin();
        try {
            space.requireOpen();
            truncation.removeRange(startBytes, endBytes, policy);
        } finally {
            end();
        }
    }

    /** Closes the space unless it is closed; no change of size or hole runs meanwhile, and none begins afterwards. */
    void close(Runnable close) {
        lock.lock();
        try {
            // Before the engine is asked, which may be closed by then too.
            if (!space.isClosed()) {
                lifetime.enter();
                try {
                    close.run();
                } finally {
                    lifetime.exit();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void begin() {
        lifetime.enterTaking(takeLock);
    }

    private void end() {
        lock.unlock();
        lifetime.exit();
    }
}
