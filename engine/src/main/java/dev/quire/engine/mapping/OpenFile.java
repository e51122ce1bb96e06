/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.folio.SplitPolicy;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.Region;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.RcuReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A file, or shared memory, that somebody has opened, to be read and written through folios (struct file; filemap_read,
 * generic_file_write_iter). All who have opened it share its cached folios and its size.
 *
 * <p>One object per thread that uses the file: it holds that thread's way through the index, and where it reads ahead.
 * The objects of one file may be used at the same time:
 * <ul>
 *   <li>Reading what is cached takes no lock, allocates nothing, and writes no shared cache line but the reference
 *       count of the folio and, when that is news to reclaim, its flags; it waits only while the folio is frozen by a
 *       split. Reading what is not cached reads the file, and what follows.
 *   <li>Writes, truncations and holes of one file come one at a time. A read beside them sees each byte as it was
 *       before or after, or zero where it was cut off; never a byte of another page, nor one beyond the end.
 *   <li>{@link #sync} and reclaim write back beside all of them.
 * </ul>
 *
 * <p>Errors of the file throw {@link IOException}. One that comes up while dirty pages are written back is told once to
 * everybody who has the file open, by the next {@link #sync} or {@link #close}, and loses nothing that is cached: the
 * pages stay dirty, and the next attempt writes them again. The same is true if the file, when it is to be synced, says
 * that it could not keep what it was given; but of what was evicted since it was written back, or cut off, only the
 * file knows. Every call throws {@link ClosedChannelException} once this object, and {@link IllegalStateException} once
 * the engine is closed. None may be made from inside a read section.
 */
public final class OpenFile implements AutoCloseable {
    /** All who have the file open, of whom this is one. */
    interface Openers {
        /** Counts one more; not the first. */
        void add();

        /** Counts one less; the last one closes the file. */
        void remove() throws IOException;
    }

    private final Inode file;
    private final Openers openers;
    private final MappingContext context;
    private final int maximumOrder;
    private final WritebackErrors.Listener errors;
    private final Lifetime lifetime;
    private final RcuReader reader;
    private final BufferedRead bufferedRead;
    private final BufferedWrite bufferedWrite;

    private boolean closed;

    OpenFile(Inode file, Openers openers, MappingContext context, RcuReader reader, int maximumOrder) {
        this.file = file;
        this.openers = openers;
        this.context = context;
        this.reader = reader;
        this.maximumOrder = maximumOrder;
        errors = file.errors().listen();
        lifetime = context.lifetime();
        FolioLookup lookup = file.space().newLookup(reader);
        bufferedRead = new BufferedRead(file, context, lookup, maximumOrder);
        bufferedWrite = new BufferedWrite(file, context, lookup, maximumOrder);
    }

    /**
     * Size of the file, with what was written and is not written back yet.
     *
     * @return bytes
     * @throws ClosedChannelException if this is closed
     */
    public long sizeBytes() throws ClosedChannelException {
        begin();
        try {
            return file.sizeBytes();
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Reads at a position, as much as there is room for, or as the file has.
     *
     * @param into where to; a segment that is used again and again keeps reads of cached pages free of garbage
     * @param offsetBytes first byte to read, 0 or more
     * @return bytes read, less than there is room for only at the end of the file or before a page that cannot be read;
     *     -1 if there is room and the file ends at or before the offset
     * @throws IOException if the first page cannot be read
     * @throws IllegalArgumentException if the offset is negative, the end of the range beyond 2^62, or the segment
     *     read-only
     * @throws OutOfMemoryError if there is no memory for the first page, nor any to reclaim
     */
    public long read(MemorySegment into, long offsetBytes) throws IOException {
        requireOffset(offsetBytes, into.byteSize());
        begin();
        try {
            return bufferedRead.read(into, offsetBytes);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Reads at a position into a buffer, from its position up to its limit.
     *
     * @param into where to; its position moves on by the bytes read
     * @param offsetBytes first byte to read, 0 or more
     * @return bytes read, or -1, as the other method
     * @throws IOException as the other method
     * @throws IllegalArgumentException if the offset is negative, the end of the range beyond 2^62, or the buffer
     *     read-only
     * @throws OutOfMemoryError as the other method
     */
    public int read(ByteBuffer into, long offsetBytes) throws IOException {
        int nrRead = (int) read(MemorySegment.ofBuffer(into), offsetBytes);
        into.position(into.position() + Math.max(nrRead, 0));
        return nrRead;
    }

    /**
     * A view of cached bytes, without copying.
     *
     * @param offsetBytes first byte of the view
     * @return the bytes from there to the end of their folio or of the file; close it
     * @throws IOException if the page cannot be read
     * @throws IndexOutOfBoundsException if the file ends at or before the offset, or it is negative
     * @throws OutOfMemoryError if there is no memory for the page
     */
    public FolioView view(long offsetBytes) throws IOException {
        begin();
        try {
            return bufferedRead.view(offsetBytes);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Maps pages of the file into page tables, to be read through them (mmap with MAP_SHARED and PROT_READ). Nothing
     * comes in before it is used; the pages need not be there yet. Writing through the mapping is refused.
     *
     * @param tables where to map; not those of {@link dev.quire.engine.pagetable.AnonymousMemory}
     * @param address first virtual address, a multiple of 4096
     * @param nrPages length in pages, at least 1
     * @param firstIndex offset in the file of the page at {@code address}, in pages
     * @return the mapping, for all threads; close it. It has the file open, too, and outlives this object
     * @throws ClosedChannelException if this is closed
     * @throws IllegalArgumentException as the other method
     * @throws IllegalStateException as the other method
     */
    public FileMapping map(PageTables tables, long address, long nrPages, long firstIndex)
            throws ClosedChannelException {
        Objects.requireNonNull(tables, "tables");
        begin();
        try {
            return map(tables, address, nrPages, firstIndex, file, openers, context, false, maximumOrder);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Maps pages of the file into page tables, to be read through them, and perhaps written (mmap with MAP_SHARED,
     * PROT_READ and PROT_WRITE). Nothing comes in before it is used; the pages need not be there yet, but writing
     * through a mapping makes no file longer.
     *
     * @param tables where to map; not those of {@link dev.quire.engine.pagetable.AnonymousMemory}
     * @param address first virtual address, a multiple of 4096
     * @param nrPages length in pages, at least 1
     * @param firstIndex offset in the file of the page at {@code address}, in pages
     * @param writable whether pages may be written to through the mapping
     * @return the mapping, for all threads; close it. It has the file open, too, and outlives this object
     * @throws ClosedChannelException if this is closed
     * @throws IOException if the file cannot say whether it may be written to
     * @throws IllegalArgumentException if the addresses are out of range or part of another region, the index is out of
     *     range, or the tables are of another engine, or of anonymous memory
     * @throws IllegalStateException if the tables are closed
     * @throws NonWritableChannelException if the mapping is to be writable and the file may not be written to
     */
    public FileMapping map(PageTables tables, long address, long nrPages, long firstIndex, boolean writable)
            throws IOException {
        if (!writable) {
            return map(tables, address, nrPages, firstIndex);
        }
        Objects.requireNonNull(tables, "tables");
        beginChange();
        try {
            return map(tables, address, nrPages, firstIndex, file, openers, context, true, maximumOrder);
        } finally {
            lifetime.exit();
        }
    }

    /** The same for any who has the file open. */
    static FileMapping map(
            PageTables tables,
            long address,
            long nrPages,
            long firstIndex,
            Inode file,
            Openers openers,
            MappingContext context,
            boolean writable,
            int maximumOrder) {
        Region region = tables.addFileRegion(address, nrPages, file.space(), firstIndex, writable);
        return new FileMapping(file, openers, context, tables, region, writable, maximumOrder);
    }

    /**
     * Writes at a position, into the cache; the file gets it by {@link #sync}, by reclaim, or when it is closed. A file
     * that ends before grows, with zeroes in between.
     *
     * @param from what to write
     * @param offsetBytes where to, 0 or more
     * @return bytes written: all, or those before a page that could not be read or for which there is no memory
     * @throws IOException if the first page cannot be read, which a write to a part of it needs; then nothing has
     *     changed
     * @throws IllegalArgumentException if the range is out of bounds
     * @throws NonWritableChannelException if the file may not be written to
     * @throws OutOfMemoryError if there is no memory for the first page; then nothing has changed
     */
    public long write(MemorySegment from, long offsetBytes) throws IOException {
        requireOffset(offsetBytes, from.byteSize());
        beginChange();
        try {
            return bufferedWrite.write(from, offsetBytes);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Writes a buffer at a position, from its position up to its limit.
     *
     * @param from what to write; its position moves on by the bytes written
     * @param offsetBytes where to, 0 or more
     * @return bytes written, as the other method
     * @throws IOException as the other method
     * @throws IllegalArgumentException if the range is out of bounds
     * @throws NonWritableChannelException if the file may not be written to
     * @throws OutOfMemoryError as the other method
     */
    public int write(ByteBuffer from, long offsetBytes) throws IOException {
        int nrWritten = (int) write(MemorySegment.ofBuffer(from), offsetBytes);
        from.position(from.position() + nrWritten);
        return nrWritten;
    }

    /**
     * Sets the size of the file; what is added reads as zero. If the file refuses, nothing has changed.
     *
     * @param sizeBytes new size, 0 to 2^62
     * @throws IOException if the file refuses
     * @throws IllegalArgumentException if the size is out of range
     * @throws NonWritableChannelException if the file may not be written to
     * @throws OutOfMemoryError if there is no memory to bring in a page of shared memory that the end cuts through, nor
     *     any to reclaim; then nothing has changed
     */
    public void truncate(long sizeBytes) throws IOException {
        truncate(sizeBytes, SplitPolicies.RANGE);
    }

    /**
     * Sets the size of the file, and says how a folio across a smaller end is cut.
     *
     * @param sizeBytes new size, 0 to 2^62
     * @param policy how it is cut
     * @throws IOException if the file refuses; then nothing has changed
     * @throws IllegalArgumentException if the size is out of range
     * @throws NonWritableChannelException if the file may not be written to
     * @throws OutOfMemoryError as the other method
     * @throws RuntimeException if the policy throws, or its plan is refused; the file is cut then, as if the folio
     *     could not be split
     */
    public void truncate(long sizeBytes, SplitPolicy policy) throws IOException {
        FileRange.requireSize(sizeBytes);
        Objects.requireNonNull(policy, "policy");
        beginChange();
        try {
            file.truncate(sizeBytes, policy);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Punches a hole: afterwards the range reads as zero, as far as the file reaches; the size stays.
     *
     * @param offsetBytes start of the hole
     * @param lengthBytes its length, at least 1
     * @throws IOException if the file fails; then bytes of the range may read as zero, or as before
     * @throws IllegalArgumentException if the range is out of bounds
     * @throws NonWritableChannelException if the file may not be written to
     * @throws OutOfMemoryError if there is no memory to bring in pages of shared memory that the ends cut through, nor
     *     any to reclaim; then nothing has changed
     */
    public void punchHole(long offsetBytes, long lengthBytes) throws IOException {
        punchHole(offsetBytes, lengthBytes, SplitPolicies.RANGE);
    }

    /**
     * Punches a hole, and says how folios across its ends are cut.
     *
     * @param offsetBytes start of the hole
     * @param lengthBytes its length, at least 1
     * @param policy how they are cut
     * @throws IOException as the other method
     * @throws IllegalArgumentException if the range is out of bounds
     * @throws NonWritableChannelException if the file may not be written to
     * @throws OutOfMemoryError as the other method
     * @throws RuntimeException if the policy throws, or its plan is refused; the hole is there then, as if the folios
     *     could not be split
     */
    public void punchHole(long offsetBytes, long lengthBytes, SplitPolicy policy) throws IOException {
        FileRange.require("offsetBytes", offsetBytes, "lengthBytes", lengthBytes, FileRange.MAX_BYTES);
        Objects.requireNonNull(policy, "policy");
        beginChange();
        try {
            file.punchHole(offsetBytes, lengthBytes, policy);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Writes back all that was dirty when this was called, and has the file keep it (fsync).
     *
     * @throws IOException if something could not be written or kept, now or at any time since this object was last
     *     told. What is cached of it stays dirty, or is dirty again
     */
    public void sync() throws IOException {
        begin();
        try {
            file.sync();
            throwIfNews(errors.next());
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Drops clean folios that lie in a range, as a whole, and that nobody holds or has mapped (POSIX_FADV_DONTNEED).
     * Those of shared memory are swapped out, also if they are mapped. A page is in the range if all its bytes are that
     * the file has.
     *
     * @param offsetBytes start of the range
     * @param lengthBytes its length, 0 or more
     * @return number of pages dropped
     * @throws ClosedChannelException if this is closed
     * @throws IllegalArgumentException if the range is out of bounds
     */
    public long evict(long offsetBytes, long lengthBytes) throws ClosedChannelException {
        FileRange.requireMaybeEmpty(offsetBytes, lengthBytes);
        begin();
        try {
            return lengthBytes == 0 ? 0 : file.evict(offsetBytes, offsetBytes + lengthBytes);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Pages of the file that are cached: a hint.
     *
     * @return number of pages
     * @throws ClosedChannelException if this is closed
     */
    public long nrCachedPages() throws ClosedChannelException {
        begin();
        try {
            return file.space().nrPages();
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Visits the cached folios in order of their index, as {@link AddressSpace#forEachFolio}.
     *
     * @param visitor gets each folio, pinned for the length of the call
     * @throws ClosedChannelException if this is closed
     */
    public void forEachFolio(FolioVisitor visitor) throws ClosedChannelException {
        begin();
        try {
            file.space().forEachFolio(visitor);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Closes this object. The last one of a file writes back what is dirty and drops what is cached. Closing again does
     * nothing.
     *
     * @throws IOException if something could not be written, now or since this object was last told. Then the page
     *     cache keeps what is dirty: {@link PageCache#sync} tries again, and who opens the file again finds it
     */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        begin();
        try {
            closed = true;
            openers.remove();
            throwIfNews(errors.next());
        } finally {
            lifetime.exit();
        }
    }

    /** The file, for who looks inside. */
    Inode file() {
        return file;
    }

    private void begin() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
        if (reader.isInSection()) {
            throw new IllegalStateException("a file is used from inside a read section");
        }
        lifetime.enter();
    }

    private void beginChange() throws IOException {
        begin();
        boolean writable = false;
        try {
            writable = file.isWritable();
        } finally {
            if (!writable) {
                lifetime.exit();
            }
        }
        if (!writable) {
            throw new NonWritableChannelException();
        }
    }

    private static void requireOffset(long offsetBytes, long lengthBytes) {
        if (offsetBytes < 0 || offsetBytes > FileRange.MAX_BYTES - lengthBytes) {
            throw new IllegalArgumentException("range out of bounds: offsetBytes=" + offsetBytes + ", lengthBytes="
                    + lengthBytes + ", end max=" + FileRange.MAX_BYTES);
        }
    }

    static void throwIfNews(@Nullable IOException error) throws IOException {
        if (error != null) {
            throw new IOException("writing back failed: " + error.getMessage(), error);
        }
    }
}
