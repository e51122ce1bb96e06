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
import dev.quire.stress.FolioSource;
import dev.quire.stress.Slots;

/**
 * One process that shows a file, of which each state of a scenario has 4 pages for itself, in one folio of order 2,
 * mapped page by page. Every page frame holds its own index, so that a reader can tell whose bytes it reads. The state
 * has a reference to its folio besides those of the file and the page tables.
 */
final class MappedFile {
    /** Log2 pages of each state's folio. */
    private static final int ORDER = 2;

    private static final int NR_PAGES = 1 << ORDER;
    private static final int NR_SLOTS = 1 << 14;

    private final Quire quire;
    private final Folios folios;
    private final AddressSpace file;
    private final PageTables tables;
    private final PageWalker walker;
    private final FolioLookup lookup;
    private final FolioSource source;
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
        source = new FolioSource(quire);
        RcuReader reader = quire.newReader();
        walker = tables.newWalker(reader);
        lookup = file.newLookup(reader);
    }

    /** Maps a folio of the file in the range of a new state. */
    State take() {
        return new State();
    }

    private boolean mapAgain(PageTables faulting, long address, boolean forWriting) {
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

    /** A range; its reader looks for one page of it. */
    final class State extends MappedPage {
        private final long firstIndex;
        private final int readPage;
        private final long folio;

        private State() {
            super(slots.tryTake());
            firstIndex = (long) slot() << ORDER;
            readPage = slot() & (NR_PAGES - 1);
            folio = guardHandle(this::map);
        }

        private long map() {
            long mapped = source.allocate(ORDER);
            for (int i = 0; i < NR_PAGES; i++) {
                NativeMemory.setLong(frame(mapped + (long) i * PageStruct.BYTES), firstIndex + i);
            }
            int result = file.add(mapped, firstIndex);
            if (result == Errno.OK) {
                folios.lock(mapped);
                result = tables.map(addressOf(0), mapped, 0, NR_PAGES, true);
                folios.unlock(mapped);
            }
            if (result != Errno.OK) {
                throw new IllegalStateException("cannot map the folio: result=" + Errno.name(result));
            }
            return mapped;
        }

        // ---- what readers do

        @Override
        long page() {
            return folio + (long) readPage * PageStruct.BYTES;
        }

        @Override
        boolean isMapped() {
            return walker.entry(addressOf(readPage)) != PageTableEntry.NONE;
        }

        @Override
        long pin() {
            return walker.pin(addressOf(readPage), true);
        }

        @Override
        long pinOrFault() {
            return walker.pinOrFault(addressOf(readPage), true, MappedFile.this::mapAgain);
        }

        @Override
        boolean isRight(long pinned) {
            return NativeMemory.getLong(frame(pinned)) == firstIndex + readPage;
        }

        @Override
        void unpin(long pinned) {
            walker.unpin(pinned);
        }

        // ---- what writers do

        /** Splits the folio into pages; 0 or an error number. The state keeps its reference to the first. */
        int split() {
            return guard(() -> {
                folios.lock(folio);
                int result = quire.splitter().splitUniform(folio, 0);
                folios.unlock(folio);
                return result;
            });
        }

        /** The same, but in the place of 0 how many references to the reader's page nothing accounts for. */
        int splitAndCountStrangers() {
            int result = split();
            return result == Errno.OK ? folios.references(page()) - (readPage == 0 ? 2 : 1) : result;
        }

        // ---- the end of the state

        /**
         * Takes the range from the file, which unmaps it, and lets go of its folio, or of the first that it was split
         * into; what actors have seen, or {@link #BROKEN}.
         */
        int recycle(int seen) {
            letGo();
            guardAction(() -> {
                folios.unpin(folio);
                file.punchHole(addressOf(0), Geometry.bytesIn(ORDER), SplitPolicies.UNIFORM);
            });
            recycleSlot(slots, true);
            return verdict(seen, true);
        }

        private long addressOf(int page) {
            return (firstIndex + page) << Geometry.PAGE_SHIFT;
        }
    }

    private long frame(long page) {
        return quire.arena().frameOf(page);
    }
}
