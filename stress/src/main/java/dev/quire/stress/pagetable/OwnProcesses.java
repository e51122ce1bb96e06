/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.pagetable;

import dev.quire.engine.Quire;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.Advice;
import dev.quire.engine.pagetable.AnonymousMemory;
import dev.quire.engine.pagetable.LargeFolioOrders;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.pagetable.Protection;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.stress.Progress;
import dev.quire.stress.Slots;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * An engine with many processes, of which each state of a scenario has one for itself, because a process has one memory
 * map. A process has 4 pages of anonymous memory, which its first fault brings in as one folio of order 2. A page that
 * was written to holds a number that no other page of any process ever holds.
 */
final class OwnProcesses {
    /** The page holds zero. */
    static final int ZERO = 0;

    /** The page holds what was written to it at first. */
    static final int OWN = 1;

    /** Nothing is mapped. */
    static final int NOTHING = 2;

    /** The page holds another's bytes, or its reference was lost. */
    static final int WRONG = 9;

    private static final int ORDER = 2;
    private static final int NR_PAGES = 1 << ORDER;
    private static final int LAST_PAGE = NR_PAGES - 1;
    private static final int NR_SLOTS = 1 << 14;
    private static final long START = 1L << 30;
    private static final long LENGTH_BYTES = Geometry.bytesIn(ORDER);

    /** Where a process uses memory again that it has given up elsewhere. */
    private static final long OTHER_START = START + 2 * LENGTH_BYTES;

    private static final long OTHER_STAMP = -1;
    private static final LargeFolioOrders ORDERS = new LargeFolioOrders(1L << ORDER, 0);

    private final Quire quire = Quire.builder()
            .capacityBytes(16L * NR_SLOTS * LENGTH_BYTES)
            .addressSpaces(NR_SLOTS)
            .open();
    private final Slots slots = new Slots(NR_SLOTS);
    private final AtomicReferenceArray<OwnProcess> processes = new AtomicReferenceArray<>(NR_SLOTS);
    private final ThreadLocal<RcuReader> readers = ThreadLocal.withInitial(quire::newReader);

    /** The process of a new state, with a region of 4 pages that nobody has touched. */
    OwnProcess takeUntouched() {
        int slot = slots.take();
        OwnProcess process = processes.get(slot);
        if (process == null) {
            process = new OwnProcess(slot);
            processes.set(slot, process);
        }
        process.map(Protection.READ_WRITE);
        return process;
    }

    /** The same, but every page was written to. */
    OwnProcess take() {
        OwnProcess process = takeUntouched();
        process.writeAll();
        return process;
    }

    /** The process of one state after another. */
    final class OwnProcess {
        private final int slot;
        private final AnonymousMemory memory = quire.newAnonymousMemory(SplitPolicies.UNIFORM, ORDERS);

        private OwnProcess(int slot) {
            this.slot = slot;
        }

        /** A number that differs from state to state. */
        int slot() {
            return slot;
        }

        private void map(Protection protection) {
            require(memory.map(START, LENGTH_BYTES, protection));
        }

        private void writeAll() {
            PageWalker walker = walker();
            for (int page = 0; page < NR_PAGES; page++) {
                long pinned = walker.pinOrFault(addressOf(page), true, memory);
                NativeMemory.setLong(quire.arena().frameOf(pinned), stampOf(page));
                walker.unpin(pinned);
            }
        }

        /** Takes the process's memory from it for the next state. */
        void recycle() {
            require(memory.unmap(START, OTHER_START + LENGTH_BYTES - START));
            slots.giveBack(slot);
        }

        // ---- what a process does

        /** Brings a page in, without looking at it; an error number. */
        int fault(int page) {
            return memory.faultIn(addressOf(page), true);
        }

        /** Gives all pages up (MADV_DONTNEED). */
        void drop() {
            require(memory.advise(START, LENGTH_BYTES, Advice.DONT_NEED));
        }

        /** Gives all pages up, and writes to new ones elsewhere. */
        void dropAndWriteElsewhere() {
            drop();
            require(memory.map(OTHER_START, LENGTH_BYTES, Protection.READ_WRITE));
            PageWalker walker = walker();
            for (int page = 0; page < NR_PAGES; page++) {
                long address = OTHER_START + (long) page * Geometry.PAGE_BYTES;
                long pinned = walker.pinOrFault(address, true, memory);
                NativeMemory.setLongOpaque(quire.arena().frameOf(pinned), OTHER_STAMP);
                walker.unpin(pinned);
            }
        }

        /** Gives all pages up with their addresses, and takes these for memory that may only be read (munmap, mmap). */
        void unmapAndMapForReading() {
            require(memory.unmap(START, LENGTH_BYTES));
            map(Protection.READ);
        }

        /**
         * Gives the last page up, and splits what is partly mapped for it, as if memory were short; 1 if something was
         * split.
         */
        int dropLastPageAndShrink() {
            require(memory.advise(addressOf(LAST_PAGE), Geometry.PAGE_BYTES, Advice.DONT_NEED));
            return memory.shrink() > 0 ? 1 : 0;
        }

        // ---- what a reader sees

        /** Whether a page is on its way from one folio to another just now. */
        boolean isMigrating(int page) {
            return PageTableEntry.isMigration(walker().entry(addressOf(page)));
        }

        /** Waits until the first page is on its way, or there is no more to wait for; whether it is. */
        boolean awaitMigration(Progress shrinker) {
            PageWalker walker = walker();
            while (!shrinker.isComplete()) {
                if (PageTableEntry.isMigration(walker.entry(START))) {
                    return true;
                }
                Thread.onSpinWait();
            }
            return false;
        }

        /** What a page holds, which is brought in if it is not there. */
        int faultAndLook(int page) {
            return inspectAndUnpin(walker().pinOrFault(addressOf(page), true, memory), page);
        }

        /** The same, held until the other actor has done its part. */
        int faultAndHold(int page, Progress other) {
            PageWalker walker = walker();
            long pinned = walker.pinOrFault(addressOf(page), true, memory);
            int first = inspect(pinned, page);
            other.await();
            return inspectAndUnpin(pinned, page) == first ? first : WRONG;
        }

        /** What a page holds, or that nothing is mapped. */
        int look(int page) {
            long pinned = walker().pin(addressOf(page), false);
            return pinned == PageWalker.NOT_PINNED ? NOTHING : inspectAndUnpin(pinned, page);
        }

        /** Whether a page can be written to as it is. */
        boolean isWritable(int page) {
            long entry = walker().entry(addressOf(page));
            return PageTableEntry.isPresent(entry) && PageTableEntry.isWritable(entry);
        }

        /** Pages that are mapped, or on their way. */
        int nrMapped() {
            PageWalker walker = walker();
            int nrMapped = 0;
            for (int page = 0; page < NR_PAGES; page++) {
                nrMapped += walker.entry(addressOf(page)) == PageTableEntry.NONE ? 0 : 1;
            }
            return nrMapped;
        }

        private int inspectAndUnpin(long pinned, int page) {
            int seen = inspect(pinned, page);
            try {
                walker().unpin(pinned);
                return seen;
            } catch (IllegalStateException e) {
                return WRONG;
            }
        }

        private int inspect(long pinned, int page) {
            long found = NativeMemory.getLongOpaque(quire.arena().frameOf(pinned));
            return found == 0 ? ZERO : found == stampOf(page) ? OWN : WRONG;
        }

        private long stampOf(int page) {
            return 1L + (long) slot * NR_PAGES + page;
        }

        private PageWalker walker() {
            return memory.tables().newWalker(readers.get());
        }
    }

    /** The page that a state is about: all of them in turn. */
    static int pageOf(int slot) {
        return slot % NR_PAGES;
    }

    /** Whether a page is the one that {@link OwnProcess#dropLastPageAndShrink} gives up. */
    static boolean isLast(int page) {
        return page == LAST_PAGE;
    }

    private static long addressOf(int page) {
        return START + (long) page * Geometry.PAGE_BYTES;
    }

    private static void require(int result) {
        if (result != Errno.OK) {
            throw new IllegalStateException("a call is refused: result=" + Errno.name(result));
        }
    }
}
