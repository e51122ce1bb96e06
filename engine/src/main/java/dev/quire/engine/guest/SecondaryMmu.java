/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.guest;

import dev.quire.engine.memory.Errno;

/**
 * The page tables through which a guest uses its memory, as conversions see them (the gfn-range hooks of KVM, an mmu
 * notifier). Their entries hold no references: they are valid until they are zapped.
 *
 * <p>A guest fault maps pages in three steps: read {@link GuestMemory#invalidateSequence}, pin the page with
 * {@link GuestAccess#guestFault}, and, under the page tables' own lock, map the folio, or any part of it, unless
 * {@link GuestMemory#isInvalidated} says of all pages of the new leaf entry that the pin may be stale; then give the
 * pin back. {@link #splitLeaves} and {@link #zap} take the same lock.
 *
 * <p>From before {@code splitLeaves} is called until the conversion is over, no leaf entry that has a page of the range
 * can be mapped. So those that reach across an end of it, and were there before, are all split, and none comes back.
 *
 * <p>Neither method may call the guest memory, but for {@code isInvalidated} and what else is wait-free: it would wait
 * for the conversion that waits for it. Faults, and calls that need a lock, throw
 * {@link IllegalStateException}.
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
     * Splits leaf entries that reach across an end of a range, so that {@link #zap} removes nothing else: a guest would
     * have to accept its private memory again. Called once faults on the range are turned away and before anything has
     * changed; what it did need not be undone. Not called for holes and at the end, whose ranges consist of whole huge
     * pages.
     *
     * @param startIndex first page
     * @param endIndex page after the range
     * @return 0, or a negated error number, for example {@link Errno#ENOMEM}, with which the conversion then fails
     */
    int splitLeaves(long startIndex, long endIndex);

    /**
     * Removes all entries of a range. Called when nothing can fail any more and nobody holds the pages; it must not
     * fail either, and not wait for a thread in a read section: readers wait for its return. If it throws nevertheless,
     * the exception reaches whoever called; a conversion, and the end of the memory, then happen as if it had not.
     *
     * @param startIndex first page
     * @param endIndex page after the range
     */
    void zap(long startIndex, long endIndex);
}
