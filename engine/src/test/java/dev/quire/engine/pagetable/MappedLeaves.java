/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.FolioMappers;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.PageTableStruct;
import java.util.ArrayList;
import java.util.List;

/** Reads from the page tables of all processes which entries stand for pages of a folio, and changes nothing. */
public final class MappedLeaves {
    private static final long BITS = Geometry.PAGE_BYTES - 1;

    private MappedLeaves() {}

    /**
     * One entry, a leaf or a migration entry.
     *
     * @param firstPage first page that it stands for, relative to the folio
     * @param order log2 pages that it stands for
     * @param bits what else it says, as a {@link PageTableEntry} without its page and without the bit of large leaves
     */
    public record Leaf(long firstPage, int order, long bits) {
        /** Whether it maps its pages, not just keeps their place. */
        public boolean isPresent() {
            return PageTableEntry.isPresent(bits);
        }

        /** Whether the pages were written to. */
        public boolean isDirty() {
            return PageTableEntry.isDirty(bits);
        }

        /** Whether the pages were used. */
        public boolean isAccessed() {
            return PageTableEntry.isAccessed(bits);
        }
    }

    /**
     * Entries for pages of a folio, region by region of its owner, and in each by address.
     *
     * @param mappers those of the engine
     * @param mapping mapping word of the folio
     * @param index index of its first page
     * @param firstPfn page number of its first page
     * @param nrPages its pages
     * @return what was found, one entry after the other
     */
    public static List<Leaf> of(FolioMappers mappers, long mapping, long index, long firstPfn, long nrPages) {
        Collector collector = new Collector(firstPfn, nrPages);
        ((ReverseMap) mappers).listOf(mapping).walk(index, index + nrPages, collector);
        return collector.leaves;
    }

    private static final class Collector implements RangeOperation {
        final List<Leaf> leaves = new ArrayList<>();
        private final long firstPfn;
        private final long nrPages;

        Collector(long firstPfn, long nrPages) {
            this.firstPfn = firstPfn;
            this.nrPages = nrPages;
        }

        @Override
        public void entries(TableTree tree, long firstSlot, long address, int nrEntries) {
            for (long i = 0; i < nrEntries; i++) {
                add(PageTableStruct.entryAcquire(firstSlot + i * Long.BYTES), 0);
            }
        }

        @Override
        public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
            add(PageTableStruct.entryAcquire(slot), TableTree.orderOf(level));
            return true;
        }

        private void add(long entry, int order) {
            long page = PageTableEntry.pfn(entry) - firstPfn;
            boolean stands = PageTableEntry.isPresent(entry) || PageTableEntry.isMigration(entry);
            if (stands && page >= 0 && page < nrPages) {
                leaves.add(new Leaf(page, order, entry & BITS & ~PageTableEntry.HUGE));
            }
        }
    }
}
