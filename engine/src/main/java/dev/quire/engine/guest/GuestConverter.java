/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.folio.FolioRestructurer;
import dev.quire.engine.memory.AllocationFailures;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.Rcu;

/**
 * Carries conversions out, one at a time: the caller holds the invalidate lock for conversion.
 *
 * <p>In this order: memory for attributes; faults on the range are turned away; the guest's leaf entries across its
 * ends, of which none can come back from then on; the host's mappings; reserve and freeze; then, when nothing can fail,
 * zap the guest's mappings, publish the attributes, split and merge, unfreeze.
 */
final class GuestConverter {
    private final AllocationFailures failures;
    private final Rcu rcu;
    private final GuestMemory memory;
    private final GuestFolios folios;
    private final FolioRestructurer restructurer;
    private final SecondaryMmu secondaryMmu;

    /** Stored with the invalidate lock held for conversion, as the next one; for whoever converted, or as a hint. */
    private volatile long lastFreezeNanos;

    private volatile long lastFreezeBesideNanos;

    GuestConverter(GuestContext context, GuestMemory memory, GuestFolios folios, SecondaryMmu secondaryMmu) {
        failures = context.failures();
        rcu = context.mapping().rcu();
        this.memory = memory;
        this.folios = folios;
        restructurer = new FolioRestructurer(context.mapping().splitter(), memory);
        this.secondaryMmu = secondaryMmu;
    }

    ConversionResult convert(GuestConversion conversion) {
        long start = conversion.startIndex();
        long end = conversion.endIndex();
        if (failures.shouldFail()) {
            return refused(Errno.ENOMEM, start);
        }
        InvalidateLock invalidateLock = memory.invalidateLock();
        invalidateLock.begin(start, end);
        try {
            int error = secondaryMmu.splitLeaves(start, end);
            if (error != Errno.OK) {
                return refused(error, start);
            }
            error = restructure(conversion, invalidateLock);
            return error == Errno.OK ? ConversionResult.OK : refused(error, offendingIndex(start));
        } finally {
            invalidateLock.end();
        }
    }

    private static ConversionResult refused(int error, long index) {
        return new ConversionResult(error, index << Geometry.PAGE_SHIFT);
    }

    /** First page of the folio that was in the way, or of the range if the folio reaches into it from before. */
    private long offendingIndex(long start) {
        long index = restructurer.refusedIndex();
        long end = index + Geometry.pagesIn(memory.layout().orderAt(index));
        return end > start ? Math.max(index, start) : index;
    }

    private int restructure(GuestConversion conversion, InvalidateLock invalidateLock) {
        int error = tryRestructure(conversion);
        if (error == Errno.EAGAIN) {
            // Faults beside the range go on, and may use a folio that must be split or merged all the time: none begins
            // from here on.
            long start = startOfHugePage(conversion.startIndex());
            invalidateLock.widen(start, startOfHugePage(conversion.endIndex() - 1) + hugePageLength());
            // Lookups that missed hold references for moments, inside read sections: none of those is left then. Others
            // are the caller's to wait for.
            rcu.synchronize();
            error = tryRestructure(conversion);
        }
        return error;
    }

    private long startOfHugePage(long index) {
        return Geometry.alignDown(index, memory.hugeOrder());
    }

    private long hugePageLength() {
        return Geometry.pagesIn(memory.hugeOrder());
    }

    private int tryRestructure(GuestConversion conversion) {
        long start = conversion.startIndex();
        long end = conversion.endIndex();
        if (!conversion.shared()) {
            folios.unmap(start, end);
        }
        int error = restructurer.restructure(start, end, conversion, () -> {
            try {
                secondaryMmu.zap(start, end);
            } finally {
                // While all folios are frozen: nobody gets hold of one that does not fit the new state.
                memory.layout(conversion.after());
            }
        });
        if (error == Errno.OK) {
            lastFreezeNanos = restructurer.frozenNanos();
            lastFreezeBesideNanos = restructurer.besideFrozenNanos();
        }
        return error;
    }

    long lastFreezeNanos() {
        return lastFreezeNanos;
    }

    long lastFreezeBesideNanos() {
        return lastFreezeBesideNanos;
    }
}
