/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.stress.Slots;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** A page cache with many files of one page, of which each state of a scenario has one for itself. */
final class SlowFiles {
    /** Read zero. */
    static final int ZERO = 0;

    /** Read what the file had at first. */
    static final int OLD = 1;

    /** Read what the writer wrote. */
    static final int NEW = 2;

    /** The file ends before. */
    static final int END = 3;

    /** Read something that was never there. */
    static final int WRONG = 9;

    private static final int NR_SLOTS = 1 << 14;
    private static final long NEW_BIT = 1L << 40;

    /** Cuts of some files take no time, of others up to several times as long as reading: either may overtake the other. */
    private static final int NR_CUT_TIMES = 8;

    private static final int CUT_STEP_SPINS = 150;
    private static final int NR_STATES_PER_CUT_TIME = 32;

    private final Quire quire = Quire.builder()
            .capacityBytes(16L * NR_SLOTS * Geometry.PAGE_BYTES)
            .addressSpaces(NR_SLOTS)
            .open();
    private final Slots slots = new Slots(NR_SLOTS);
    private final AtomicReferenceArray<State> states = new AtomicReferenceArray<>(NR_SLOTS);
    private final ThreadLocal<RcuReader> readers = ThreadLocal.withInitial(quire::newReader);

    /** The file of a new state: one page with the state's old stamp, nothing of it cached. */
    State take() {
        int slot = slots.take();
        State state = states.get(slot);
        if (state == null) {
            state = new State(slot);
            states.set(slot, state);
        }
        state.reset();
        return state;
    }

    /** What a thread does with an open file. */
    @FunctionalInterface
    private interface Use {
        int on(OpenFile file) throws IOException;
    }

    /** One file, of one state after another. */
    final class State {
        private final int slot;
        private final SlowFile file;

        /** Keeps the file in the cache while nobody uses it. */
        @SuppressWarnings("unused")
        private final OpenFile keeper;

        private State(int slot) {
            this.slot = slot;
            file = new SlowFile(slot / NR_STATES_PER_CUT_TIME % NR_CUT_TIMES * CUT_STEP_SPINS);
            keeper = open();
        }

        /** A number that differs from state to state. */
        int slot() {
            return slot;
        }

        private OpenFile open() {
            try {
                return quire.pageCache().open(file, readers.get());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private int use(Use use) {
            try (OpenFile opened = open()) {
                return use.on(opened);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void reset() {
            use(opened -> {
                opened.truncate(0);
                opened.truncate(Geometry.PAGE_BYTES);
                file.reset(oldStamp());
                return 0;
            });
        }

        private long oldStamp() {
            return slot + 1L;
        }

        /** Writes the new stamp, into the cache. */
        void write() {
            use(opened -> {
                opened.write(segmentOf(oldStamp() | NEW_BIT), 0);
                return 0;
            });
        }

        /** Reads what the page has. */
        int read() {
            return use(opened -> {
                MemorySegment into = segmentOf(-1);
                return opened.read(into, 0) == Long.BYTES
                        ? classify(into.get(ValueLayout.JAVA_LONG_UNALIGNED, 0))
                        : END;
            });
        }

        /** Grows the file to its old size, and reads what is there. */
        int growAndRead() {
            return use(opened -> {
                opened.truncate(Geometry.PAGE_BYTES);
                return read();
            });
        }

        /** Writes back, and tells what the file has then. */
        int syncAndLook() {
            sync();
            return classify(file.stamp());
        }

        void sync() {
            use(opened -> {
                opened.sync();
                return 0;
            });
        }

        void truncate() {
            use(opened -> {
                opened.truncate(0);
                return 0;
            });
        }

        void punchHole() {
            use(opened -> {
                opened.punchHole(0, Geometry.PAGE_BYTES);
                return 0;
            });
        }

        void evict() {
            use(opened -> (int) opened.evict(0, Geometry.PAGE_BYTES));
        }

        private MemorySegment segmentOf(long stamp) {
            MemorySegment bytes = MemorySegment.ofArray(new byte[Long.BYTES]);
            bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, stamp);
            return bytes;
        }

        private int classify(long stamp) {
            if (stamp == 0) {
                return ZERO;
            }
            return stamp == oldStamp() ? OLD : stamp == (oldStamp() | NEW_BIT) ? NEW : WRONG;
        }

        /** Gives the file to the next state. */
        void recycle() {
            slots.giveBack(slot);
        }
    }
}
