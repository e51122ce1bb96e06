/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.FolioMappers;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.RankedLock;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.AddressSpaceStruct;
import dev.quire.engine.struct.FolioStruct;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;

/**
 * Dirty folios of one file, and writing them back (filemap_dirty_folio, write_cache_pages, folio_clear_dirty_for_io,
 * folio_start_writeback, folio_end_writeback).
 *
 * <p>The state of a folio is in its flags; marks in the index lead to it. While a folio is unlocked its mark
 * {@link #DIRTY} is that of its flag. A pass first gives all dirty folios the mark {@link #TO_WRITE} and then writes
 * those alone, so that it ends however fast new ones become dirty. A folio is unlocked while its bytes are on their
 * way, under the mark and flag {@link #WRITEBACK}: it can be written to, and is dirty again then, but is neither split
 * nor evicted, and a second writeback waits for the first.
 *
 * <p>Whoever writes back holds the file's writeback lock shared: nothing is cut off the file, and no hole is punched,
 * while bytes are on their way to it.
 *
 * <p>A folio that could not be written is dirty as before; the error goes to {@link WritebackErrors}. Those that were
 * written are remembered until the file has been synced.
 */
final class Writeback {
    /** Mark of folios whose bytes are newer than the file's (PAGECACHE_TAG_DIRTY). */
    static final int DIRTY = 0;

    /** Mark of folios whose bytes are on their way to the file (PAGECACHE_TAG_WRITEBACK). */
    static final int WRITEBACK = 1;

    /** Mark of folios that a pass has yet to write (PAGECACHE_TAG_TOWRITE). */
    static final int TO_WRITE = 2;

    private static final int NO_MARK = 0;

    private final CachedFile file;
    private final AddressSpace space;
    private final IndexedFolios indexed;
    private final Folios folios;
    private final PageArena arena;
    private final FolioMappers mappers;
    private final UnsyncedRange unsynced = new UnsyncedRange();

    private final RankedLock endLock;
    private final Condition ended;
    private final AtomicInteger nrWaiters = new AtomicInteger();

    /** Writebacks of folios so far: begun is counted before a folio's flag is set, ended after it is cleared. */
    private final AtomicLong nrBegun = new AtomicLong();

    private final AtomicLong nrEnded = new AtomicLong();

    Writeback(CachedFile file, MappingContext context, AddressSpace space) {
        this.file = file;
        this.space = space;
        indexed = space.indexed();
        folios = context.folios();
        arena = context.arena();
        mappers = context.mappers();
        endLock = new RankedLock(context.lockOrder(), LockRank.WRITEBACK_END);
        ended = endLock.newCondition();
    }

    /**
     * What was written since the last sync that the file has confirmed; exact for whoever waits with {@link #awaitAll}
     * before.
     */
    UnsyncedRange unsynced() {
        return unsynced;
    }

    /** Marks a folio that the caller has locked, and that is in the file, as newer than the file. */
    void markDirty(long folio) {
        if (!PageFlag.DIRTY.isSet(PageStruct.getAndSetFlags(folio, PageFlag.DIRTY.mask()))) {
            indexed.changeMarks(PageStruct.index(folio), 1 << DIRTY, NO_MARK);
        }
    }

    /** Writes all folios back that are dirty now, and waits for those that others are writing back. */
    void writeAll() {
        indexed.copyMark(0, FileRange.MAX_PAGES, DIRTY, TO_WRITE);
        long next = 0;
        long folio = indexed.pinNextMarked(next, FileRange.MAX_PAGES, TO_WRITE);
        while (folio != 0) {
            next = endOf(folio);
            try {
                write(folio);
            } finally {
                folios.unpin(folio);
            }
            folio = indexed.pinNextMarked(next, FileRange.MAX_PAGES, TO_WRITE);
        }
        awaitAll();
    }

    /** Waits for all that is on its way to the file. */
    void awaitAll() {
        long folio = indexed.pinNextMarked(0, FileRange.MAX_PAGES, WRITEBACK);
        while (folio != 0) {
            long next = endOf(folio);
            await(folio);
            folios.unpin(folio);
            folio = indexed.pinNextMarked(next, FileRange.MAX_PAGES, WRITEBACK);
        }
    }

    private static long endOf(long folio) {
        return PageStruct.index(folio) + Geometry.pagesIn(FolioStruct.order(folio));
    }

    private void write(long folio) {
        file.writebackLock().lockShared();
        try {
            folios.lock(folio);
            if (PageStruct.mapping(folio) == space.address()) {
                await(folio);
                writeLocked(folio);
            } else {
                folios.unlock(folio);
            }
        } finally {
            file.writebackLock().unlockShared();
        }
    }

    /**
     * Writes a folio back if it is dirty. The caller has pinned and locked it, and holds the writeback lock; the folio
     * is not under writeback. Unlocks it.
     */
    void writeLocked(long folio) {
        long index = PageStruct.index(folio);
        if (PageFlag.DIRTY.isSet(PageStruct.flagsAcquire(folio))) {
            // I18. Before the folio is taken for clean, and so before its bytes are taken: who writes through a leaf
            // after that faults, waits for the folio's lock, and makes it dirty again.
            mappers.writeProtect(folio);
        }
        boolean dirty = PageFlag.DIRTY.isSet(PageStruct.getAndClearFlags(folio, PageFlag.DIRTY.mask()));
        if (dirty) {
            nrBegun.getAndIncrement();
            // Under the folio lock: who splits or evicts it sees the flag, and a writer's mark cannot come in between.
            PageStruct.getAndSetFlags(folio, PageFlag.WRITEBACK.mask());
        }
        indexed.changeMarks(index, dirty ? 1 << WRITEBACK : NO_MARK, 1 << DIRTY | 1 << TO_WRITE);
        folios.unlock(folio);
        if (dirty) {
            transfer(folio, index);
        }
    }

    private void transfer(long folio, long index) {
        boolean written = false;
        try {
            written = writeBytes(folio, index << Geometry.PAGE_SHIFT);
        } finally {
            end(folio, index, written);
        }
    }

    /** Writes what the file has of a folio: nothing beyond its end. */
    private boolean writeBytes(long folio, long offsetBytes) {
        long sizeBytes = AddressSpaceStruct.sizeBytesAcquire(space.address());
        long nrBytes = Math.min(Geometry.bytesIn(FolioStruct.order(folio)), sizeBytes - offsetBytes);
        if (nrBytes <= 0) {
            return true;
        }
        ByteBuffer from = NativeMemory.segment(arena.frameOf(folio), nrBytes).asByteBuffer();
        try {
            file.backing().write(from, offsetBytes);
            return true;
        } catch (IOException e) {
            // Not thrown: who reclaims may be in a call on another file, and must go on.
            file.errors().record(e);
            return false;
        }
    }

    private void end(long folio, long index, boolean written) {
        if (written) {
            // Before the writeback ends: who has waited for that, after a sync has failed, finds it here.
            unsynced.add(index, endOf(folio) - 1);
        } else {
            // Before the writeback ends: until then nobody evicts the folio. The mark first: whoever finds the flag set
            // relies on the mark.
            indexed.changeMarks(index, 1 << DIRTY, NO_MARK);
            PageStruct.getAndSetFlags(folio, PageFlag.DIRTY.mask());
        }
        indexed.changeMarks(index, NO_MARK, 1 << WRITEBACK);
        // RMWs, then a volatile load; a waiter counts itself, then loads the flags or the number: one of the two
        // sees the other.
        PageStruct.getAndClearFlags(folio, PageFlag.WRITEBACK.mask());
        nrEnded.getAndIncrement();
        if (nrWaiters.get() > 0) {
            wakeWaiters();
        }
    }

    private void wakeWaiters() {
        endLock.lock();
        try {
            ended.signalAll();
        } finally {
            endLock.unlock();
        }
    }

    /** Whether some folio is dirty, or on its way to the file and dirty again if it does not get there. */
    boolean isPending() {
        return indexed.isMarked(DIRTY, WRITEBACK);
    }

    /** Waits until a pinned folio is not under writeback (folio_wait_writeback). */
    void await(long folio) {
        if (!isUnderWriteback(folio)) {
            return;
        }
        endLock.lock();
        nrWaiters.getAndIncrement();
        try {
            while (isUnderWriteback(folio)) {
                ended.awaitUninterruptibly();
            }
        } finally {
            nrWaiters.getAndDecrement();
            endLock.unlock();
        }
    }

    /**
     * Waits until one of the folios under writeback has arrived; returns at once if there is none. Holds no folio
     * meanwhile.
     */
    void awaitOne() {
        endLock.lock();
        nrWaiters.getAndIncrement();
        try {
            long before = nrEnded.get();
            while (nrEnded.get() == before && nrBegun.get() > before) {
                ended.awaitUninterruptibly();
            }
        } finally {
            nrWaiters.getAndDecrement();
            endLock.unlock();
        }
    }

    static boolean isUnderWriteback(long folio) {
        return PageFlag.WRITEBACK.isSet(PageStruct.flagsAcquire(folio));
    }
}
