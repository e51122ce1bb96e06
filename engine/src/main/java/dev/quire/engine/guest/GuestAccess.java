/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.RcuReader;

/**
 * One thread's way to the pages of guest memory: the faults of the host and of the guest (kvm_gmem_fault, kvm_gmem_get_pfn).
 *
 * <p>A fault whose page is there takes no lock and allocates nothing: it pins the page and makes sure that no conversion began
 * before it had (I19). Otherwise it shares the invalidate lock, waits for the conversion that runs, and allocates. Who holds the
 * page it returns keeps it in the state that was asked for: a conversion of it fails with EAGAIN until the page is given back.
 *
 * <p>Must not be called from inside a read section.
 */
public final class GuestAccess {
    private static final long NOT_NOW = 0;

    private final GuestMemory memory;
    private final InvalidateLock invalidateLock;
    private final Folios folios;
    private final Lifetime lifetime;
    private final RcuReader reader;
    private final FolioLookup lookup;

    GuestAccess(GuestMemory memory, InvalidateLock invalidateLock, Folios folios, Lifetime lifetime, RcuReader reader) {
        this.memory = memory;
        this.invalidateLock = invalidateLock;
        this.folios = folios;
        this.lifetime = lifetime;
        this.reader = reader;
        lookup = new FolioLookup(memory, folios, reader);
    }

    /**
     * Pins a page for the host, which may use shared pages only.
     *
     * @param index offset of the page, in pages
     * @return handle of its folio, which is the page alone, to be given back with {@code Folios.unpin}; or, negative, EFAULT
     *     (beyond the end), EACCES (private), EHWPOISON, ENOMEM
     * @throws IllegalArgumentException if the index is negative
     * @throws IllegalStateException if the memory or the engine is closed, or the reader in a section
     */
    public long hostFault(long index) {
        return fault(index, true);
    }

    /**
     * Pins a page for the guest, which says as what it uses it.
     *
     * @param index offset of the page, in pages
     * @param asPrivate whether as private memory
     * @return handle of its folio, which may be large if it is private, to be given back with {@code Folios.unpin}; or,
     *     negative, EFAULT (beyond the end), EACCES (in the other state: the guest must convert it first), EHWPOISON, ENOMEM
     * @throws IllegalArgumentException if the index is negative
     * @throws IllegalStateException if the memory or the engine is closed, or the reader in a section
     */
    public long guestFault(long index, boolean asPrivate) {
        return fault(index, !asPrivate);
    }

    private long fault(long index, boolean shared) {
        if (index < 0) {
            throw new IllegalArgumentException("index out of range: index=" + index + ", min=0");
        }
        if (reader.isInSection()) {
            throw new IllegalStateException("fault from inside a read section");
        }
        lifetime.enter();
        try {
            long result = tryFault(index, shared);
            return result == NOT_NOW ? memory.faultLocked(lookup, index, shared) : result;
        } finally {
            lifetime.exit();
        }
    }

    /** A fault without a lock; NOT_NOW if there is no page yet, or a conversion came in between. */
    private long tryFault(long index, boolean shared) {
        // One section for all of it: the index is not given to another owner before it ends, even if this one is
        // closed.
        reader.enter();
        try {
            memory.requireOpen();
            long sequence = invalidateLock.sequence();
            if (InvalidateLock.isInvalidating(sequence)) {
                return NOT_NOW;
            }
            int access = memory.access(index, shared);
            if (access < 0) {
                return access;
            }
            long folio = lookup.pin(index);
            if (folio == 0) {
                return NOT_NOW;
            }
            // I19. Not before the reference is taken: partner, InvalidateLock.begin.
            if (invalidateLock.sequence() != sequence) {
                folios.unpin(folio);
                return NOT_NOW;
            }
            return memory.folios().healthy(folio, index);
        } finally {
            reader.exit();
        }
    }
}
