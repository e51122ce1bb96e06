/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.memory.Errno;

/**
 * The page tables through which a guest uses its memory, as conversions see them (the gfn-range hooks of KVM, an mmu
 * notifier). Their entries hold no references: they are valid until they are zapped.
 *
 * <p>A guest fault maps a page in three steps: read {@link GuestMemory#invalidateSequence}, pin the page with {@link
 * GuestAccess#guestFault}, and, under the page tables' own lock, map it unless {@link GuestMemory#isInvalidated} says that the
 * pin may be stale. {@link #zap} takes the same lock.
 */
public interface SecondaryMmu {
    /** A guest without page tables: nothing to zap. */
    SecondaryMmu NONE = new SecondaryMmu() {
        @Override
        public int splitLeaves(long startIndex, long endIndex) {
            return Errno.OK;
        }

        @Override
        public void zap(long startIndex, long endIndex) {}
    };

    /**
     * Splits leaf entries that reach across an end of a range, so that {@link #zap} removes nothing else: a guest would have to
     * accept its private memory again. Called before anything has changed; what it did need not be undone.
     *
     * @param startIndex first page
     * @param endIndex page after the range
     * @return 0, or a negated error number, for example {@link Errno#ENOMEM}, with which the conversion then fails
     */
    int splitLeaves(long startIndex, long endIndex);

    /**
     * Removes all entries of a range. Called when nothing can fail any more and nobody holds the pages; it must not fail
     * either. It must not call the guest memory, and not wait for a thread in a read section: readers wait for its return.
     *
     * @param startIndex first page
     * @param endIndex page after the range
     */
    void zap(long startIndex, long endIndex);
}
