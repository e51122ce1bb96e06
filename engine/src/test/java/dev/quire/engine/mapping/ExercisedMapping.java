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
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** A process of its own that shows a range of a file, for a {@link FileExerciser} to read it through page tables. */
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
        mapping = file.map(tables, address, nrPages, firstIndex);
    }

    /**
     * Reads bytes of the file, page by page; returns how many could be read before a fault was refused.
     *
     * @throws IOException if the first page cannot be read
     * @throws OutOfMemoryError if there is no memory for the first page
     */
    int read(byte[] into, long offset, int length) throws IOException {
        int done = 0;
        while (done < length) {
            int nrBytes;
            try {
                nrBytes = readPage(into, done, offset + done, length - done);
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

    private int readPage(byte[] into, int at, long offset, int maximum) throws IOException {
        long from = address + offset - firstIndex * PAGE;
        long page = pin(from);
        if (page == PageWalker.NOT_PINNED) {
            return 0;
        }
        try {
            int within = (int) (offset % PAGE);
            int nrBytes = Math.min(PAGE - within, maximum);
            NativeMemory.copyOut(engine.arena().frameOf(page) + within, MemorySegment.ofArray(into), at, nrBytes);
            return nrBytes;
        } finally {
            walker.unpin(page);
        }
    }

    private long pin(long from) throws IOException {
        FileMapping shown = mapping;
        while (shown != null) {
            long page = walker.pin(from, false);
            if (page != PageWalker.NOT_PINNED) {
                if (random.nextInt(4) == 0) {
                    walker.touch(from, false);
                }
                return page;
            }
            int result = shown.faultIn(from, false);
            if (result == Errno.ENOMEM) {
                throw new OutOfMemoryError("fault");
            }
            if (result != Errno.OK) {
                return PageWalker.NOT_PINNED;
            }
        }
        return PageWalker.NOT_PINNED;
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
