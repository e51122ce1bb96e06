/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.mapping.SharedMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.stress.GuardedState;
import dev.quire.stress.Progress;
import dev.quire.stress.SlotStates;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An engine with a swap area and much shared memory of 4 pages, of which each state of a scenario has one for itself:
 * swapped out as one folio, to one entry of the index. The first 8 bytes of each page are a number that no other page
 * has.
 */
final class SwappedFolios {
    private static final int ORDER = 2;
    private static final int NR_FILE_PAGES = 1 << ORDER;
    private static final int NR_SLOTS = 1 << 14;
    private static final int NR_PAGES = 8 * NR_FILE_PAGES * NR_SLOTS;

    /** The page that is cut out of the entry. */
    private static final int HOLE = 2;

    private final Quire quire = Quire.builder()
            .capacityBytes((long) NR_PAGES * Geometry.PAGE_BYTES)
            .addressSpaces(NR_SLOTS + 1)
            .pageCacheOrder(ORDER)
            .open();
    private final ThreadLocal<RcuReader> readers = ThreadLocal.withInitial(quire::newReader);
    private final SlotStates<State> states;

    SwappedFolios() {
        quire.pageCache().swapOn(new SlowSwapFile(NR_PAGES));
        states = new SlotStates<>(NR_SLOTS, State::new);
    }

    /** The memory of a new state: in swap as a whole. */
    State takeSwappedOut() {
        State state = states.take();
        state.fillAndSwapOut();
        return state;
    }

    /** What a thread does with an open file. */
    @FunctionalInterface
    private interface Use {
        int on(OpenFile file) throws IOException;
    }

    /** Shared memory of 4 pages, of one state after another. */
    final class State extends GuardedState {
        /** Of all pages but the hole, the bytes were read that were there at first; of the hole, zeroes. */
        static final int CUT = 0;

        /** All bytes were read that were there at first. */
        static final int OLD = 1;

        /** Bytes were read that the page never had, or none. */
        static final int WRONG = 9;

        /** Added to what was read if the hole was punched meanwhile. */
        static final int MET = 10;

        private final SharedMemory memory = quire.pageCache().newSharedMemory(0);

        private State(int slot) {
            super(slot);
        }

        private void fillAndSwapOut() {
            use(opened -> {
                opened.truncate(0);
                MemorySegment bytes = MemorySegment.ofArray(new byte[NR_FILE_PAGES * Geometry.PAGE_BYTES]);
                for (int page = 0; page < NR_FILE_PAGES; page++) {
                    bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, (long) page * Geometry.PAGE_BYTES, stampOf(page));
                }
                opened.write(bytes, 0);
                int[] nrFolios = {0};
                opened.forEachFolio((index, order, folio) -> nrFolios[0]++);
                if (nrFolios[0] != 1 || opened.evict(0, bytes.byteSize()) != NR_FILE_PAGES) {
                    giveUp();
                }
                return 0;
            });
        }

        private long stampOf(int page) {
            return (slot() + 1L) * NR_FILE_PAGES + page;
        }

        private int use(Use use) {
            return guard(() -> {
                try (OpenFile opened = memory.open(readers.get())) {
                    return use.on(opened);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }

        /** Reads all pages, from the first on; {@link #MET} more if the hole was punched meanwhile. */
        int readBeside(Progress hole) {
            boolean cameBefore = !hole.isComplete();
            int seen = read();
            return cameBefore && hole.isComplete() && seen != BROKEN ? seen + MET : seen;
        }

        /** Reads all pages, from the first on. */
        int read() {
            return use(opened -> {
                int seen = OLD;
                for (int page = 0; page < NR_FILE_PAGES; page++) {
                    MemorySegment into = MemorySegment.ofArray(new byte[Long.BYTES]);
                    long nrRead = opened.read(into, (long) page * Geometry.PAGE_BYTES);
                    long stamp = into.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
                    if (page == HOLE && stamp == 0) {
                        seen = CUT;
                    } else if (stamp != stampOf(page) || nrRead != Long.BYTES) {
                        return WRONG;
                    }
                }
                return seen;
            });
        }

        void punchHole() {
            use(opened -> {
                opened.punchHole((long) HOLE * Geometry.PAGE_BYTES, Geometry.PAGE_BYTES);
                return 0;
            });
        }

        /** Gives the memory to the next state, if the engine is not in disorder about it. */
        void recycle(boolean inOrder) {
            states.recycle(this, inOrder);
        }
    }
}
