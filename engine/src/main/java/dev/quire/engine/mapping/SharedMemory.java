/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.util.Objects;

/**
 * Memory that many threads read and write as a file, without a file (shmem, memfd_create). It is all zero at first, and
 * takes memory only where it was written to or viewed. If the engine has a swap area
 * ({@link PageCache#swapOn(BackingFile)}), what was used longest ago is written there when memory runs out, in folios
 * as large as they are, and comes back in the same folios when somebody reads, writes or views it; without one it stays
 * in memory.
 *
 * <p>What cannot be written to the swap area stays in memory, and nobody notices but who asked for it by
 * {@link #swapOut}. What cannot be read from it is told to the reader by an {@link IOException}; it is still there for
 * the next attempt.
 *
 * <p>Processes of the engine share it by {@link #map}; each has the pages where it wants them, and all see what one of
 * them writes.
 *
 * <p>Thread-safe. The bytes are reached through an {@link OpenFile} per thread, as those of a file are, with the same
 * promises: reading what is in memory takes no lock. There {@link OpenFile#sync} has nothing to do, and
 * {@link OpenFile#evict} swaps out.
 */
public final class SharedMemory implements AutoCloseable {
    private final MappingContext context;
    private final Lifetime lifetime;
    private final SwapBackedFile file;
    private final int maximumOrder;
    private final OpenFile.Openers openers = new OpenFile.Openers() {
        @Override
        public void add() {
            addUser();
        }

        @Override
        public void remove() {
            removeUser();
        }
    };

    /** Calls that are running, open files and mappings; guarded by this. */
    private int nrUsers;

    private boolean closed;

    SharedMemory(MappingContext context, SwapBackedFile file, int maximumOrder) {
        this.context = context;
        this.file = file;
        this.maximumOrder = maximumOrder;
        lifetime = context.lifetime();
    }

    /**
     * Opens the memory for one thread.
     *
     * @param reader the reader of the thread that will use it
     * @return the open file, for that thread; close it before the memory
     * @throws IllegalArgumentException if the reader is of another engine
     * @throws IllegalStateException if the memory is closed
     */
    public OpenFile open(RcuReader reader) {
        context.rcu().requireOwn(reader);
        lifetime.enter();
        try {
            addUser();
            return new OpenFile(file, openers, context, reader, maximumOrder);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Maps pages into page tables, to be read through them, and perhaps written (mmap with MAP_SHARED of a memfd).
     * Nothing takes memory before it is used. A fault fills a hole with a folio as large as the order of the page cache
     * allows, up to 2 MiB, and as there is room for before the end.
     *
     * @param tables where to map; not those of {@link dev.quire.engine.pagetable.AnonymousMemory}
     * @param address first virtual address, a multiple of 4096
     * @param nrPages length in pages, at least 1; pages behind the end may be added later
     * @param firstIndex offset in the memory of the page at {@code address}, in pages
     * @param writable whether pages may be written to through the mapping
     * @return the mapping, for all threads; close it before the memory
     * @throws IllegalArgumentException if the addresses are out of range or part of another region, the index is out of
     *     range, or the tables are of another engine, or of anonymous memory
     * @throws IllegalStateException if the memory is closed, or the tables are
     */
    public FileMapping map(PageTables tables, long address, long nrPages, long firstIndex, boolean writable) {
        Objects.requireNonNull(tables, "tables");
        begin();
        try {
            return OpenFile.map(tables, address, nrPages, firstIndex, file, openers, context, writable, maximumOrder);
        } finally {
            end();
        }
    }

    private synchronized void addUser() {
        if (closed) {
            throw new IllegalStateException("the shared memory is closed");
        }
        nrUsers++;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private synchronized void removeUser() {
        nrUsers--;
    }

    /**
     * Size of the memory; it changes by writes and truncations through an open file.
     *
     * @return bytes
     * @throws IllegalStateException if the memory is closed
     */
    public long sizeBytes() {
        begin();
        try {
            return file.sizeBytes();
        } finally {
            end();
        }
    }

    /**
     * Pages in memory: a hint while others use it.
     *
     * @return number of pages
     * @throws IllegalStateException if the memory is closed
     */
    public long nrPages() {
        begin();
        try {
            return file.space().nrPages();
        } finally {
            end();
        }
    }

    /**
     * Pages in swap: a hint while others use the memory.
     *
     * @return number of pages
     * @throws IllegalStateException if the memory is closed
     */
    public long nrSwappedPages() {
        begin();
        try {
            return file.space().swapEntries().nrSwappedPages();
        } finally {
            end();
        }
    }

    /**
     * Swaps folios out that lie in a range and that nobody holds, from its start on; what is mapped is unmapped. One
     * that there is no run of slots for is split. Folios that reach beyond the range with bytes that the memory has
     * stay, and so does all if there is no swap area. Must not be called from inside a read section.
     *
     * @param offsetBytes start of the range
     * @param lengthBytes its length, 0 or more
     * @return number of pages that left memory
     * @throws IOException if something could not be written to the swap area, by this call or by another of this memory
     *     beside it; it is in memory as before, and so may be others
     * @throws IllegalArgumentException if the range is out of bounds
     * @throws IllegalStateException if the memory is closed
     */
    public long swapOut(long offsetBytes, long lengthBytes) throws IOException {
        FileRange.requireMaybeEmpty(offsetBytes, lengthBytes);
        begin();
        try {
            if (lengthBytes == 0) {
                return 0;
            }
            long nrErrors = file.nrWriteErrors();
            long nrPages = file.evict(offsetBytes, offsetBytes + lengthBytes);
            // The number first: who sees it raised sees the error, or a later one.
            boolean failed = file.nrWriteErrors() != nrErrors;
            IOException error = file.lastWriteError();
            if (failed && error != null) {
                throw new IOException("swapping out failed: " + error.getMessage(), error);
            }
            return nrPages;
        } finally {
            end();
        }
    }

    /** The memory, for who looks inside. */
    SwapBackedFile file() {
        return file;
    }

    private void begin() {
        lifetime.enterTaking(this::addUser);
    }

    private void end() {
        removeUser();
        lifetime.exit();
    }

    /**
     * Drops everything, in memory and in swap. Views that are open keep their bytes. Must not be called from inside a
     * read section. Closing again does nothing.
     *
     * @throws IllegalStateException if somebody has it open or mapped, or a call is running; then nothing has changed
     */
    @Override
    public void close() {
        if (isClosed()) {
            return;
        }
        lifetime.enter();
        try {
            synchronized (this) {
                if (closed) {
                    return;
                }
                if (nrUsers > 0) {
                    throw new IllegalStateException("the shared memory is in use: users=" + nrUsers);
                }
                closed = true;
            }
            file.close();
        } finally {
            lifetime.exit();
        }
    }
}
