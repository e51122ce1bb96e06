/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.FolioMapcounts;
import dev.quire.engine.folio.FolioMappers;
import dev.quire.engine.folio.UsedPages;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * From a folio to all places where it is mapped: its mapping word names its owner, the owner has its regions by index,
 * and a region says at which addresses of which process the folio's pages belong (rmap_walk).
 *
 * <p>Thread-safe. Walks lock the owner's list, then one process's tables at a time. Unmapping and mapping again, as
 * splits do, allocate nothing after a thread's first walk; taking what is known of a folio's use, and write protection,
 * as reclaim and writeback do, allocate a few small objects for a folio that is mapped.
 */
final class ReverseMap implements FolioMappers {
    private final PageTableContext context;
    private final AtomicReferenceArray<@Nullable RegionList> lists;
    private final ThreadLocal<UnmapFolios> unmapping;
    private final ThreadLocal<RemapFolios> remapping;

    ReverseMap(PageTableContext context) {
        this.context = context;
        lists = new AtomicReferenceArray<>(Math.toIntExact(context.arena.nrObjects()));
        unmapping = ThreadLocal.withInitial(() -> new UnmapFolios(context));
        remapping = ThreadLocal.withInitial(() -> new RemapFolios(context));
    }

    /**
     * The list of an owner, made when it is first asked for; it lives as long as the engine and serves later owners
     * too.
     */
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

    /** Checks at the public edge that an owner is of this engine: that of another has no list here. */
    void requireOwner(long ownerWord) {
        context.objects.requireOwn(ownerWord & ~AddressSpaceStruct.ANONYMOUS_TAG);
    }

    private int slotOf(long ownerWord) {
        return context.objects.slotOf(ownerWord & ~AddressSpaceStruct.ANONYMOUS_TAG);
    }

    @Override
    public boolean unmap(long folio) {
        context.arena.requirePage(folio);
        context.lifetime.enter();
        try {
            return unmapFolios(folio, Geometry.pagesIn(FolioStruct.order(folio)));
        } finally {
            context.lifetime.exit();
        }
    }

    @Override
    public boolean unmap(long firstFolio, long nrPages) {
        requirePages(firstFolio, nrPages);
        context.lifetime.enter();
        try {
            return unmapFolios(firstFolio, nrPages);
        } finally {
            context.lifetime.exit();
        }
    }

    private boolean unmapFolios(long firstFolio, long nrPages) {
        if (!FolioMapcounts.isAnyMapped(firstFolio, nrPages)) {
            return true;
        }
        long mapping = PageStruct.mapping(firstFolio);
        if (mapping == 0) {
            return false;
        }
        // All mappers, however many: a folio that stays mapped by one of them cannot be split.
        long index = PageStruct.index(firstFolio);
        listOf(mapping).walk(index, index + nrPages, unmapping.get().of(firstFolio, nrPages));
        return !FolioMapcounts.isAnyMapped(firstFolio, nrPages);
    }

    @Override
    public void remap(long firstFolio, long nrPages) {
        requirePages(firstFolio, nrPages);
        context.lifetime.enter();
        try {
            remapFolios(firstFolio, nrPages);
        } finally {
            context.lifetime.exit();
        }
    }

    private void requirePages(long firstFolio, long nrPages) {
        long pfn = context.arena.pfnOf(context.arena.requirePage(firstFolio));
        if (nrPages < 1 || nrPages > context.arena.nrPages() - pfn) {
            throw new IllegalArgumentException("nrPages out of range: nrPages=" + nrPages + ", pfn=" + pfn
                    + ", pages in the arena=" + context.arena.nrPages());
        }
    }

    private void remapFolios(long firstFolio, long nrPages) {
        if (LeafSplit.isAnonymous(firstFolio)) {
            long index = PageStruct.index(firstFolio);
            RemapFolios operation = remapping.get().of(firstFolio, nrPages);
            listOf(PageStruct.mapping(firstFolio)).walk(index, index + nrPages, operation);
            // I21. After the walk: who gets in line for one of the pages does so before the walk comes to its entry.
            long firstPfn = context.arena.pfnOf(firstFolio);
            context.migrationWaiters.wake(firstPfn, firstPfn + nrPages);
        }
    }

    @Override
    public void takeUse(long folio, UsedPages used) {
        walkLeaves(folio, () -> new TakeUse(context, folio, used));
    }

    @Override
    public void writeProtect(long folio) {
        walkLeaves(folio, () -> new WriteProtectFolio(context, folio));
    }

    private void walkLeaves(long folio, Supplier<FolioLeafOperation> operation) {
        context.arena.requirePage(folio);
        context.lifetime.enter();
        try {
            long nrPages = Geometry.pagesIn(FolioStruct.order(folio));
            long mapping = PageStruct.mapping(folio);
            if (mapping != 0 && FolioMapcounts.isAnyMapped(folio, nrPages)) {
                long index = PageStruct.index(folio);
                listOf(mapping).walk(index, index + nrPages, operation.get());
            }
        } finally {
            context.lifetime.exit();
        }
    }

    @Override
    public int closeUnlessMapped(long mapping, Runnable close) {
        return listOf(mapping).closeUnlessUsed(close);
    }
}
