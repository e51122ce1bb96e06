/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.struct.PageTableStruct;

/**
 * Makes whatever a range maps read-only, or, if it is anonymous memory of one process, writable (change_protection).
 */
enum ChangeProtection implements RangeOperation {
    READ_ONLY {
        @Override
        long changed(long leaf) {
            return leaf & ~PageTableEntry.WRITABLE;
        }

        @Override
        long changedMigration(long migration) {
            return PageTableEntry.withoutWriting(migration);
        }
    },

    WRITABLE {
        @Override
        long changed(long leaf) {
            return leaf | PageTableEntry.WRITABLE | PageTableEntry.EXCLUSIVE;
        }

        @Override
        long changedMigration(long migration) {
            return PageTableEntry.migration(changed(PageTableEntry.restored(migration)));
        }
    },

    /**
     * As a write fault at one address of such memory does, with nothing to be copied (wp_page_reuse): a large leaf
     * stays one.
     */
    WRITTEN {
        @Override
        long changed(long leaf) {
            return WRITABLE.changed(leaf);
        }

        @Override
        long changedMigration(long migration) {
            return WRITABLE.changedMigration(migration);
        }

        @Override
        public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
            return super.largeLeaf(leafSplit, slot, level, true);
        }
    };

    abstract long changed(long leaf);

    abstract long changedMigration(long migration);

    @Override
    public void entries(TableTree tree, long firstSlot, long address, int nrEntries) {
        for (long i = 0; i < nrEntries; i++) {
            change(firstSlot + i * Long.BYTES);
        }
    }

    private void change(long slot) {
        long entry = PageTableStruct.entryAcquire(slot);
        if (PageTableEntry.isMigration(entry)) {
            // Not present: nobody but the holder of the table's lock changes it.
            PageTableStruct.entryRelease(slot, changedMigration(entry));
        } else if (entry != PageTableEntry.NONE) {
            changeLeaf(slot);
        }
    }

    /** RMW: no accessed or dirty bit that a walk without a lock sets meanwhile is lost. */
    private void changeLeaf(long slot) {
        long leaf;
        do {
            leaf = PageTableStruct.entryAcquire(slot);
        } while (!PageTableStruct.compareAndSetEntry(slot, leaf, changed(leaf)));
    }

    @Override
    public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
        if (whole) {
            changeLeaf(slot);
        }
        return whole;
    }
}
