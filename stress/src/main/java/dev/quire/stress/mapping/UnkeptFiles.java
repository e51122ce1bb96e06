/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.mapping.OpenFile;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.stress.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A page cache in which each state of a scenario has a file of one page for itself, which is let go of when nobody has
 * it open.
 */
final class UnkeptFiles {
    private static final int NR_FILES = 1 << 15;

    private final Quire quire = Quire.builder()
            .capacityBytes(8L * NR_FILES * Geometry.PAGE_BYTES)
            .addressSpaces(NR_FILES)
            .open();
    private final AtomicInteger nrTaken = new AtomicInteger();
    private final ThreadLocal<RcuReader> readers = ThreadLocal.withInitial(quire::newReader);
    private final RcuReader readerOfCloser = quire.newReader();

    /** The file of a new state: on disk the old stamp, in memory the new one; one has it open. */
    State take() {
        return new State(nrTaken.getAndIncrement());
    }

    /** One file, of one state. */
    final class State extends OnePageFile {
        private final SlowFile file = new SlowFile(0);
        private final OpenFile opened;
        private boolean openedInTime;

        private State(int number) {
            super(number);
            file.reset(oldStamp());
            try {
                opened = quire.pageCache().open(file, readerOfCloser);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            write();
        }

        @Override
        OpenFile open() throws IOException {
            return quire.pageCache().open(file, readers.get());
        }

        /** Closes what has the file open; false if the engine refuses. */
        boolean close() {
            try {
                opened.close();
                return true;
            } catch (IllegalStateException e) {
                return false;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /**
         * Opens the file, and reads beside its close and after it; says what was read that should not be there, if it
         * was read, and {@link #WRONG} if the engine refuses.
         */
        int readBesideClose(Progress closing) {
            try {
                return use(own -> {
                    openedInTime = !closing.isComplete();
                    int beside = read(own);
                    closing.await();
                    int afterwards = read(own);
                    return beside == NEW ? afterwards : beside;
                });
            } catch (IllegalStateException e) {
                return WRONG;
            }
        }

        private int read(OpenFile own) throws IOException {
            long[] into = new long[1];
            return own.read(MemorySegment.ofArray(into), 0) == Long.BYTES ? classify(into[0]) : END;
        }

        /** Whether the file was opened before it was closed. */
        boolean isOpenedInTime() {
            return openedInTime;
        }

        /** What the file has when nobody has it open. */
        int look() {
            return classify(file.stamp());
        }
    }
}
