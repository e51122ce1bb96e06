/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageStruct;
import dev.quire.engine.struct.PageTableStruct;

/**
 * Moves what a range of one process maps to another place (move_page_tables), table by table: each folio is mapped at the
 * new place before it is unmapped at the old one, so that none looks as if a part of it were given up. What is mapped there
 * are new leaves: not accessed, not dirty, and exclusive only if they are writable.
 *
 * <p>The caller holds the memory map's lock: nothing is mapped or unmapped meanwhile. Splits may run; a folio that is about
 * to be moved has a reference, which makes them fail. For one move.
 */
final class MoveLeaves implements RangeOperation {
    private final PageTableContext context;
    private final PageTables tables;

    /** Pages found in one table, or one large leaf, with a reference each. */
    private final long[] pages = new long[PageTableStruct.NR_ENTRIES];

    private final long[] addresses = new long[PageTableStruct.NR_ENTRIES];
    private final boolean[] writable = new boolean[PageTableStruct.NR_ENTRIES];
    private int nrFound;
    private boolean large;
    private boolean migrating;
    private long chunkStart;

    MoveLeaves(PageTableContext context, PageTables tables) {
        this.context = context;
        this.tables = tables;
    }

    /**
     * Maps everything at the new place; ENOMEM if there is no memory for tables, EOVERFLOW if a folio is mapped too often to
     * be mapped twice meanwhile. The caller unmaps the place that is wrong.
     */
    int move(long start, long end, long newStart) {
        long address = start;
        while (address < end) {
            long chunkEnd = Math.min(TableTree.nextAt(TableTree.PMD_LEVEL, address), end);
            collect(address, chunkEnd);
            int result = migrating ? Errno.OK : mapFound(newStart - start);
            release();
            if (result != Errno.OK) {
                return result;
            }
            if (migrating) {
                awaitMigrations(address, chunkEnd);
            } else {
                address = chunkEnd;
            }
        }
        return Errno.OK;
    }

    private void collect(long start, long end) {
        nrFound = 0;
        large = false;
        migrating = false;
        chunkStart = start;
        tables.walk(start, end, this);
    }

    @Override
    public void entries(TableTree tree, long firstSlot, long address, int nrEntries) {
        for (int i = 0; i < nrEntries; i++) {
            long entry = PageTableStruct.entryAcquire(firstSlot + (long) i * Long.BYTES);
            migrating |= PageTableEntry.isMigration(entry);
            if (PageTableEntry.isPresent(entry)) {
                found(entry, address + (long) i * Geometry.PAGE_BYTES);
            }
        }
    }

    @Override
    public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
        if (whole) {
            large = true;
            found(PageTableStruct.entryAcquire(slot), chunkStart);
        }
        return whole;
    }

    private void found(long leaf, long address) {
        References.add(context.folioOf(leaf), 1);
        pages[nrFound] = context.arena.pageAt(PageTableEntry.pfn(leaf));
        addresses[nrFound] = address;
        writable[nrFound] = PageTableEntry.isWritable(leaf);
        nrFound++;
    }

    private int mapFound(long distanceBytes) {
        for (int i = 0; i < nrFound; i++) {
            int result = map(i, addresses[i] + distanceBytes);
            if (result != Errno.OK) {
                return result;
            }
        }
        return Errno.OK;
    }

    private int map(int i, long address) {
        long folio = context.folios.headOf(pages[i]);
        long firstPage = (pages[i] - folio) / PageStruct.BYTES;
        if (!large) {
            return tables.map(address, folio, firstPage, 1, writable[i]);
        }
        return address % Geometry.HUGE_PAGE_BYTES == 0
                ? tables.mapHuge(address, folio, firstPage, Geometry.PMD_ORDER, writable[i])
                : tables.map(address, folio, firstPage, PageTableStruct.NR_ENTRIES, writable[i]);
    }

    private void release() {
        for (int i = 0; i < nrFound; i++) {
            context.folios.unpin(context.folios.headOf(pages[i]));
        }
    }

    private void awaitMigrations(long start, long end) {
        for (long address = start; address < end; address += Geometry.PAGE_BYTES) {
            tables.awaitMigration(address);
        }
    }
}
