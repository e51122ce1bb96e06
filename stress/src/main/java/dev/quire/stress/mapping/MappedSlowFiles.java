/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.mapping.FileMapping;
import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.stress.Progress;
import dev.quire.stress.SlotStates;
import java.io.IOException;

/**
 * A page cache with many files of one page, of which each state of a scenario has one for itself, and processes that
 * show them.
 */
final class MappedSlowFiles {
    private static final int NR_SLOTS = 1 << 14;

    /** Cuts of some files take no time, of others as long as reading, or longer: either may overtake the other. */
    private static final int NR_CUT_TIMES = 4;

    private static final int CUT_STEP_SPINS = 100;

    /** Log2 of how many states in a row have the same cut time. */
    private static final int CUT_TIME_SHIFT = 5;

    private final Quire quire = Quire.builder()
            .capacityBytes(16L * NR_SLOTS * Geometry.PAGE_BYTES)
            .addressSpaces(NR_SLOTS + 1)
            .open();
    private final ThreadLocal<RcuReader> readers = ThreadLocal.withInitial(quire::newReader);
    private final MappedPage.Processes processes = new MappedPage.Processes(quire, readers);
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

        /** Keeps the file in the cache while nobody uses it. */
        private final MappedPage mapped;

        private State(int slot) {
            super(slot);
            file = new SlowFile(((slot >>> CUT_TIME_SHIFT) & (NR_CUT_TIMES - 1)) * CUT_STEP_SPINS);
            mapped = processes.map(slot, this::map);
        }

        private FileMapping map(PageTables tables, long address) throws IOException {
            try (OpenFile opened = open()) {
                return opened.map(tables, address, 1, 0, true);
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
            return beside(other, () -> guard(() -> mapped.faultForWriting() ? 0 : END));
        }

        /** Writes the new stamp through the mapping as who trusts the leave to write, and does not say so. */
        void writeMapped() {
            guard(() -> writeMapped(newStamp(), false));
        }

        private int writeMapped(long stamp, boolean saysSo) {
            return mapped.write(stamp, saysSo) ? 0 : END;
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
            long stamp = mapped.read();
            return stamp == MappedPage.REFUSED ? END : classify(stamp);
        }

        /** Gives the file to the next state, if the engine is not in disorder about it. */
        void recycle() {
            states.recycle(this, true);
        }
    }
}
