/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.folio.Folios;
import dev.quire.engine.mapping.FolioLookup;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.rcu.Lifetime;
import dev.quire.engine.rcu.RcuReader;

/**
 * One thread's way to the pages of guest memory: the faults of the host and of the guest (kvm_gmem_fault,
 * kvm_gmem_get_pfn).
 *
 * <p>A fault whose page is there and not being converted takes no lock and allocates nothing: it pins the page and
 * makes sure that no conversion began before it had (I19), or tries again. Lock-free: it tries again only if a
 * conversion got further. Where a conversion splits or merges the folio around the page it spins while that is frozen.
 * A fault inside the range of a conversion waits until that is over; one whose page is not there waits for a conversion
 * of its huge page, and allocates. Who holds the page it returns keeps it in the state that was asked for: a conversion
 * of it fails with EAGAIN until the page is given back.
 *
 * <p>Must not be called from inside a read section.
 */
public final class GuestAccess {
    /** The page is being converted, or is not there. */
    private static final long NOT_WITHOUT_LOCK = 0;

    /** Some page was converted meanwhile. */
    private static final long AGAIN = Long.MIN_VALUE;

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
     * @return handle of its folio, which is the page alone, to be given back with {@code Folios.unpin}; or, negative,
     *     EFAULT (beyond the end), EACCES (private), EHWPOISON, ENOMEM, or EAGAIN as from {@link GuestMemory#allocate}
     * @throws IllegalArgumentException if the index is negative
     * @throws IllegalStateException if the memory or the engine is closed, the reader in a section, or the call comes
     *     from inside a conversion, a hole or a visit of the memory
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
     *     negative, EFAULT (beyond the end), EACCES (in the other state: the guest must convert it first), EHWPOISON,
     *     ENOMEM, or EAGAIN as from {@link GuestMemory#allocate}
     * @throws IllegalArgumentException if the index is negative
     * @throws IllegalStateException if the memory or the engine is closed, the reader in a section, or the call comes
     *     from inside a conversion, a hole or a visit of the memory
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
        // Whichever page it is: a conversion freezes the folios around its range, too.
        invalidateLock.requireNotHeld();
        lifetime.enter();
        try {
            long result = faultLockless(index, shared);
            return result == NOT_WITHOUT_LOCK ? faultLocked(index, shared) : result;
        } finally {
            lifetime.exit();
        }
    }

    private long faultLockless(long index, boolean shared) {
        // One section for all of it: the index is not given to another owner before it ends, even if this one is
        // closed.
        reader.enter();
        try {
            long result = tryFault(index, shared);
            while (result == AGAIN) {
                result = tryFault(index, shared);
            }
            return result;
        } finally {
            reader.exit();
        }
    }

    private long tryFault(long index, boolean shared) {
        memory.requireOpen();
        Invalidation invalidation = invalidateLock.invalidation();
        if (invalidation.covers(index)) {
            return NOT_WITHOUT_LOCK;
        }
        int access = access(index, shared);
        if (access < 0) {
            return access;
        }
        long folio = lookup.pin(index);
        if (folio == 0) {
            return NOT_WITHOUT_LOCK;
        }
        // I19. Not before the reference is taken: partner, InvalidateLock.begin.
        if (invalidateLock.invalidation().sequence() != invalidation.sequence()) {
            folios.unpin(folio);
            return AGAIN;
        }
        return memory.folios().healthy(folio, index);
    }

    /** Whether a page may be used in a state: 0, EFAULT or EACCES. */
    private int access(long index, boolean shared) {
        if (index >= memory.endIndex()) {
            return Errno.EFAULT;
        }
        return memory.layout().attributes().isShared(index) == shared ? Errno.OK : Errno.EACCES;
    }

    /** A fault that excludes conversions of the huge page, and populates it if it is missing. */
    private long faultLocked(long index, boolean shared) {
        long hugePage = Geometry.alignDown(index, memory.hugeOrder());
        invalidateLock.lockShared(hugePage, hugePage + Geometry.pagesIn(memory.hugeOrder()));
        try {
            memory.requireOpen();
            int access = access(index, shared);
            if (access != Errno.OK) {
                return access;
            }
            GuestFolios guestFolios = memory.folios();
            long folio = lookup.pin(index);
            if (folio == 0) {
                int result = guestFolios.populate(hugePage, memory.layout());
                if (result != Errno.OK) {
                    return result;
                }
                folio = lookup.pin(index);
            }
            return guestFolios.healthy(folio, index);
        } finally {
            invalidateLock.unlockShared();
        }
    }
}
