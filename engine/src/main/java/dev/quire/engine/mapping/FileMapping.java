/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.FolioOwners;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.lock.FaultLock;
import dev.quire.engine.lock.References;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.pagetable.FaultHandler;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.pagetable.Region;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Pages of a cached file, or of shared memory, that page tables show, to be read through them, and written if it is
 * writable (mmap with MAP_SHARED, generic_file_mmap, shmem_mmap). {@link OpenFile#map} or {@link SharedMemory#map}
 * makes it; a {@link PageWalker} finds what is mapped without a lock, and this brings in what it does not find:
 *
 * <pre>{@code
 * long page = walker.pinOrFault(address, true, mapping);
 * try {
 *     quire.folios().bytes(...); // the frame; stores into it are stores into the file
 * } finally {
 *     mapping.unpinWritten(page); // walker.unpin(page) if nothing was written
 * }
 * }</pre>
 *
 * <p>What is mapped is the cache itself. Who pins a page sees what others write to it; once that is truncated or
 * punched away it keeps its bytes, or reads as zero, for who has pinned it, and for nobody else. Pages that are cut
 * off, evicted, reclaimed, or of folios that are split or merged, are unmapped, and come back with the next fault as
 * they are then. Reclaim spares what was used lately, as {@link PageWalker#touch} and faults note it; {@link
 * OpenFile#evict} spares what is mapped of a file.
 *
 * <p>What is written through a mapping reaches the file as what {@link OpenFile#write} has written does. Before a
 * writeback takes bytes it takes the leave to write back from all who map them, so that the next pin for writing
 * faults, and the folio is dirty again. Who has pinned a page before, and stores after, has to say so, when it unpins
 * it by {@link #unpinWritten}: without that such bytes are in the cache, but get lost with it. What is stored behind
 * the end of the file, in its last page, is never the file's, and zero when the file grows.
 *
 * <p>A mapping is one of those who have the file open, also after the {@link OpenFile} that made it is closed.
 *
 * <p>Thread-safe. Faults run beside each other and block; they must not be made from inside a read section or with
 * locks held. Where the page is cached they allocate nothing on the heap but for waiting.
 */
public final class FileMapping implements FaultHandler, AutoCloseable {
    private final Inode file;
    private final boolean writable;
    private final Folios folios;
    private final FolioOwners owners;
    private final OpenFile.Openers openers;
    private final WritebackErrors.Listener errors;
    private final Lifetime lifetime;
    private final PageTables tables;
    private final Region region;
    private final FileFault faults;

    /** Held shared by faults, so that nobody closes the file beside one. */
    private final FaultLock faultLock;

    /** Set with the lock held alone. */
    private volatile boolean closed;

    /** Takes a place of its own among those who have the file open, of whom the caller is one. */
    FileMapping(
            Inode file,
            OpenFile.Openers openers,
            MappingContext context,
            PageTables tables,
            Region region,
            boolean writable,
            int maximumOrder) {
        this.file = file;
        this.writable = writable;
        this.openers = openers;
        folios = context.folios();
        owners = context.owners();
        this.tables = tables;
        this.region = region;
        errors = file.errors().listen();
        lifetime = context.lifetime();
        faultLock = new FaultLock(context.lockOrder());
        faults = new FileFault(file, context, tables, region, writable, maximumOrder);
        openers.add();
    }

    /** {@return first virtual address} */
    public long address() {
        return region.start();
    }

    /** {@return length in pages} */
    public long nrPages() {
        return region.nrPages();
    }

    /** {@return offset in the file of the page at the first address, in pages} */
    public long firstIndex() {
        return region.firstIndex();
    }

    /** {@return whether pages may be written to through this} */
    public boolean isWritable() {
        return writable;
    }

    /**
     * Brings in the page that belongs at an address, and maps it with what fits of its folio (handle_mm_fault). What
     * follows it in the file is read ahead as for {@link OpenFile#read}. If it is to be written to, its folio is dirty
     * from then on (page_mkwrite).
     *
     * @param address a virtual address
     * @param forWriting whether it is to be written to
     * @return 0 if the page was there or is now; EFAULT, as get_user_pages has it for both kinds of signal, if the
     *     address is not in this mapping, or no more, or it is to be written to and the mapping is read-only (SIGSEGV),
     *     or the page lies behind the end of the file (SIGBUS); EOVERFLOW if its
     *     folio is mapped too often; ENOMEM if there is no memory for the page or for page tables, nor any to reclaim
     *     but that of the folio itself
     * @throws IOException if the page cannot be read
     * @throws IllegalStateException if the engine is closed, or the page tables are beside this call
     * @throws IllegalArgumentException if somebody takes the region away beside this call, instead of closing this
     */
    public int faultIn(long address, boolean forWriting) throws IOException {
        lifetime.enter();
        try {
            faultLock.lockShared();
            try {
                boolean refused = (forWriting && !writable) || !isShown(address);
                return refused ? Errno.EFAULT : faults.handle(address, forWriting);
            } finally {
                faultLock.unlockShared();
            }
        } finally {
            lifetime.exit();
        }
    }

    @SuppressWarnings("ReferenceEquality")
    private boolean isShown(long address) {
        return address >= region.start() && address < region.end() && !closed && tables.regionAt(address) == region;
    }

    /**
     * {@inheritDoc}
     *
     * @return whether {@link #faultIn} returns 0; false for tables that this mapping is not part of
     * @throws UncheckedIOException if the page cannot be read
     */
    @Override
    @SuppressWarnings("ReferenceEquality")
    public boolean fault(PageTables faulting, long address, boolean forWriting) {
        try {
            return faulting == tables && faultIn(address, forWriting) == Errno.OK;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Gives back a page that was pinned through this, and has been written to (unpin_user_pages_dirty_lock): its folio
     * is dirty then, also if it was written back since the page was pinned. Waits for the folio's lock; must not be
     * called from inside a read section or with locks held. The mapping may be closed. What was cut off the file
     * meanwhile, or dropped when nobody had it open any more, stays so.
     *
     * @param page handle from {@link PageWalker#pinOrFault} or {@link PageWalker#pin}
     * @throws IllegalArgumentException if the handle is none, nobody holds a reference to it, or the page is of another
     *     owner; nothing has changed
     * @throws IllegalStateException if this is read-only, or the engine is closed
     */
    public void unpinWritten(long page) {
        if (!writable) {
            throw new IllegalStateException("the mapping is read-only: page=0x" + Long.toHexString(page));
        }
        lifetime.enter();
        try {
            long folio = folios.headOf(page);
            References.requireHeld(folio);
            folios.lock(folio);
            try {
                noteWritten(folio, page);
            } finally {
                folios.unlock(folio);
            }
            folios.unpin(folio);
        } finally {
            lifetime.exit();
        }
    }

    private void noteWritten(long folio, long page) {
        if (isOwn(folio)) {
            file.markDirty(folio);
        } else if (PageStruct.mapping(folio) != 0) {
            throw new IllegalArgumentException("the page is of another owner: page=0x" + Long.toHexString(page)
                    + ", owner=0x" + Long.toHexString(PageStruct.mapping(folio)));
        }
    }

    /** Whether a locked folio is of this file: not of who has got its struct since it was closed. */
    @SuppressWarnings("ReferenceEquality")
    private boolean isOwn(long folio) {
        return file.isOwn(folio) && owners.of(PageStruct.mapping(folio)) == file.space();
    }

    /**
     * Unmaps the pages and forgets the addresses, if the page tables have not been closed before. The last one who has
     * the file open writes back what is dirty and drops what is cached. Waits for faults, and must not be called from
     * inside a read section. Closing again does nothing.
     *
     * @throws IOException as {@link OpenFile#close}
     * @throws IllegalStateException if the engine is closed
     */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        lifetime.enter();
        try {
            if (unmap()) {
                openers.remove();
                OpenFile.throwIfNews(errors.next());
            }
        } finally {
            lifetime.exit();
        }
    }

    /** Whether this call has closed the mapping, not another one beside it. */
    private boolean unmap() {
        faultLock.lockExclusive();
        try {
            if (closed) {
                return false;
            }
            region.close();
            closed = true;
            return true;
        } finally {
            faultLock.unlockExclusive();
        }
    }
}
