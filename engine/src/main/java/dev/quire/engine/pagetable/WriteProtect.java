/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.struct.PageTableStruct;

/** Makes whatever a range maps read-only (change_protection). Stateless. */
final class WriteProtect implements RangeOperation {
    WriteProtect() {}

    @Override
    public void entries(TableTree tree, long firstSlot, long address, int nrEntries) {
        for (long i = 0; i < nrEntries; i++) {
            protect(firstSlot + i * Long.BYTES);
        }
    }

    private static void protect(long slot) {
        long entry = PageTableStruct.entryAcquire(slot);
        if (PageTableEntry.isMigration(entry)) {
            // Not present: nobody but the holder of the table's lock changes it.
            PageTableStruct.entryRelease(slot, PageTableEntry.withoutWriting(entry));
        } else if (entry != PageTableEntry.NONE) {
            PageTableStruct.getAndClearEntryBits(slot, PageTableEntry.WRITABLE);
        }
    }

    @Override
    public boolean largeLeaf(LeafSplit leafSplit, long slot, int level, boolean whole) {
        if (whole) {
            PageTableStruct.getAndClearEntryBits(slot, PageTableEntry.WRITABLE);
        }
        return whole;
    }
}
