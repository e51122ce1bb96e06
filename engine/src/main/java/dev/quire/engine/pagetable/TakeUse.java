/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import dev.quire.engine.folio.UsedPages;
import dev.quire.engine.struct.PageTableStruct;

/** Takes the accessed bits out of the leaves that map one folio (folio_referenced_one). For one walk. */
final class TakeUse extends FolioLeafOperation {
    private final UsedPages used;

    /** For a folio that the caller holds, so that it stays what it is. */
    TakeUse(PageTableContext context, long folio, UsedPages used) {
        super(context, folio);
        this.used = used;
    }

    @Override
    void leaf(long slot, long leaf, long firstPage, long nrPages) {
        if (PageTableEntry.isAccessed(leaf)) {
            // RMW of one bit: what a walk notes meanwhile is not lost. Only the holder of this lock replaces the leaf.
            PageTableStruct.getAndClearEntryBits(slot, PageTableEntry.ACCESSED);
            used.used(firstPage, nrPages);
        }
    }
}
