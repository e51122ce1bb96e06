/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.AnonVma;
import dev.quire.engine.pagetable.FaultHandler;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.Slots;

/**
 * One process with anonymous memory, of which each state of a scenario has 2 MiB for itself, mapped by one large leaf. No
 * frame is ever touched, so that a state takes little memory.
 */
final class LargeLeaves {
    private static final int ORDER = Geometry.PMD_ORDER;
    private static final long NR_PAGES = Geometry.pagesIn(ORDER);
    private static final int NR_SLOTS = 1 << 14;
    private static final FaultHandler NOTHING = (tables, address, forWriting) -> false;

    private final Quire quire;
    private final Folios folios;
    private final AnonVma owner;
    private final PageTables tables;
    private final PageWalker walker;
    private final Slots slots = new Slots(NR_SLOTS);

    /** Makes a process that maps nothing. */
    LargeLeaves() {
        quire = Quire.builder()
                .capacityBytes(4L * NR_SLOTS * Geometry.HUGE_PAGE_BYTES)
                .open();
        folios = quire.folios();
        owner = quire.newAnonVma();
        tables = quire.newPageTables();
        tables.addRegion(0, NR_SLOTS * NR_PAGES, owner, 0);
        walker = tables.newWalker(quire.newReader());
    }

    /** Maps a folio in a new state's range. */
    long take() {
        int slot = slots.take();
        long folio = folios.allocate(ORDER);
        if (folio == 0) {
            quire.awaitReclaim();
            folio = folios.allocate(ORDER);
        }
        owner.adopt(folio, slot * NR_PAGES);
        int result = tables.mapHuge(addressOf(slot), folio, 0, ORDER, true);
        if (result != Errno.OK) {
            throw new IllegalStateException("cannot map the folio: result=" + Errno.name(result));
        }
        return folio;
    }

    int slotOf(long folio) {
        return (int) (folios.index(folio) / NR_PAGES);
    }

    /** Unmaps a state's range and lets go of its folio, or of all the folios that it was split into. */
    void giveBack(int slot, long folio) {
        tables.unmap(addressOf(slot), NR_PAGES);
        long end = folio + NR_PAGES * PageStruct.BYTES;
        for (long piece = folio; piece < end; ) {
            long next = piece + Geometry.pagesIn(folios.order(piece)) * PageStruct.BYTES;
            folios.unpin(piece);
            piece = next;
        }
        slots.giveBack(slot);
    }

    /** Splits the folio into two, with its mapping; 0 or an error number. The state gets a reference to each. */
    int split(long folio) {
        folios.lock(folio);
        int result =
                quire.splitter().split(folio, SplitPolicies.UNIFORM, 0, 1, ORDER - 1, SplitPolicies.ALL_ORDERS, true);
        folios.unlock(folio);
        return result;
    }

    /** Handle of the last page of a state's folio. */
    static long lastPageOf(long folio) {
        return folio + (NR_PAGES - 1) * PageStruct.BYTES;
    }

    /** Whether the folio that holds a page now is locked. */
    boolean isFolioLocked(long page) {
        return folios.isLocked(folios.headOf(page));
    }

    /** Wakes all who wait for a page that is mapped again. */
    void wakeWaitersFor(long page) {
        long folio = folios.headOf(page);
        quire.mappers().remap(folio, Geometry.pagesIn(folios.order(folio)));
    }

    /** Splits the leaf. */
    void unmapFirstPage(int slot) {
        tables.unmap(addressOf(slot), 1);
    }

    /** Whether the leaf is in the middle of its split just now. */
    boolean isSplitting(int slot) {
        long entry = walker.entry(addressOf(slot) + 1);
        return entry != PageTableEntry.NONE && !PageTableEntry.isPresent(entry);
    }

    /** Whether the last page migrates just now. */
    boolean isMigrating(int slot) {
        return PageTableEntry.isMigration(walker.entry(addressOf(slot + 1) - 1));
    }

    /** Pins the last page, waiting while the leaf changes; 0 if nothing is mapped there. */
    long pinLastPage(int slot) {
        return walker.pinOrFault(addressOf(slot + 1) - 1, true, NOTHING);
    }

    boolean isLastPage(long pinned, long folio) {
        return pinned == lastPageOf(folio);
    }

    void unpin(long pinned) {
        walker.unpin(pinned);
    }

    private static long addressOf(int slot) {
        return (long) slot << (Geometry.PAGE_SHIFT + ORDER);
    }
}
