/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.FolioMappers;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * From a folio to all places where it is mapped: its mapping word names its owner, the owner has a list of regions, and a
 * region says at which addresses of which process the folio's pages belong (rmap_walk).
 *
 * <p>Thread-safe. Walks lock the owner's list, then one process's tables at a time.
 */
final class ReverseMap implements FolioMappers {
    private final PageTableContext context;
    private final AtomicReferenceArray<@Nullable RegionList> lists;

    ReverseMap(PageTableContext context) {
        this.context = context;
        lists = new AtomicReferenceArray<>(Math.toIntExact(context.arena.nrObjects()));
    }

    /** The list of an owner, made when it is first asked for; it lives as long as the engine and serves later owners too. */
    RegionList listOf(long ownerWord) {
        int slot = slotOf(ownerWord);
        RegionList list = lists.get(slot);
        if (list == null) {
            RegionList fresh = new RegionList(context.lockOrder);
            RegionList earlier = lists.compareAndExchange(slot, null, fresh);
            list = earlier == null ? fresh : earlier;
        }
        return list;
    }

    private int slotOf(long ownerWord) {
        return context.objects.slotOf(ownerWord & ~AddressSpaceStruct.ANONYMOUS_TAG);
    }

    @Override
    public boolean unmap(long folio) {
        if (FolioMapcounts.total(folio) == 0) {
            return true;
        }
        long mapping = PageStruct.mapping(folio);
        if (mapping == 0) {
            return false;
        }
        long nrPages = Geometry.pagesIn(FolioStruct.order(folio));
        // All mappers, however many: a folio that stays mapped by one of them cannot be split.
        walk(mapping, PageStruct.index(folio), nrPages, new UnmapFolio(context, folio));
        return FolioMapcounts.total(folio) == 0;
    }

    @Override
    public void remap(long firstFolio, long nrPages) {
        if (LeafSplit.isAnonymous(firstFolio)) {
            RemapFolios operation = new RemapFolios(context, firstFolio, nrPages);
            walk(PageStruct.mapping(firstFolio), PageStruct.index(firstFolio), nrPages, operation);
        }
    }

    @Override
    public int closeUnlessMapped(long mapping, Runnable close) {
        return listOf(mapping).closeUnlessUsed(close);
    }

    /** Runs an operation over all addresses, in all processes, at which pages of an owner belong. */
    void walk(long mapping, long index, long nrPages, RangeOperation operation) {
        RegionList list = listOf(mapping);
        list.lock();
        try {
            List<Region> regions = list.locked();
            for (int i = 0; i < regions.size(); i++) {
                Region region = regions.get(i);
                region.tables().walk(region.addressFrom(index), region.addressFrom(index + nrPages), operation);
            }
        } finally {
            list.unlock();
        }
    }
}
