/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.SwapTable;
import dev.quire.engine.lock.LockRank;
import dev.quire.engine.lock.RankedReadWriteLock;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.memory.PageArena;
import dev.quire.engine.struct.FolioStruct;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A file that has what is in swap (struct swap_info_struct, swap_writepage, swap_read_folio). Slot k of the
 * {@link SwapTable} is the page at byte 4096 * k of the file; a folio's bytes go to consecutive slots, from a multiple
 * of their number on, in one call, and come back in one.
 *
 * <p>Thread-safe. An engine has one, which is on from {@link PageCache#swapOn(BackingFile)} to {@link #close}. It has
 * as many slots as the engine has pages.
 */
public final class SwapArea implements AutoCloseable {
    private final PageArena arena;
    private final SwapTable table;

    /** Held shared by who takes slots, exclusively by who turns the area on or off. */
    private final RankedReadWriteLock lock;

    private volatile @Nullable CheckedFile file;

    SwapArea(MappingContext context) {
        arena = context.arena();
        table = context.swapTable();
        lock = new RankedReadWriteLock(context.lockOrder(), LockRank.SWAP_AREA);
    }

    /** Starts to use a file (swapon). */
    void turnOn(BackingFile newFile) {
        if (!newFile.isWritable()) {
            throw new IllegalArgumentException("the swap file is not writable: file=" + newFile);
        }
        lock.lockExclusive();
        try {
            if (file != null) {
                throw new IllegalStateException("the engine has a swap area already: file=" + file);
            }
            file = new CheckedFile(newFile);
        } finally {
            lock.unlockExclusive();
        }
    }

    /**
     * Whether there is a file to swap to.
     *
     * @return true until {@link #close}
     */
    public boolean isOn() {
        return file != null;
    }

    /**
     * Slots that hold something.
     *
     * @return number of slots, a hint while others use the area
     */
    public long nrUsedSlots() {
        return table.nrInUse();
    }

    /** Whether there are slots left, be it in pieces. */
    boolean hasFreeSlots() {
        return isOn() && table.nrInUse() < table.nrSlots();
    }

    /** Takes a run of slots for a folio of an order; {@link SwapTable#NO_SLOT} if there is none, or the area is off. */
    long allocate(int order) {
        lock.lockShared();
        try {
            return isOn() ? table.allocate(order) : SwapTable.NO_SLOT;
        } finally {
            lock.unlockShared();
        }
    }

    /**
     * Writes a locked folio's bytes to the slots that the caller took for it.
     *
     * @throws IOException if not all of them could be written
     */
    void write(long folio, long slot) throws IOException {
        requireFile(slot).write(bytesOf(folio), slot << Geometry.PAGE_SHIFT);
    }

    /**
     * Reads a folio's bytes from its slots, which the caller keeps from being given to others.
     *
     * @throws IOException if they cannot be read, or the file has lost them
     */
    void read(long folio, long slot) throws IOException {
        ByteBuffer into = bytesOf(folio);
        requireFile(slot).read(into, slot << Geometry.PAGE_SHIFT);
        if (into.hasRemaining()) {
            throw new EOFException("the swap file is too short: slot=" + slot + ", bytes missing=" + into.remaining());
        }
    }

    /** The file, which stays as long as slots are in use. */
    private CheckedFile requireFile(long slot) {
        CheckedFile current = file;
        if (current == null) {
            throw new IllegalStateException("the swap area is off: slot=" + slot);
        }
        return current;
    }

    private ByteBuffer bytesOf(long folio) {
        return NativeMemory.segment(arena.frameOf(folio), Geometry.bytesIn(FolioStruct.order(folio)))
                .asByteBuffer();
    }

    /**
     * Turns the area off and closes its file (swapoff). Nothing is brought in for that. Closing again does nothing.
     *
     * @throws IllegalStateException if slots are in use; then nothing has changed
     * @throws IOException if the file cannot be closed; the area is off nevertheless
     */
    @Override
    public void close() throws IOException {
        lock.lockExclusive();
        try {
            CheckedFile closing = file;
            if (closing == null) {
                return;
            }
            long nrUsed = table.nrInUse();
            if (nrUsed > 0) {
                throw new IllegalStateException("the swap area is in use: slots=" + nrUsed);
            }
            file = null;
            closing.close();
        } finally {
            lock.unlockExclusive();
        }
    }
}
