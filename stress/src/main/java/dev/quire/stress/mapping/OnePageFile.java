/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.memory.Geometry;
import dev.quire.stress.GuardedState;
import dev.quire.stress.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntSupplier;

/** A file of one page, of one state after another, of which the first 8 bytes are looked at. */
abstract class OnePageFile extends GuardedState {
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

    /** Added to what was read if the other actor did its part meanwhile. */
    static final int MET = 10;

    private static final long NEW_BIT = 1L << 40;

    /** Makes the file of a slot. */
    OnePageFile(int slot) {
        super(slot);
    }

    /** What a thread does with an open file. */
    @FunctionalInterface
    interface Use {
        int on(OpenFile file) throws IOException;
    }

    /** Opens the file for the calling thread. */
    abstract OpenFile open() throws IOException;

    /** Opens the file, uses it, and closes it; {@link #BROKEN} if the engine throws. */
    final int use(Use use) {
        return guard(() -> {
            try (OpenFile opened = open()) {
                return use.on(opened);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    final long oldStamp() {
        return slot() + 1L;
    }

    /** Writes the stamp that the page has at first. */
    final void writeOld() {
        write(oldStamp());
    }

    /** Writes the new stamp, into memory. */
    final void write() {
        write(newStamp());
    }

    final long newStamp() {
        return oldStamp() | NEW_BIT;
    }

    private void write(long stamp) {
        use(opened -> {
            opened.write(segmentOf(stamp), 0);
            return 0;
        });
    }

    /** Reads what the page has. */
    final int read() {
        return use(opened -> {
            MemorySegment into = segmentOf(-1);
            return opened.read(into, 0) == Long.BYTES ? classify(into.get(ValueLayout.JAVA_LONG_UNALIGNED, 0)) : END;
        });
    }

    /** Reads; {@link #MET} more if the other actor did its part meanwhile. */
    final int readBeside(Progress other) {
        return beside(other, this::read);
    }

    /** Writes the new stamp and reads; {@link #MET} more if the other actor did its part meanwhile. */
    final int writeAndReadBeside(Progress other) {
        return beside(other, () -> {
            write();
            return read();
        });
    }

    /** Does something that has a result; {@link #MET} more if the other actor did its part meanwhile. */
    static int beside(Progress other, IntSupplier use) {
        boolean cameBefore = !other.isComplete();
        int seen = use.getAsInt();
        return cameBefore && other.isComplete() && seen != BROKEN ? seen + MET : seen;
    }

    /** Grows the file to its old size, and reads what is there. */
    final int growAndRead() {
        return use(opened -> {
            opened.truncate(Geometry.PAGE_BYTES);
            return read();
        });
    }

    final void truncate() {
        use(opened -> {
            opened.truncate(0);
            return 0;
        });
    }

    final void punchHole() {
        use(opened -> {
            opened.punchHole(0, Geometry.PAGE_BYTES);
            return 0;
        });
    }

    /** Evicts the page, to swap if it is shared memory. */
    final void evict() {
        use(opened -> (int) opened.evict(0, Geometry.PAGE_BYTES));
    }

    private static MemorySegment segmentOf(long stamp) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[Long.BYTES]);
        bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, stamp);
        return bytes;
    }

    /** What a stamp is to this state. */
    final int classify(long stamp) {
        if (stamp == 0) {
            return ZERO;
        }
        return stamp == oldStamp() ? OLD : stamp == newStamp() ? NEW : WRONG;
    }
}
