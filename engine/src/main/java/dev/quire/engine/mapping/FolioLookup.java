/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.FolioOwner;
import dev.quire.engine.folio.Folios;
import dev.quire.engine.lock.References;
import dev.quire.engine.rcu.RcuReader;
import dev.quire.engine.xarray.XaCursor;
import dev.quire.engine.xarray.XaEntry;

/**
 * One thread's way to find and pin the folios of an address space, or of another owner, without a lock
 * (filemap_get_entry).
 *
 * <p>Find the folio in the index, take a reference, look again: only if the index still has the folio does it cover
 * what was asked for, and the reference keeps it whole from then on. While a split has the folio frozen, the lookup
 * spins; that is the only time it waits for a writer. Otherwise lock-free. It writes no shared cache line but the
 * reference count of the folio it pins, and allocates nothing.
 */
public final class FolioLookup {
    private final Folios folios;
    private final RcuReader reader;
    private final XaCursor cursor;

    /**
     * Makes a reader's way to the folios of an owner.
     *
     * @param owner whose folios
     * @param folios the engine's folios
     * @param reader reader of the thread that will use it
     * @throws IllegalArgumentException if the reader is of another engine
     * @throws IllegalStateException if the owner is closed
     */
    public FolioLookup(FolioOwner owner, Folios folios, RcuReader reader) {
        this.folios = folios;
        this.reader = reader;
        cursor = new XaCursor(owner.index(), reader);
    }

    /**
     * Pins the folio that covers an index.
     *
     * @param index offset in the file, in pages
     * @return handle of the folio's head, to be given back with {@code Folios.unpin}; 0 if nothing is cached there
     * @throws IllegalStateException if the owner of the folios or the engine is closed, or the folio has too many
     *     references
     */
    public long pin(long index) {
        reader.enter();
        try {
            long folio = tryPin(index);
            for (int attempt = 0; folio == XaEntry.RETRY; attempt++) {
                References.pauseWhileFrozen(attempt);
                folio = tryPin(index);
            }
            return folio;
        } finally {
            reader.exit();
        }
    }

    /** Whether the index has nothing at an index, neither a folio nor a swap entry; lock-free. */
    boolean isEmpty(long index) {
        reader.enter();
        try {
            cursor.set(index);
            long entry = cursor.load();
            while (cursor.retry(entry)) {
                cursor.set(index);
                entry = cursor.load();
            }
            return entry == 0;
        } finally {
            reader.exit();
        }
    }

    /** One attempt: the folio, 0 for none, or RETRY if the folio is frozen or has moved. */
    private long tryPin(long index) {
        cursor.set(index);
        long entry = cursor.load();
        if (entry == 0 || XaEntry.isValue(entry)) {
            return 0;
        }
        if (cursor.retry(entry)) {
            return XaEntry.RETRY;
        }
        if (!References.tryGet(entry)) {
            References.requireRoom(entry);
            return XaEntry.RETRY;
        }
        if (isStill(entry)) {
            return entry;
        }
        folios.unpin(entry);
        return XaEntry.RETRY;
    }

    /** The second look, which throws, without leaving a pin behind, if the index was closed since the first. */
    private boolean isStill(long pinned) {
        try {
            return cursor.reload() == pinned;
        } catch (IllegalStateException closed) {
            folios.unpin(pinned);
            throw closed;
        }
    }
}
