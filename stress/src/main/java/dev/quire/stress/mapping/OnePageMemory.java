/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.mapping.BackingFile;
import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.stress.GuardedState;
import dev.quire.stress.Progress;
import dev.quire.stress.Slots;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * A page cache in an engine of one page, in which each state of a scenario has two files of one page: while that of one
 * is on its way out there is no other memory than it.
 */
final class OnePageMemory {
    /** The engine says that there is no memory. */
    static final int NO_MEMORY = 8;

    private static final int NR_SLOTS = 1 << 14;
    private static final int WRITE_SPINS = 500;

    /** One file among so many takes longer than anybody waits who does not know what for. */
    private static final int NR_FILES_PER_LATE_ONE = 32;

    private static final long LATE_NANOS = 20_000_000;

    private final Quire quire = Quire.builder()
            .capacityBytes(Geometry.PAGE_BYTES)
            .addressSpaces(2 * NR_SLOTS)
            .open();
    private final ThreadLocal<RcuReader> readers = ThreadLocal.withInitial(quire::newReader);
    private final Slots slots = new Slots(NR_SLOTS);

    /** The files of a new state: on disk the old stamps, nothing in memory. */
    State take() {
        return new State();
    }

    /** A file that takes its time to be written to. */
    private static final class LateFile implements BackingFile {
        private final boolean isLate;
        private volatile long stamp;
        private volatile boolean isOnItsWay;

        LateFile(boolean isLate, long stamp) {
            this.isLate = isLate;
            this.stamp = stamp;
        }

        @Override
        public long sizeBytes() {
            return Geometry.PAGE_BYTES;
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public void read(ByteBuffer into, long offsetBytes) {
            long read = stamp;
            while (into.remaining() >= Long.BYTES) {
                into.order(ByteOrder.nativeOrder()).putLong(read);
            }
        }

        @Override
        public void write(ByteBuffer from, long offsetBytes) {
            isOnItsWay = true;
            long written = from.order(ByteOrder.nativeOrder()).getLong(from.position());
            from.position(from.limit());
            for (int spin = 0; spin < WRITE_SPINS; spin++) {
                Thread.onSpinWait();
            }
            if (isLate) {
                LockSupport.parkNanos(LATE_NANOS);
            }
            stamp = written;
            isOnItsWay = false;
        }

        @Override
        public void zero(long offsetBytes, long lengthBytes) {}

        @Override
        public void resize(long newSizeBytes) {}

        @Override
        public void sync() {}

        @Override
        public void close() {}
    }

    /** Two files. */
    final class State extends GuardedState {
        private final One written;
        private final One read;

        private State() {
            super(slots.tryTake());
            written = new One(slot());
            read = new One(slot());
        }

        /** Writes the new stamp to one file, has it written back, and lets go of it; 0 if that is done. */
        int writeBack(Progress writer) {
            int result = written.useWhenever(() -> false, file -> {
                written.write();
                file.sync();
                return 0;
            });
            writer.complete();
            return result;
        }

        /**
         * Reads the other file, once the page of the first is on its way out, and lets go of it; 10 more if it was
         * still on its way then, while there was no other.
         */
        int readOther(Progress writer) {
            while (!written.file.isOnItsWay && !writer.isComplete()) {
                Thread.onSpinWait();
            }
            int met = written.file.isOnItsWay ? OnePageFile.MET : 0;
            return met + read.useWhenever(() -> written.file.isOnItsWay, file -> read.read());
        }

        /** What the first file has in the end. */
        int look() {
            return written.isBroken() ? BROKEN : written.classify(written.file.stamp);
        }

        /** Gives the slot to the next state. */
        void recycle() {
            recycleSlot(slots, !written.isBroken() && !read.isBroken());
        }
    }

    /** One of the files. */
    private final class One extends OnePageFile {
        private final LateFile file;

        One(int slot) {
            super(slot);
            file = new LateFile(slot % NR_FILES_PER_LATE_ONE == 0, oldStamp());
        }

        @Override
        OpenFile open() throws IOException {
            return quire.pageCache().open(file, readers.get());
        }

        /**
         * Uses the file; again, if there is no memory, since the other actor may be using the page just then, but
         * {@link #NO_MEMORY} if it was on its way out before and after.
         */
        int useWhenever(BooleanSupplier isOnItsWay, Use use) {
            while (true) {
                boolean wasOnItsWay = isOnItsWay.getAsBoolean();
                try {
                    return use(use);
                } catch (OutOfMemoryError e) {
                    if (wasOnItsWay && isOnItsWay.getAsBoolean()) {
                        return NO_MEMORY;
                    }
                    Thread.yield();
                }
            }
        }
    }
}
