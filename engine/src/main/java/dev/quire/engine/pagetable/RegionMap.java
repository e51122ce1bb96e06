/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The regions of one process by address. Looking one up is wait-free and allocates nothing; the tree lock guards
 * changes, which copy all.
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

    /**
     * Puts adjacent regions in place of adjacent ones that cover the same addresses; the caller holds the tree lock.
     */
    void replace(List<Region> adjacent, List<Region> replacement) {
        Region[] before = regions;
        int at = indexAfter(before, adjacent.getFirst().start()) - 1;
        Region[] after = new Region[before.length - adjacent.size() + replacement.size()];
        System.arraycopy(before, 0, after, 0, at);
        for (int i = 0; i < replacement.size(); i++) {
            after[at + i] = replacement.get(i);
        }
        int rest = at + adjacent.size();
        System.arraycopy(before, rest, after, at + replacement.size(), before.length - rest);
        regions = after;
    }

    /** The lowest region that ends above an address (find_vma). */
    @Nullable
    Region findFrom(long address) {
        Region[] sorted = regions;
        int after = indexAfter(sorted, address);
        int at = after > 0 && address < sorted[after - 1].end() ? after - 1 : after;
        return at < sorted.length ? sorted[at] : null;
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

    /**
     * Checks that a folio's pages belong to a range of addresses, and may be writable if they are to be; the caller
     * holds the tree lock.
     */
    void requirePlace(long start, long end, long folio, long firstPage, boolean writable) {
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
        if (writable && RegionFlags.isReadOnly(region.flags())) {
            throw new IllegalArgumentException("the region is read-only: start=0x" + Long.toHexString(region.start()));
        }
        if (writable && isWriteUnannounced(region.ownerWord(), folio)) {
            throw new IllegalArgumentException("the file has not been told that the folio is written to: start=0x"
                    + Long.toHexString(start) + ", folio=0x" + Long.toHexString(folio));
        }
    }

    /** I18. Whether a leaf that is writable would let bytes into a folio that its owner takes for clean. */
    private static boolean isWriteUnannounced(long ownerWord, long folio) {
        return (ownerWord & AddressSpaceStruct.ANONYMOUS_TAG) == 0
                && AddressSpaceStruct.tracksWrites(ownerWord)
                && !PageFlag.DIRTY.isSet(PageStruct.flagsAcquire(folio));
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
