/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.memory.Geometry;
import java.util.List;

/**
 * The regions of one process's anonymous memory: cut where a call begins and ends, and united where neighbours have
 * become alike (__split_vma, vma_merge).
 *
 * <p>The caller holds the map lock for writing; for the questions, for reading.
 */
final class AnonymousRegions {
    /** What advice and protection do to a region's flags. */
    @FunctionalInterface
    interface FlagChange {
        int apply(int flags);
    }

    private final PageTables tables;
    private final AnonVma owner;

    AnonymousRegions(PageTables tables, AnonVma owner) {
        this.tables = tables;
        this.owner = owner;
    }

    /** Adds a region where none is, or makes its neighbours longer. */
    void add(long start, long end, long firstIndex, int flags) {
        tables.addRegion(start, (end - start) >>> Geometry.PAGE_SHIFT, owner, firstIndex, flags);
        unite(start, end);
    }

    /** Unmaps a range and forgets the regions in it. */
    void clear(long start, long end) {
        cutAt(start);
        cutAt(end);
        for (Region region = tables.regionFrom(start);
                region != null && region.start() < end;
                region = tables.regionFrom(start)) {
            region.close();
        }
    }

    /** Makes an address the end of a region if it lies inside one. */
    private void cutAt(long address) {
        Region region = address < PageTables.ADDRESS_END ? tables.regionAt(address) : null;
        if (region == null || region.start() == address) {
            return;
        }
        if (address % Geometry.HUGE_PAGE_BYTES != 0) {
            tables.walk(address - Geometry.PAGE_BYTES, address, LeafBoundary.INSTANCE);
        }
        Region lower = region.withRange(region.start(), address, region.flags());
        Region upper = region.withRange(address, region.end(), region.flags());
        tables.replaceRegions(List.of(region), List.of(lower, upper));
    }

    /** Changes the flags of all regions in a range, of which the first and the last are cut where it ends. */
    void changeFlags(long start, long end, FlagChange change) {
        cutAt(start);
        cutAt(end);
        for (Region region = tables.regionFrom(start);
                region != null && region.start() < end;
                region = tables.regionFrom(region.end())) {
            int flags = change.apply(region.flags());
            if (flags != region.flags()) {
                Region changed = region.withRange(region.start(), region.end(), flags);
                tables.replaceRegions(List.of(region), List.of(changed));
            }
        }
        unite(start, end);
    }

    /** Makes one region of neighbours that have become alike, inside a range and across its ends (vma_merge). */
    void unite(long start, long end) {
        Region lower = tables.regionFrom(Math.max(start - 1, 0));
        while (lower != null) {
            Region upper = tables.regionFrom(lower.end());
            if (upper == null || upper.start() > end) {
                return;
            }
            if (lower.continuesIn(upper)) {
                Region both = lower.withRange(lower.start(), upper.end(), lower.flags());
                tables.replaceRegions(List.of(lower, upper), List.of(both));
                lower = both;
            } else {
                lower = upper;
            }
        }
    }

    /** Whether no region has an address of a range. */
    boolean isVacant(long start, long end) {
        Region next = tables.regionFrom(start);
        return next == null || next.start() >= end;
    }

    /** Whether an address of a range is in no region. */
    boolean hasHole(long start, long end) {
        long address = start;
        while (address < end) {
            Region region = tables.regionAt(address);
            if (region == null) {
                return true;
            }
            address = region.end();
        }
        return false;
    }
}
