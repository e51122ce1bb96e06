/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.Quire;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** A process of its own that shows a range of a file, for a {@link FileExerciser} to use it through page tables. */
final class ExercisedMapping implements AutoCloseable {
    private static final int PAGE = Geometry.PAGE_BYTES;
    private static final int PAGES_BEHIND = 2;

    private final Quire engine;
    private final SplittableRandom random;
    private final PageTables tables;
    private final PageWalker walker;
    private final long address;
    private final long firstIndex;
    private final long nrPages;
    private @Nullable FileMapping mapping;

    /** Makes a process that shows nothing; the range has all pages that a range of bytes touches, and some behind. */
    ExercisedMapping(Quire engine, RcuReader reader, SplittableRandom random, int start, int length) {
        this.engine = engine;
        this.random = random;
        tables = engine.newPageTables();
        walker = tables.newWalker(reader);
        firstIndex = start / PAGE;
        nrPages = Math.ceilDiv(start + length, PAGE) - firstIndex + PAGES_BEHIND;
        // Now and then aligned as the file is, so that large leaves fit.
        address = (1L << 30) + (firstIndex + random.nextInt(2)) * PAGE;
    }

    /** Shows the file from here on. */
    void map(OpenFile file) throws IOException {
        mapping = file.map(tables, address, nrPages, firstIndex, true);
    }

    /**
     * Reads bytes of the file, page by page; returns how many could be read before a fault was refused.
     *
     * @throws IOException if the first page cannot be read
     * @throws OutOfMemoryError if there is no memory for the first page
     */
    int read(byte[] into, long offset, int length) throws IOException {
        return copy(into, offset, length, false);
    }

    /**
     * Writes bytes of the file, page by page, also behind its end in its last page; returns how many could be written
     * before a fault was refused.
     *
     * @throws IOException if the first page cannot be read
     * @throws OutOfMemoryError if there is no memory for the first page
     */
    int write(byte[] from, long offset, int length) throws IOException {
        return copy(from, offset, length, true);
    }

    private int copy(byte[] bytes, long offset, int length, boolean writing) throws IOException {
        int done = 0;
        while (done < length) {
            int nrBytes;
            try {
                nrBytes = copyPage(bytes, done, offset + done, length - done, writing);
            } catch (IOException | OutOfMemoryError e) {
                if (done == 0) {
                    throw e;
                }
                return done;
            }
            if (nrBytes == 0) {
                return done;
            }
            done += nrBytes;
        }
        return done;
    }

    private int copyPage(byte[] bytes, int at, long offset, int maximum, boolean writing) throws IOException {
        FileMapping shown = Objects.requireNonNull(mapping);
        long page = pin(shown, address + offset - firstIndex * PAGE, writing);
        if (page == PageWalker.NOT_PINNED) {
            return 0;
        }
        int within = (int) (offset % PAGE);
        int nrBytes = Math.min(PAGE - within, maximum);
        long frame = engine.arena().frameOf(page) + within;
        if (writing) {
            NativeMemory.copyIn(MemorySegment.ofArray(bytes), at, frame, nrBytes);
            shown.unpinWritten(page);
        } else {
            NativeMemory.copyOut(frame, MemorySegment.ofArray(bytes), at, nrBytes);
            walker.unpin(page);
        }
        return nrBytes;
    }

    private long pin(FileMapping shown, long from, boolean writing) throws IOException {
        while (true) {
            long page = walker.pin(from, writing);
            if (page != PageWalker.NOT_PINNED) {
                if (random.nextInt(4) == 0) {
                    walker.touch(from, writing);
                }
                return page;
            }
            int result = shown.faultIn(from, writing);
            if (result == Errno.ENOMEM) {
                throw new OutOfMemoryError("fault");
            }
            if (result != Errno.OK) {
                return PageWalker.NOT_PINNED;
            }
        }
    }

    /** Shows the file no more. */
    void unmap() throws IOException {
        FileMapping shown = mapping;
        mapping = null;
        if (shown != null) {
            shown.close();
        }
    }

    @Override
    public void close() {
        tables.close();
    }
}
