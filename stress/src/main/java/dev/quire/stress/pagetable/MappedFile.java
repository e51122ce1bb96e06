/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.mapping.AddressSpace;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.Slots;

/**
 * One process that shows a file, of which each state of a scenario has 4 pages for itself, in one folio of order 2, mapped page
 * by page. Every page frame holds its own index, so that a reader can tell whose bytes it reads. The state has a reference to
 * its folio besides those of the file and the page tables.
 */
final class MappedFile {
    /** Log2 pages of each state's folio. */
    static final int ORDER = 2;

    private static final int NR_PAGES = 1 << ORDER;
    private static final int NR_SLOTS = 1 << 14;

    private final Quire quire;
    private final Folios folios;
    private final AddressSpace file;
    private final PageTables tables;
    private final PageWalker walker;
    private final FolioLookup lookup;
    private final Slots slots = new Slots(NR_SLOTS);

    /** Makes a process that maps nothing of an empty file. */
    MappedFile() {
        quire = Quire.builder()
                .capacityBytes(8L * NR_SLOTS * NR_PAGES * Geometry.PAGE_BYTES)
                .open();
        folios = quire.folios();
        file = quire.newAddressSpace();
        file.extend((long) NR_SLOTS * NR_PAGES * Geometry.PAGE_BYTES);
        tables = quire.newPageTables();
        tables.addRegion(0, (long) NR_SLOTS * NR_PAGES, file, 0);
        RcuReader reader = quire.newReader();
        walker = tables.newWalker(reader);
        lookup = file.newLookup(reader);
    }

    // ---- the state

    /** Maps a folio of the file in a new state's range. */
    long take() {
        int slot = slots.take();
        long folio = folios.allocate(ORDER);
        if (folio == 0) {
            quire.awaitReclaim();
            folio = folios.allocate(ORDER);
        }
        long base = (long) slot * NR_PAGES;
        for (int page = 0; page < NR_PAGES; page++) {
            NativeMemory.setLong(frame(folio, page), base + page);
        }
        int result = file.add(folio, base);
        if (result == Errno.OK) {
            folios.lock(folio);
            result = tables.map(addressOf(base, 0), folio, 0, NR_PAGES, true);
            folios.unlock(folio);
        }
        if (result != Errno.OK) {
            throw new IllegalStateException("cannot map the folio: result=" + Errno.name(result));
        }
        return folio;
    }

    /** First index of a state's range. */
    long baseOf(long folio) {
        return NativeMemory.getLong(frame(folio, 0));
    }

    /** The page of a range that its reader looks for: all of them in turn. */
    static int pageOf(long base) {
        return (int) (base / NR_PAGES) % NR_PAGES;
    }

    /** Takes a state's range from the file, which unmaps it, and lets go of its folio, or of the first that it was split into. */
    void giveBack(long base, long folio) {
        folios.unpin(folio);
        file.punchHole(addressOf(base, 0), (long) NR_PAGES * Geometry.PAGE_BYTES, SplitPolicies.UNIFORM);
        slots.giveBack((int) (base / NR_PAGES));
    }

    // ---- what writers do

    /** Splits the folio into pages; 0 or an error number. The state keeps its reference to the first. */
    int split(long folio) {
        folios.lock(folio);
        int result = quire.splitter().splitUniform(folio, 0);
        folios.unlock(folio);
        return result;
    }

    /** References to one of the pages that the folio was split into, beside the file's and, to the first, the state's. */
    int strangersOf(long folio, int page) {
        return folios.references(folio + (long) page * PageStruct.BYTES) - (page == 0 ? 2 : 1);
    }

    // ---- what readers do

    /** Whether nothing is mapped at a page just now. */
    boolean isUnmapped(long base, int page) {
        return walker.entry(addressOf(base, page)) == PageTableEntry.NONE;
    }

    /** Pins a page if it is mapped. */
    long pin(long base, int page) {
        return walker.pin(addressOf(base, page), true);
    }

    /** Pins a page, mapping it again if it is not mapped; 0 if the file has no such page. */
    long pinOrFault(long base, int page) {
        return walker.pinOrFault(addressOf(base, page), true, this::fault);
    }

    private boolean fault(PageTables faulting, long address, boolean forWriting) {
        long index = address >>> Geometry.PAGE_SHIFT;
        long folio = lookup.pin(index);
        if (folio == 0) {
            return false;
        }
        folios.lock(folio);
        int result = faulting.map(address, folio, index - folios.index(folio), 1, forWriting);
        folios.unlock(folio);
        folios.unpin(folio);
        return result == Errno.OK || result == Errno.EEXIST;
    }

    void unpin(long pinned) {
        walker.unpin(pinned);
    }

    /** Whether a pinned page is the one that belongs at a page of a range. */
    boolean isRight(long pinned, long base, int page) {
        return NativeMemory.getLong(quire.arena().frameOf(pinned)) == base + page;
    }

    private static long addressOf(long base, int page) {
        return (base + page) << Geometry.PAGE_SHIFT;
    }

    private long frame(long head, int page) {
        return quire.arena().frameOf(head) + (long) page * Geometry.PAGE_BYTES;
    }
}
