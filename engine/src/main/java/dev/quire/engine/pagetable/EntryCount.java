/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.struct.PageTableStruct;

/** Counts what is mapped or migrating in a range. For one walk. */
final class EntryCount implements RangeOperation {
    private long nrEntries;

    /** Entries of the lowest level that are not none, and large leaves that lie in the range at least in part. */
    long nrEntries() {
        return nrEntries;
    }

    @Override
    public void entries(TableTree tree, long firstSlot, long address, int nrEntriesInTable) {
        for (long i = 0; i < nrEntriesInTable; i++) {
            if (PageTableStruct.entryAcquire(firstSlot + i * Long.BYTES) != PageTableEntry.NONE) {
                nrEntries++;
            }
        }
    }

    @Override
    public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
        nrEntries++;
        return true;
    }
}
