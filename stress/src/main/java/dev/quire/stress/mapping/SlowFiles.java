/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.stress.Progress;
import dev.quire.stress.SlotStates;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A page cache with many files of one page, of which each state of a scenario has one for itself. */
final class SlowFiles {
    private static final int NR_SLOTS = 1 << 14;

    /**
     * Cuts of some files take no time, of others up to several times as long as reading: either may overtake the other.
     */
    private static final int NR_CUT_TIMES = 8;

    private static final int CUT_STEP_SPINS = 150;

    /** Log2 of how many states in a row have the same cut time. */
    private static final int CUT_TIME_SHIFT = 5;

    private final Quire quire = Quire.builder()
            .capacityBytes(16L * NR_SLOTS * Geometry.PAGE_BYTES)
            .addressSpaces(NR_SLOTS + 1)
            .open();
    private final ThreadLocal<RcuReader> readers = ThreadLocal.withInitial(quire::newReader);
    private final SlotStates<State> states = new SlotStates<>(NR_SLOTS, State::new);

    /** The file of a new state: one page with the state's old stamp, nothing of it cached. */
    State take() {
        State state = states.take();
        state.reset();
        return state;
    }

    /** One file, of one state after another. */
    final class State extends OnePageFile {
        private final SlowFile file;

        /** Keeps the file in the cache while nobody uses it. */
        @SuppressWarnings("unused")
        private final OpenFile keeper;

        private State(int slot) {
            super(slot);
            file = new SlowFile(((slot >>> CUT_TIME_SHIFT) & (NR_CUT_TIMES - 1)) * CUT_STEP_SPINS);
            try {
                keeper = open();
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
        }

        /** Writes back, and tells what the file has then. */
        int syncAndLook() {
            return sync() == BROKEN ? BROKEN : classify(file.stamp());
        }

        /** Writes back; {@link #MET} if the other actor did its part meanwhile, else 0. */
        int syncBeside(Progress other) {
            return beside(other, this::sync);
        }

        private int sync() {
            return use(opened -> {
                opened.sync();
                return 0;
            });
        }

        /** Gives the file to the next state, if the engine is not in disorder about it. */
        void recycle() {
            states.recycle(this, true);
        }
    }
}
