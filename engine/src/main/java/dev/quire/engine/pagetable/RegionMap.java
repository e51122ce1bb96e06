/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.struct.PageStruct;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The regions of one process by address. Looking one up is wait-free and allocates nothing; the tree lock guards changes,
 * which copy all.
 */
final class RegionMap {
    /** Sorted by address; never changed in place. */
    private volatile Region[] regions = {};

    /** Adds a region; the caller holds the tree lock. */
    void add(Region region) {
        Region[] before = regions;
        int at = indexAfter(before, region.start());
        boolean overlapsLower = at > 0 && before[at - 1].end() > region.start();
        boolean overlapsUpper = at < before.length && before[at].start() < region.end();
        if (overlapsLower || overlapsUpper) {
            Region other = before[overlapsLower ? at - 1 : at];
            throw new IllegalArgumentException("addresses are part of another region: start=0x"
                    + Long.toHexString(region.start()) + ", end=0x" + Long.toHexString(region.end())
                    + ", other start=0x" + Long.toHexString(other.start())
                    + ", other end=0x" + Long.toHexString(other.end()));
        }
        Region[] after = Arrays.copyOf(before, before.length + 1);
        System.arraycopy(before, at, after, at + 1, before.length - at);
        after[at] = region;
        regions = after;
    }

    /** Removes a region that is here; the caller holds the tree lock. */
    void remove(Region region) {
        Region[] before = regions;
        int at = indexAfter(before, region.start()) - 1;
        Region[] after = Arrays.copyOf(before, before.length - 1);
        System.arraycopy(before, at + 1, after, at, after.length - at);
        regions = after;
    }

    @Nullable
    Region find(long address) {
        Region[] sorted = regions;
        int at = indexAfter(sorted, address) - 1;
        return at >= 0 && address < sorted[at].end() ? sorted[at] : null;
    }

    /** The regions there are now. */
    Region[] all() {
        return regions.clone();
    }

    /** Checks that a folio's pages belong to a range of addresses; the caller holds the tree lock. */
    void requirePlace(long start, long end, long folio, long firstPage) {
        Region region = find(start);
        if (region == null || end > region.end()) {
            throw new IllegalArgumentException(
                    "not in one region: start=0x" + Long.toHexString(start) + ", end=0x" + Long.toHexString(end));
        }
        if (region.ownerWord() != PageStruct.mapping(folio)) {
            throw new IllegalArgumentException("the region shows another owner's pages: region owner=0x"
                    + Long.toHexString(region.ownerWord()) + ", folio's=0x"
                    + Long.toHexString(PageStruct.mapping(folio)));
        }
        long index = PageStruct.index(folio) + firstPage;
        if (index != region.indexAt(start)) {
            throw new IllegalArgumentException("the page does not belong at this address: index=" + index
                    + ", index at address=" + region.indexAt(start));
        }
    }

    /** Number of regions that start at or below an address. */
    private static int indexAfter(Region[] sorted, long address) {
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle].start() <= address) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
