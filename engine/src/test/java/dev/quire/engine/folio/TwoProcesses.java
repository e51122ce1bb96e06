/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.folio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quire.engine.Quire;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.AnonVma;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.rcu.RcuReader;
import org.jspecify.annotations.Nullable;

/**
 * Two processes that show the same 2^18 pages of one owner, of a file or of anonymous memory, in page tables. The first
 * maps folios of up to 2 MiB page by page and larger ones with leaves of 2 MiB; the second maps small ones in part,
 * from a third on, and large ones with leaves as large as there are. Each uses a page.
 */
final class TwoProcesses implements AutoCloseable {
    private static final long NR_PAGES = Geometry.pagesIn(Geometry.MAX_ORDER);
    private static final long FIRST_BASE = 1L << 40;

    /** Where the second has its region: aligned to its large leaves, but elsewhere in its tables. */
    private static final long SECOND_BASE = (1L << 41) + (3L << 30);

    private final PageTables first;
    private final PageTables second;
    private final RcuReader reader;
    private final PageWalker firstWalker;
    private final PageWalker secondWalker;
    private final @Nullable AnonVma anonymous;
    private final boolean writable;

    /** Opens two processes that show a file, or if there is none, anonymous memory, from this index on. */
    TwoProcesses(Quire engine, @Nullable AddressSpace file, long firstIndex) {
        this(engine, file, firstIndex, false);
    }

    /** The same; they may write to what is mapped, and do. */
    TwoProcesses(Quire engine, @Nullable AddressSpace file, long firstIndex, boolean writable) {
        this.writable = writable;
        first = engine.newPageTables();
        second = engine.newPageTables();
        reader = engine.newReader();
        firstWalker = first.newWalker(reader);
        secondWalker = second.newWalker(reader);
        if (file == null) {
            anonymous = engine.newAnonVma();
            first.addRegion(FIRST_BASE, NR_PAGES, anonymous, firstIndex);
            second.addRegion(SECOND_BASE, NR_PAGES, anonymous, firstIndex);
        } else {
            anonymous = null;
            first.addRegion(FIRST_BASE, NR_PAGES, file, firstIndex);
            second.addRegion(SECOND_BASE, NR_PAGES, file, firstIndex);
        }
    }

    /** Makes a folio anonymous memory that both processes show. */
    void adopt(long folio, long index) {
        if (anonymous != null) {
            anonymous.adopt(folio, index);
        }
    }

    /** Maps a locked folio at the beginning of both regions. */
    void map(long folio, int order) {
        long nrPages = Geometry.pagesIn(order);
        if (order <= Geometry.PMD_ORDER) {
            assertEquals(Errno.OK, first.map(FIRST_BASE, folio, 0, nrPages, writable));
        } else {
            mapLarge(first, FIRST_BASE, folio, order, Geometry.PMD_ORDER);
        }
        if (order < Geometry.PMD_ORDER) {
            long from = nrPages / 3;
            assertEquals(Errno.OK, second.map(secondAddress(from), folio, from, nrPages - from, writable));
        } else {
            mapLarge(
                    second,
                    SECOND_BASE,
                    folio,
                    order,
                    order == Geometry.PUD_ORDER ? Geometry.PUD_ORDER : Geometry.PMD_ORDER);
        }
        assertTrue(firstWalker.touch(firstAddress(nrPages / 2), writable));
        assertTrue(secondWalker.touch(secondAddress(nrPages - 1), writable));
    }

    private void mapLarge(PageTables tables, long base, long folio, int order, int leafOrder) {
        for (long page = 0; page < Geometry.pagesIn(order); page += Geometry.pagesIn(leafOrder)) {
            assertEquals(Errno.OK, tables.mapHuge(base + page * Geometry.PAGE_BYTES, folio, page, leafOrder, writable));
        }
    }

    /** Unmaps pages of both regions. */
    void unmap(long firstPage, long nrPages) {
        first.unmap(firstAddress(firstPage), nrPages);
        second.unmap(secondAddress(firstPage), nrPages);
    }

    /** Lets the first process use a page. */
    void touchFirst(long page) {
        assertTrue(firstWalker.touch(firstAddress(page), false));
    }

    /** Whether the first process maps a page of its region. */
    boolean isMapped(long page) {
        return PageTableEntry.isPresent(firstWalker.entry(firstAddress(page)));
    }

    private static long firstAddress(long page) {
        return FIRST_BASE + page * Geometry.PAGE_BYTES;
    }

    private static long secondAddress(long page) {
        return SECOND_BASE + page * Geometry.PAGE_BYTES;
    }

    @Override
    public void close() {
        reader.close();
        first.close();
        second.close();
        if (anonymous != null) {
            anonymous.close();
        }
    }
}
