/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.bench;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.mapping.FolioVisitor;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.AnonVma;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;

/** Anonymous memory of one process, all of it mapped writable: what a split must unmap and map again. */
final class MappedMemory implements BatchOwner {
    private static final long START = 1L << 40;

    private final Quire engine;
    private final Folios folios;
    private final Leaf leaf;
    private final long nrPages;
    private final AnonVma owner;
    private final PageTables tables;
    private final RcuReader reader;
    private final PageWalker walker;

    /** Makes a process with room for some pages. */
    MappedMemory(Quire engine, Leaf leaf, long nrPages) {
        this.engine = engine;
        this.leaf = leaf;
        this.nrPages = nrPages;
        folios = engine.folios();
        owner = engine.newAnonVma();
        tables = engine.newPageTables();
        tables.addRegion(START, nrPages, owner, 0);
        reader = engine.newReader();
        walker = tables.newWalker(reader);
    }

    @Override
    public int add(long folio, long index) {
        owner.adopt(folio, index);
        long nrFolioPages = Geometry.pagesIn(folios.order(folio));
        if (leaf == Leaf.PTE) {
            return tables.map(addressOf(index), folio, 0, nrFolioPages, true);
        }
        int result = Errno.OK;
        for (long page = 0; page < nrFolioPages && result == Errno.OK; page += Geometry.pagesIn(Geometry.PMD_ORDER)) {
            result = tables.mapHuge(addressOf(index + page), folio, page, Geometry.PMD_ORDER, true);
        }
        return result;
    }

    private static long addressOf(long index) {
        return START + (index << Geometry.PAGE_SHIFT);
    }

    @Override
    public boolean allowsOrder1() {
        return false;
    }

    @Override
    public void forEachFolio(FolioVisitor visitor) {
        long index = 0;
        while (index < nrPages) {
            long folio = mappedPage(index);
            int order = folios.order(folio);
            for (long page = 0; page < Geometry.pagesIn(order); page++) {
                if (mappedPage(index + page) != folio + page * PageStruct.BYTES) {
                    throw new IllegalStateException("wrong page mapped: index=" + (index + page));
                }
            }
            visitor.visit(folios.index(folio), order, folio);
            index += Geometry.pagesIn(order);
        }
    }

    private long mappedPage(long index) {
        long entry = walker.entry(addressOf(index));
        if (!PageTableEntry.isPresent(entry) || !PageTableEntry.isWritable(entry)) {
            throw new IllegalStateException("page not mapped as before: index=" + index);
        }
        return engine.arena().pageAt(PageTableEntry.pfn(entry));
    }

    @Override
    public void dropAll() {
        tables.unmap(START, nrPages);
    }

    @Override
    public void close() {
        reader.close();
        tables.close();
        owner.close();
    }
}
