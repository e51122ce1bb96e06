/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.machine.NativeMemory;
import dev.quire.engine.rcu.Lifetime;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Cached bytes of a file, in place: one folio, pinned until the view is closed. Nothing is copied, neither to make the
 * view nor to keep it, so it shows what others write to the folio meanwhile. While it is open, the folio is neither
 * evicted nor split; what is truncated or punched away meanwhile keeps its bytes, or reads as zero, in the view alone.
 *
 * <p>For the thread that opened it. Using the bytes after {@link #close} throws {@link IllegalStateException}, and
 * using them from another thread {@link WrongThreadException}. Closing the engine waits for open views.
 */
public final class FolioView implements AutoCloseable {
    private final Folios folios;
    private final Lifetime lifetime;
    private final long folio;
    private final long offsetBytes;
    private final Arena scope = Arena.ofConfined();
    private final MemorySegment bytes;

    /** Takes over the caller's pin. */
    FolioView(Folios folios, Lifetime lifetime, long folio, long address, long offsetBytes, long lengthBytes) {
        this.folios = folios;
        this.lifetime = lifetime;
        this.folio = folio;
        this.offsetBytes = offsetBytes;
        bytes = NativeMemory.segment(address, lengthBytes, scope).asReadOnly();
        lifetime.enter();
    }

    /**
     * The bytes, from the offset that was asked for to the end of the folio or of the file, whichever comes first.
     *
     * @return a read-only segment that can be used until the view is closed; {@link MemorySegment#asByteBuffer} makes a
     *     buffer of it
     */
    public MemorySegment bytes() {
        return bytes;
    }

    /**
     * Where in the file the bytes begin.
     *
     * @return offset in bytes
     */
    public long offsetBytes() {
        return offsetBytes;
    }

    /**
     * Gives the folio back. Closing again does nothing.
     *
     * @throws WrongThreadException if another thread opened the view; it stays open
     */
    @Override
    public void close() {
        if (scope.scope().isAlive()) {
            // First: it checks the thread, and from then on nobody reads.
            scope.close();
            try {
                folios.unpin(folio);
            } finally {
                lifetime.exit();
            }
        }
    }
}
