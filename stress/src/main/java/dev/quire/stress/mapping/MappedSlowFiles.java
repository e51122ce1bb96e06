/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.mapping.FileMapping;
import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.stress.Progress;
import dev.quire.stress.SlotStates;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.Stream;

/**
 * A page cache with many files of one page, of which each state of a scenario has one for itself, and processes that
 * show them.
 */
final class MappedSlowFiles {
    private static final int NR_SLOTS = 1 << 14;

    /** Cuts of some files take no time, of others as long as reading, or longer: either may overtake the other. */
    private static final int NR_CUT_TIMES = 4;

    private static final int CUT_STEP_SPINS = 100;

    /** Many, as a process copies its list of regions whenever one is added. */
    private static final int NR_PROCESSES = 1 << 7;

    /** Log2 of how many states in a row have the same cut time. */
    private static final int CUT_TIME_SHIFT = 5;

    private final Quire quire = Quire.builder()
            .capacityBytes(16L * NR_SLOTS * Geometry.PAGE_BYTES)
            .addressSpaces(NR_SLOTS + 1)
            .open();
    private final List<PageTables> processes =
            Stream.generate(quire::newPageTables).limit(NR_PROCESSES).toList();
    private final ThreadLocal<RcuReader> readers = ThreadLocal.withInitial(quire::newReader);
    private final SlotStates<State> states = new SlotStates<>(NR_SLOTS, State::new);

    /**
     * The file of a new state: one page with the state's old stamp; every other file's page is mapped, of the rest
     * nothing is cached.
     */
    State take() {
        State state = states.take();
        state.reset();
        return state;
    }

    /** One file, of one state after another. */
    final class State extends OnePageFile {
        private final SlowFile file;
        private final PageTables tables;
        private final long address;

        /** Keeps the file in the cache while nobody uses it. */
        private final FileMapping mapping;

        private State(int slot) {
            super(slot);
            file = new SlowFile(((slot >>> CUT_TIME_SHIFT) & (NR_CUT_TIMES - 1)) * CUT_STEP_SPINS);
            tables = processes.get(slot & (NR_PROCESSES - 1));
            // From the second page on: a state without a slot has the number -1.
            address = (slot + 1L) * Geometry.PAGE_BYTES;
            try (OpenFile opened = open()) {
                mapping = opened.map(tables, address, 1, 0, true);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        OpenFile open() throws IOException {
            return quire.pageCache().open(file, readers.get());
        }

        private void reset() {
            use(opened -> {
                opened.truncate(0);
                opened.truncate(Geometry.PAGE_BYTES);
                file.reset(oldStamp());
                return 0;
            });
            if ((slot() & 1) == 0) {
                guard(this::readMapped);
            }
        }

        /** Reads the page through the mapping; {@link #MET} more if the other actor did its part meanwhile. */
        int readMappedBeside(Progress other) {
            return beside(other, () -> guard(this::readMapped));
        }

        /** Reads the page through the mapping after the other actor has done its part. */
        int readMappedAfter(Progress other) {
            other.await();
            return guard(this::readMapped);
        }

        /** Writes the old stamp through the mapping, which leaves the page mapped, writable and dirty. */
        void writeOldMapped() {
            guard(() -> writeMapped(oldStamp(), true));
        }

        /**
         * Pins the page through the mapping, writes the new stamp, and says so; {@link #MET} if the other actor did its
         * part meanwhile, else 0.
         */
        int writeMappedBeside(Progress other) {
            return beside(other, () -> guard(() -> writeMapped(newStamp(), true)));
        }

        /** Asks for leave to write through the mapping; {@link #MET} if the other actor did its part meanwhile. */
        int faultForWritingBeside(Progress other) {
            return beside(other, () -> guard(() -> mapping.fault(tables, address, true) ? 0 : END));
        }

        /** Writes the new stamp through the mapping as who trusts the leave to write, and does not say so. */
        void writeMapped() {
            guard(() -> writeMapped(newStamp(), false));
        }

        private int writeMapped(long stamp, boolean saysSo) {
            PageWalker walker = tables.newWalker(readers.get());
            long page = walker.pinOrFault(address, true, mapping);
            if (page == PageWalker.NOT_PINNED) {
                return END;
            }
            // Who has pinned a page takes its time.
            SlowFile.transfer();
            NativeMemory.setLong(quire.arena().frameOf(page), stamp);
            if (saysSo) {
                mapping.unpinWritten(page);
            } else {
                walker.unpin(page);
            }
            return 0;
        }

        /** Writes back. */
        int sync() {
            return use(opened -> {
                opened.sync();
                return 0;
            });
        }

        /** Writes back, and looks what the file has. */
        int syncAndLook() {
            return sync() == BROKEN ? BROKEN : classify(file.stamp());
        }

        /** Grows the file to its old size, and reads the page through the mapping. */
        int growAndReadMapped() {
            use(opened -> {
                opened.truncate(Geometry.PAGE_BYTES);
                return 0;
            });
            return guard(this::readMapped);
        }

        /** {@link #END} if the fault is refused. */
        private int readMapped() {
            PageWalker walker = tables.newWalker(readers.get());
            long page = walker.pinOrFault(address, false, mapping);
            if (page == PageWalker.NOT_PINNED) {
                return END;
            }
            int seen = classify(NativeMemory.getLong(quire.arena().frameOf(page)));
            walker.unpin(page);
            return seen;
        }

        /** Gives the file to the next state, if the engine is not in disorder about it. */
        void recycle() {
            states.recycle(this, true);
        }
    }
}
