/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.struct.PageTableStruct;

/** Has the next write through any leaf of one folio fault, large leaves included (page_mkclean_one). For one walk. */
final class WriteProtectFolio extends FolioLeafOperation {
    private static final long WRITES = PageTableEntry.WRITABLE | PageTableEntry.DIRTY;

    /** For a folio that the caller has locked and holds. */
    WriteProtectFolio(PageTableContext context, long folio) {
        super(context, folio);
    }

    @Override
    void leaf(long slot, long leaf, long firstPage, long nrPages) {
        if ((leaf & WRITES) != 0) {
            // RMW, both bits in one step (I16): who pins for writing has its reference, or finds the leaf changed when
            // it looks again; who notes a write does so before, or fails. No accessed bit is lost.
            PageTableStruct.getAndClearEntryBits(slot, WRITES);
        }
    }
}
