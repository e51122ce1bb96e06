/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.lock.FaultLock;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.pagetable.FaultHandler;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.PageWalker;
import dev.quire.engine.pagetable.Region;
import dev.quire.engine.rcu.Lifetime;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Pages of a cached file that page tables show, to be read through them as executables and shared libraries are
 * (mmap with MAP_SHARED and PROT_READ, generic_file_readonly_mmap). {@link OpenFile#map} makes it; a
 * {@link PageWalker} finds what is mapped without a lock, and this brings in what it does not find:
 *
 * <pre>{@code
 * long page = walker.pinOrFault(address, false, mapping);
 * }</pre>
 *
 * <p>What is mapped is the cache itself. Who pins a page sees what others write to it; once that is truncated or
 * punched away it keeps its bytes, or reads as zero, for who has pinned it, and for nobody else. Pages that are cut
 * off, evicted, reclaimed, or of folios that are split or merged, are unmapped, and come back with the next fault as
 * they are then. Reclaim spares what was used lately, as {@link PageWalker#touch} and faults note it; {@link
 * OpenFile#evict} spares all that is mapped. Nothing is written through a mapping: for that there is
 * {@link OpenFile#write}.
 *
 * <p>A mapping is one of those who have the file open, also after the {@link OpenFile} that made it is closed.
 *
 * <p>Thread-safe. Faults run beside each other and block; they must not be made from inside a read section or with
 * locks held. Where the page is cached they allocate nothing on the heap but for waiting.
 */
public final class FileMapping implements FaultHandler, AutoCloseable {
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

    /** Takes over the caller's place among those who have the file open. */
    FileMapping(
            CachedFile file,
            OpenFile.Openers openers,
            MappingContext context,
            PageTables tables,
            Region region,
            int maximumOrder) {
        this.openers = openers;
        this.tables = tables;
        this.region = region;
        errors = file.errors().listen();
        lifetime = context.lifetime();
        faultLock = new FaultLock(context.lockOrder());
        faults = new FileFault(file, context, tables, region, maximumOrder);
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

    /**
     * Brings in the page that belongs at an address, and maps it with what fits of its folio (handle_mm_fault). What
     * follows it in the file is read ahead as for {@link OpenFile#read}.
     *
     * @param address a virtual address
     * @param forWriting whether it is to be written to
     * @return 0 if the page was there or is now; EFAULT if the address is not in this mapping, or no more, the page
     *     lies behind the end of the file, or it is to be written to; EOVERFLOW if its folio is mapped too often; ENOMEM
     *     if there is no memory for the page or for page tables, nor any to reclaim
     * @throws IOException if the page cannot be read
     * @throws IllegalStateException if the engine is closed, or the page tables are beside this call
     * @throws IllegalArgumentException if somebody takes the region away beside this call, instead of closing this
     */
    public int faultIn(long address, boolean forWriting) throws IOException {
        lifetime.enter();
        try {
            faultLock.lockShared();
            try {
                return forWriting || !isShown(address) ? Errno.EFAULT : faults.handle(address);
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
