/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.mapping.SharedMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.stress.Progress;
import dev.quire.stress.SlotStates;
import java.io.IOException;

/**
 * An engine with a swap area and much shared memory of one page, of which each state of a scenario has one for itself.
 */
final class SwappedPages {
    private static final int NR_SLOTS = 1 << 14;
    private static final int NR_PAGES = 16 * NR_SLOTS;

    private final Quire quire = Quire.builder()
            .capacityBytes((long) NR_PAGES * Geometry.PAGE_BYTES)
            .addressSpaces(NR_SLOTS + 1)
            .open();
    private final ThreadLocal<RcuReader> readers = ThreadLocal.withInitial(quire::newReader);
    private final MappedPage.Processes processes = new MappedPage.Processes(quire, readers);
    private final SlotStates<State> states;

    SwappedPages() {
        quire.pageCache().swapOn(new SlowSwapFile(NR_PAGES));
        states = new SlotStates<>(NR_SLOTS, State::new);
    }

    /** The page of a new state: in memory, with the state's old stamp. */
    State take() {
        State state = states.take();
        state.truncate();
        state.growAndRead();
        state.writeOld();
        return state;
    }

    /** The page of a new state: in swap, with the state's old stamp. */
    State takeSwappedOut() {
        State state = take();
        state.evict();
        if (!state.isSwappedOut()) {
            state.giveUp();
        }
        return state;
    }

    /** The page of a new state: in memory, with the state's old stamp, mapped, writable and dirty. */
    State takeMapped() {
        State state = take();
        state.guard(() -> state.mapped.write(state.oldStamp(), false) ? 0 : OnePageFile.END);
        return state;
    }

    /** One page of shared memory, of one state after another. */
    final class State extends OnePageFile {
        private final SharedMemory memory = quire.pageCache().newSharedMemory(Geometry.PAGE_BYTES);
        private final MappedPage mapped;

        private State(int slot) {
            super(slot);
            mapped = processes.map(slot, (tables, address) -> memory.map(tables, address, 1, 0, true));
        }

        @Override
        OpenFile open() throws IOException {
            return memory.open(readers.get());
        }

        boolean isSwappedOut() {
            return memory.nrSwappedPages() == 1;
        }

        /**
         * Pins the page through a mapping, writes the new stamp, and unpins it; {@link #MET} if the other actor did its
         * part meanwhile, else 0.
         */
        int writeMappedBeside(Progress other) {
            return beside(other, () -> guard(() -> mapped.write(newStamp(), false) ? 0 : END));
        }

        /** Reads the page through the mapping. */
        int readMapped() {
            return guard(() -> {
                long stamp = mapped.read();
                return stamp == MappedPage.REFUSED ? END : classify(stamp);
            });
        }

        /** Gives the page to the next state, if the engine is not in disorder about it. */
        void recycle() {
            states.recycle(this, true);
        }
    }
}
