/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;

/**
 * Takes pages out of guest memory: holes, and all of it at the end (kvm_gmem_punch_hole, kvm_gmem_release). The caller
 * holds the invalidate lock exclusively.
 */
final class GuestTruncation {
    private final GuestMemory memory;
    private final GuestFolios folios;
    private final SecondaryMmu secondaryMmu;

    GuestTruncation(GuestMemory memory, GuestFolios folios, SecondaryMmu secondaryMmu) {
        this.memory = memory;
        this.folios = folios;
        this.secondaryMmu = secondaryMmu;
    }

    ConversionResult punchHole(long startIndex, long endIndex) {
        memory.invalidateLock().begin(startIndex, endIndex);
        try {
            int hugeOrder = memory.hugeOrder();
            long firstHuge = Geometry.alignDown(startIndex + Geometry.pagesIn(hugeOrder) - 1, hugeOrder);
            long endHuge = Geometry.alignDown(endIndex, hugeOrder);
            if (firstHuge >= endHuge) {
                folios.zero(startIndex, endIndex);
                return ConversionResult.OK;
            }
            long held = folios.findHeldOfShared(firstHuge, endHuge, memory.layout());
            if (held != GuestFolios.NONE) {
                return new ConversionResult(Errno.EAGAIN, held << Geometry.PAGE_SHIFT);
            }
            secondaryMmu.zap(firstHuge, endHuge);
            folios.drop(firstHuge, endHuge);
            folios.zero(startIndex, firstHuge);
            folios.zero(endHuge, endIndex);
            return ConversionResult.OK;
        } finally {
            memory.invalidateLock().end();
        }
    }

    /** Drops all folios, also if the zap throws: nobody comes back for them. */
    void dropAll() {
        long endIndex = memory.endIndex();
        memory.invalidateLock().begin(0, endIndex);
        try {
            secondaryMmu.zap(0, endIndex);
        } finally {
            folios.drop(0, endIndex);
            memory.invalidateLock().end();
        }
    }
}
