/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.xarray;

import dev.quire.engine.Quire;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XArray;
import dev.quire.engine.xarray.XaBatch;
import dev.quire.engine.xarray.XaEntry;
import dev.quire.stress.GuardedState;
import dev.quire.stress.Slots;
import org.jspecify.annotations.Nullable;

/** An engine of which each state of a scenario has an array for itself, to close it. */
final class ClosedArrays {
    /** Read all the entries. */
    static final int ENTRIES = 1;

    /** Read nothing. */
    static final int NOTHING = 2;

    /** Read entries, and from some lookup on, of each index, nothing. */
    static final int ENTRIES_THEN_NOTHING = 3;

    /** Was told that the array is closed. */
    static final int CLOSED = 5;

    /** Read what was never in the array, or at an index nothing and then an entry. */
    static final int WRONG = 9;

    private static final int NR_SLOTS = 1 << 15;
    private static final int NR_ENTRIES = 4;

    /** More than any value of a state's own. */
    private static final long NEXT_ENTRIES = 1L << 40;

    /** As many as take longer than a close that does not wait. */
    private static final int NR_LOOKUPS = 1 << 11;

    private final Quire quire = Quire.builder()
            .capacityBytes(Geometry.bytesIn(Geometry.PMD_ORDER))
            .nodes(2L * NR_SLOTS)
            .addressSpaces(NR_SLOTS)
            .open();
    private final Slots slots = new Slots(NR_SLOTS);
    private final RcuReader reader = quire.newReader();
    private final long[] indices = new long[NR_LOOKUPS];

    /** For the one reading actor. */
    private final long[] entries = new long[NR_LOOKUPS];

    ClosedArrays() {
        for (int lookup = 0; lookup < NR_LOOKUPS; lookup++) {
            indices[lookup] = lookup % NR_ENTRIES;
        }
    }

    /** The array of a new state. */
    Own take() {
        return new Own();
    }

    /** An array with some entries. */
    final class Own extends GuardedState {
        private final XArray array = quire.newArray(0);

        /** Has the closed array's memory. */
        private @Nullable XArray next;

        private Own() {
            super(slots.tryTake());
            guardAction(() -> {
                for (int index = 0; index < NR_ENTRIES; index++) {
                    array.store(index, wordOf(index));
                }
            });
        }

        private long wordOf(long index) {
            return XaEntry.value((long) slot() * NR_ENTRIES + index);
        }

        /** Looks the entries up, again and again, in one section. */
        int loadBatch() {
            return guard(() -> {
                reader.enter();
                try {
                    XaBatch.load(array, reader, indices, entries, NR_LOOKUPS);
                } catch (IllegalStateException e) {
                    if (array.anchor() != 0) {
                        throw e;
                    }
                    return CLOSED;
                } finally {
                    reader.exit();
                }
                return judge();
            });
        }

        /** The entries go one after the other, each for good. */
        private int judge() {
            int nrFound = 0;
            int gone = 0;
            for (int lookup = 0; lookup < NR_LOOKUPS; lookup++) {
                int bit = 1 << indices[lookup];
                if (entries[lookup] == XaEntry.EMPTY) {
                    gone |= bit;
                } else if (entries[lookup] == wordOf(indices[lookup]) && (gone & bit) == 0) {
                    nrFound++;
                } else {
                    return WRONG;
                }
            }
            return nrFound == 0 ? NOTHING : gone == 0 ? ENTRIES : ENTRIES_THEN_NOTHING;
        }

        /** Closes the array, and opens one with other entries in its place; 0. */
        int closeAndOpenNext() {
            return guard(() -> {
                array.close();
                XArray opened = quire.newArray(0);
                next = opened;
                for (int index = 0; index < NR_ENTRIES; index++) {
                    opened.store(index, XaEntry.value(NEXT_ENTRIES + index));
                }
                return 0;
            });
        }

        /** Gives the number to the next state. */
        void recycle() {
            XArray opened = next;
            if (opened != null) {
                guardAction(opened::close);
            }
            recycleSlot(slots, true);
        }
    }
}
