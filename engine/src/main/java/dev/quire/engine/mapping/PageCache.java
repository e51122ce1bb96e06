/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.RankedLock;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Files read and written through memory (mm/filemap.c). A file is cached once, whoever opens it by whichever path, from
 * the first {@link #open} to the last {@link OpenFile#close}; nobody else should write to it meanwhile.
 *
 * <p>{@link #newSharedMemory} makes memory that is used like a file, with a swap area behind it.
 *
 * <p>When memory runs out, whoever needs some takes it from the folios that were used longest ago, of any file: see
 * {@link #reclaim}; but what is unmapped of anonymous folios that wait to be split comes first. Faults on anonymous
 * memory and on guest memory take from it, too, as do new page tables. There is no background thread: readers read
 * ahead, and who syncs, closes or reclaims writes back.
 *
 * <p>Thread-safe. Opening and closing take a lock for the time of a table lookup and, for a file that nobody has open,
 * of asking for its size. Who opens a file that its last user is just closing waits for that, and opens it anew.
 */
public final class PageCache {
    /** A cached file, and how many have it open. */
    static final class Entry {
        private final Object key;
        private final CachedFile file;

        /**
         * Held by who writes the file back to let go of it, and by who syncs all files: the last one who closes it
         * finds it written, or writes it. Who opens it while it is being closed waits for this.
         */
        private final RankedLock releaseLock;

        /** Guarded by the table's lock. */
        private int nrOpen;

        /** Set while the file is being closed, when nobody can open it; guarded by the table's lock. */
        private boolean closing;

        private Entry(Object key, CachedFile file, LockOrder lockOrder) {
            this.key = key;
            this.file = file;
            releaseLock = new RankedLock(lockOrder, LockRank.FILE_RELEASE);
        }

        CachedFile file() {
            return file;
        }
    }

    /** Key of a file that its user has brought along, whose own equals and hashCode may say anything, and change. */
    private static final class ByIdentity {
        private final BackingFile file;

        ByIdentity(BackingFile file) {
            this.file = file;
        }

        @Override
        @SuppressWarnings("ReferenceEquality")
        public boolean equals(Object other) {
            return other instanceof ByIdentity key && key.file == file;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(file);
        }
    }

    private final MappingContext context;
    private final int maximumOrder;
    private final SwapArea swapArea;
    private final FolioReclaimer reclaimer;

    /**
     * All files that are open, or being closed, and those that could not be written back when they were closed; guarded
     * by the table's lock.
     */
    private final Map<Object, Entry> entries = new HashMap<>();

    private final RankedLock tableLock;

    /**
     * Makes the page cache of an engine; an engine has one.
     *
     * @param context the engine's parts
     * @param maximumOrder log2 pages of the largest folio that reading ahead and writing make, 0 to 18
     * @throws IllegalArgumentException if the order is out of range
     */
    public PageCache(MappingContext context, int maximumOrder) {
        this.context = context;
        this.maximumOrder = Geometry.requireOrder(maximumOrder);
        tableLock = new RankedLock(context.lockOrder(), LockRank.FILE_TABLE);
        swapArea = new SwapArea(context);
        reclaimer = new FolioReclaimer(context, swapArea);
        context.pressure().register(reclaimer);
    }

    /**
     * Opens a file for reading and, if that is allowed, writing.
     *
     * @param path the file
     * @param reader the reader of the thread that will use the file
     * @return the open file, for that thread; close it
     * @throws IOException if it is not there or cannot be opened
     * @throws IllegalArgumentException if the reader is of another engine
     * @throws IllegalStateException if the engine has as many address spaces as it was made for, or the reader is in a
     *     read section
     */
    public OpenFile open(Path path, RcuReader reader) throws IOException {
        ChannelFile file = ChannelFile.open(path, false);
        return openOwned(file.key(), file, reader);
    }

    /**
     * Opens a file for reading and writing, and makes an empty one if it is not there.
     *
     * @param path the file
     * @param reader the reader of the thread that will use the file
     * @return the open file, for that thread; close it
     * @throws IOException if it cannot be opened or made
     * @throws IllegalArgumentException if the reader is of another engine
     * @throws IllegalStateException if the engine has as many address spaces as it was made for, or the reader is in a
     *     read section
     */
    public OpenFile create(Path path, RcuReader reader) throws IOException {
        ChannelFile file = ChannelFile.open(path, true);
        return openOwned(file.key(), file, reader);
    }

    /** Opens what was made to be opened, and closes it if the file with its key is cached already, or is refused. */
    OpenFile openOwned(Object key, BackingFile file, RcuReader reader) throws IOException {
        OpenFile opened = null;
        boolean done = false;
        try {
            opened = open(key, file, reader);
            if (!(opened.file() instanceof CachedFile cached)
                    || !cached.backing().isOf(file)) {
                file.close();
            }
            done = true;
            return opened;
        } finally {
            if (!done) {
                giveUp(opened, file);
            }
        }
    }

    /** Closes a file that was not opened; or what was opened, if the file is another one's and cannot be closed. */
    private static void giveUp(@Nullable OpenFile opened, BackingFile file) throws IOException {
        if (opened == null) {
            file.close();
        } else {
            opened.close();
        }
    }

    /**
     * Opens what reads and writes a file in its own way. The same object is the same file; the last one who closes it
     * closes the object.
     *
     * @param file the file
     * @param reader the reader of the thread that will use it
     * @return the open file, for that thread; close it
     * @throws IOException if its size cannot be told
     * @throws IllegalArgumentException if the reader is of another engine, or the file larger than 2^62 bytes
     * @throws IllegalStateException if the engine has as many address spaces as it was made for, or the reader is in a
     *     read section
     */
    public OpenFile open(BackingFile file, RcuReader reader) throws IOException {
        return open(new ByIdentity(file), file, reader);
    }

    private OpenFile open(Object key, BackingFile backing, RcuReader reader) throws IOException {
        context.rcu().requireOwn(reader);
        if (reader.isInSection()) {
            // Who closes the file waits for readers.
            throw new IllegalStateException("a file is opened from inside a read section");
        }
        context.lifetime().enter();
        try {
            while (true) {
                Entry closing;
                tableLock.lock();
                try {
                    Entry entry = entries.get(key);
                    if (entry == null || !entry.closing) {
                        return openEntry(entry, key, backing, reader);
                    }
                    closing = entry;
                } finally {
                    tableLock.unlock();
                }
                awaitClose(closing);
            }
        } finally {
            context.lifetime().exit();
        }
    }

    private OpenFile openEntry(@Nullable Entry cached, Object key, BackingFile backing, RcuReader reader)
            throws IOException {
        Entry entry = cached;
        if (entry == null) {
            entry = new Entry(key, new CachedFile(context, new CheckedFile(backing), reclaimer), context.lockOrder());
            entries.put(key, entry);
        }
        entry.nrOpen++;
        return new OpenFile(entry.file(), openersOf(entry), context, reader, maximumOrder);
    }

    /** Waits for who is closing a file, and holds its release lock since before it said so. */
    private static void awaitClose(Entry entry) {
        entry.releaseLock.lock();
        entry.releaseLock.unlock();
    }

    /**
     * Makes shared memory, which is a file to who uses it, but exists in memory and in swap only.
     *
     * @param sizeBytes its size, 0 up to 2^62; all zero, and taking no memory
     * @return the memory; to be closed before the engine
     * @throws IllegalArgumentException if the size is out of range
     * @throws IllegalStateException if the engine has as many address spaces as it was made for
     */
    public SharedMemory newSharedMemory(long sizeBytes) {
        FileRange.requireSize(sizeBytes);
        return new SharedMemory(
                context, new SwapBackedFile(context, reclaimer, swapArea, sizeBytes, maximumOrder), maximumOrder);
    }

    /**
     * Starts to swap shared memory out to a file when memory runs out (swapon). What the file has is overwritten.
     *
     * @param path the file; it is made if it is not there, and grows as it is used, up to the size of the engine's
     *     memory
     * @return the swap area; to be closed after all shared memory, and before the engine
     * @throws IOException if the file cannot be opened or made
     * @throws IllegalArgumentException if it cannot be written to
     * @throws IllegalStateException if the engine has a swap area already
     */
    public SwapArea swapOn(Path path) throws IOException {
        ChannelFile file = ChannelFile.open(path, true);
        boolean on = false;
        try {
            swapOn(file);
            on = true;
            return swapArea;
        } finally {
            if (!on) {
                file.close();
            }
        }
    }

    /**
     * Starts to swap shared memory out to what reads and writes in its own way.
     *
     * @param file where to; the area closes it
     * @return the swap area; to be closed after all shared memory, and before the engine
     * @throws IllegalArgumentException if it cannot be written to
     * @throws IllegalStateException if the engine has a swap area already
     */
    public SwapArea swapOn(BackingFile file) {
        context.lifetime().enter();
        try {
            swapArea.turnOn(file);
            return swapArea;
        } finally {
            context.lifetime().exit();
        }
    }

    private OpenFile.Openers openersOf(Entry entry) {
        return new OpenFile.Openers() {
            @Override
            public void add() {
                tableLock.lock();
                try {
                    entry.nrOpen++;
                } finally {
                    tableLock.unlock();
                }
            }

            @Override
            public void remove() throws IOException {
                release(entry);
            }
        };
    }

    /**
     * Gives an open file up; the last one writes back, and lets go of the file. What is unpinned as written meanwhile
     * is written back, too: nobody else would, before the next sync of all. Only what cannot be written stays.
     */
    private void release(Entry entry) throws IOException {
        if (!leave(entry)) {
            return;
        }
        entry.releaseLock.lock();
        try {
            boolean again = isCached(entry);
            while (again) {
                boolean written = writeBack(entry);
                again = !drop(entry) && written && !isOpen(entry);
            }
        } finally {
            entry.releaseLock.unlock();
        }
    }

    /** Writes back what is dirty in a file; whether no error came up. */
    private static boolean writeBack(Entry entry) {
        WritebackErrors.Listener errors = entry.file.errors().listen();
        // Of what came up before, the caller is told when this is done.
        errors.next();
        entry.file.writeback().writeAll();
        return errors.next() == null;
    }

    /** Counts one less who has a file open; whether it was the last. */
    private boolean leave(Entry entry) {
        tableLock.lock();
        try {
            return --entry.nrOpen == 0;
        } finally {
            tableLock.unlock();
        }
    }

    private boolean isOpen(Entry entry) {
        tableLock.lock();
        try {
            return entry.nrOpen > 0;
        } finally {
            tableLock.unlock();
        }
    }

    private boolean isCached(Entry entry) {
        tableLock.lock();
        try {
            return entries.get(entry.key) == entry;
        } finally {
            tableLock.unlock();
        }
    }

    /**
     * Lets go of a file that nobody has open and that has nothing dirty; the caller holds its release lock. It is
     * closed before it leaves the table: whoever opens it next has nobody beside him who still uses the backing file.
     * False if somebody has it open, or something is dirty.
     */
    private boolean drop(Entry entry) throws IOException {
        if (!beginClose(entry)) {
            return false;
        }
        try {
            entry.file.close();
            return true;
        } finally {
            endClose(entry);
        }
    }

    private boolean beginClose(Entry entry) {
        tableLock.lock();
        try {
            entry.closing = entry.nrOpen == 0 && !entry.file.isDirty();
            return entry.closing;
        } finally {
            tableLock.unlock();
        }
    }

    /** Takes a closed file out of the table; one of which the cache could not be closed stays. */
    private void endClose(Entry entry) {
        tableLock.lock();
        try {
            entry.closing = false;
            if (entry.file.space().isClosed()) {
                entries.remove(entry.key, entry);
            }
        } finally {
            tableLock.unlock();
        }
    }

    /**
     * Writes back all that is dirty in any file, and lets go of files that are open no more and could not be written
     * back when they were closed (sync). Errors are told to those who have the file open.
     *
     * @throws IOException if a file that is open no more still cannot be written back, or not be closed; the others are
     *     written nevertheless
     */
    public void sync() throws IOException {
        context.lifetime().enter();
        try {
            IOException failure = null;
            for (Entry entry : allEntries()) {
                IOException error = sync(entry);
                failure = failure == null ? error : failure;
            }
            if (failure != null) {
                throw new IOException("writing back failed: " + failure.getMessage(), failure);
            }
        } finally {
            context.lifetime().exit();
        }
    }

    private List<Entry> allEntries() {
        tableLock.lock();
        try {
            return List.copyOf(entries.values());
        } finally {
            tableLock.unlock();
        }
    }

    /** Syncs a file, and tells the error if nobody else can be told. */
    private @Nullable IOException sync(Entry entry) {
        entry.releaseLock.lock();
        try {
            if (!isCached(entry)) {
                return null;
            }
            WritebackErrors.Listener errors = entry.file.errors().listen();
            entry.file.sync();
            if (isOpen(entry)) {
                return null;
            }
            drop(entry);
            return errors.next();
        } catch (IOException e) {
            // It could not be closed.
            return e;
        } finally {
            entry.releaseLock.unlock();
        }
    }

    /**
     * Files with bytes that were written but have not reached them: those that are open, and those of which that failed
     * when they were closed.
     *
     * @return what the files call themselves
     * @throws IllegalStateException if the engine is closed
     */
    public List<String> unwrittenFiles() {
        context.lifetime().enter();
        try {
            // Without the lock of the table: a name is told by somebody else's code.
            return dirtyFiles().stream().map(Object::toString).sorted().toList();
        } finally {
            context.lifetime().exit();
        }
    }

    private List<CheckedFile> dirtyFiles() {
        tableLock.lock();
        try {
            // A file that is in the table is not closed, unless the table says that it is about to be.
            return entries.values().stream()
                    .filter(entry -> !entry.closing && entry.file.isDirty())
                    .map(entry -> entry.file.backing())
                    .toList();
        } finally {
            tableLock.unlock();
        }
    }

    /**
     * Takes the pages that were used longest ago: of files, writing them back first if they are dirty, and then of
     * shared memory if there is a swap area. A large folio of which only a part was used lately is split, and the rest
     * of it taken. Called by itself when memory runs out; calling it ahead of that keeps others from having to. Must
     * not be called from inside a read section, for which it waits.
     *
     * @param nrPages how many, at least 1
     * @return pages taken: a few more, or less if there are no more
     * @throws IllegalArgumentException if {@code nrPages} is less than 1
     */
    public long reclaim(long nrPages) {
        if (nrPages < 1) {
            throw new IllegalArgumentException("nrPages out of range: nrPages=" + nrPages + ", min=1");
        }
        context.lifetime().enter();
        try {
            return reclaimer.reclaim(nrPages);
        } finally {
            context.lifetime().exit();
        }
    }
}
