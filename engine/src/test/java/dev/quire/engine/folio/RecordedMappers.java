/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.pagetable.MappedLeaves.Leaf;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageStruct;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Stands for the page tables of one process that maps single pages: a bit per page of the arena, counts and references
 * as page tables would keep them. Unmapping anonymous pages remembers them, as migration entries do.
 */
final class RecordedMappers implements FolioMappers {
    private final PageArena arena;
    private final BitSet mapped = new BitSet();
    private final BitSet migrating = new BitSet();

    /** Calls so far. */
    int nrUnmaps;

    int nrRemaps;

    /** Makes the next unmap leave the folio mapped, as a page table that cannot be changed does. */
    boolean failUnmap;

    /** Runs at the beginning of each remap. */
    Runnable beforeRemap = () -> {};

    RecordedMappers(PageArena arena) {
        this.arena = arena;
    }

    /** Maps pages of a folio that the caller holds: one reference and one count each. */
    void map(long folio, long firstPage, long nrPages) {
        int pfn = pfnOf(folio) + (int) firstPage;
        for (int page = pfn; page < pfn + nrPages; page++) {
            mapped.set(page);
            count(folio, 1);
            References.add(folio, 1);
        }
    }

    /** Unmaps all pages of folios in a range; returns the references of those whose last it was. */
    void unmapAll(Folios folios, long firstFolio, long nrPages) {
        int first = pfnOf(firstFolio);
        for (int page = mapped.nextSetBit(first);
                page >= 0 && page < first + nrPages;
                page = mapped.nextSetBit(page + 1)) {
            mapped.clear(page);
            long folio = folios.headOf(arena.pageAt(page));
            count(folio, -1);
            folios.unpin(folio);
        }
    }

    /** Unmaps pages that migrate: they are not mapped again. */
    void forgetMigrating(long firstPage, int nrPages) {
        migrating.clear(pfnOf(firstPage), pfnOf(firstPage) + nrPages);
    }

    /** What stands for pages of a folio. */
    List<Leaf> leaves(long folio, long nrPages) {
        List<Leaf> leaves = new ArrayList<>();
        int first = pfnOf(folio);
        for (int page = 0; page < nrPages; page++) {
            if (mapped.get(first + page)) {
                leaves.add(new Leaf(page, 0, PageTableEntry.PRESENT));
            } else if (migrating.get(first + page)) {
                leaves.add(new Leaf(page, 0, 0));
            }
        }
        return leaves;
    }

    boolean isMapped(long page) {
        return mapped.get(pfnOf(page));
    }

    int nrMapped(long folio, int order) {
        return mapped.get(pfnOf(folio), pfnOf(folio) + (1 << order)).cardinality();
    }

    @Override
    public boolean unmap(long firstFolio, long nrPages) {
        nrUnmaps++;
        if (failUnmap) {
            return false;
        }
        int first = pfnOf(firstFolio);
        long folio = firstFolio;
        for (int page = mapped.nextSetBit(first);
                page >= 0 && page < first + nrPages;
                page = mapped.nextSetBit(page + 1)) {
            folio = folioOf(folio, page);
            mapped.clear(page);
            if (FolioSplitter.isAnonymous(PageStruct.mapping(folio))) {
                migrating.set(page);
            }
            count(folio, -1);
            References.put(folio, 1);
        }
        return true;
    }

    @Override
    public void remap(long firstFolio, long nrPages) {
        nrRemaps++;
        beforeRemap.run();
        int first = pfnOf(firstFolio);
        long folio = firstFolio;
        for (int page = migrating.nextSetBit(first);
                page >= 0 && page < first + nrPages;
                page = migrating.nextSetBit(page + 1)) {
            folio = folioOf(folio, page);
            migrating.clear(page);
            mapped.set(page);
            References.add(folio, 1);
            count(folio, 1);
        }
    }

    /** The folio that holds a page: this one, or one of those after it. */
    private long folioOf(long folio, int page) {
        long found = folio;
        while (arena.pfnOf(found) + Geometry.pagesIn(FolioStruct.order(found)) <= page) {
            found += Geometry.pagesIn(FolioStruct.order(found)) * PageStruct.BYTES;
        }
        return found;
    }

    @Override
    public void takeUse(long folio, UsedPages used) {
        // Its pages are never used.
    }

    @Override
    public void writeProtect(long folio) {
        // Its pages are never written to.
    }

    @Override
    public int closeUnlessMapped(long mapping, Runnable close) {
        close.run();
        return 0;
    }

    private static void count(long folio, int delta) {
        if (FolioStruct.order(folio) == 0) {
            PageStruct.getAndAddMapcount(folio, delta);
        } else {
            FolioStruct.getAndAddLargeMapcount(folio, delta);
            FolioStruct.getAndAddNrPagesMapped(folio, delta);
        }
    }

    private int pfnOf(long page) {
        return (int) arena.pfnOf(page);
    }
}
