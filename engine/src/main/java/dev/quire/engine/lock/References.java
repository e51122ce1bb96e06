/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import dev.quire.engine.struct.PageStruct;

/**
 * The reference count of a folio and its frozen state (folio_try_get, folio_put_testzero, folio_ref_freeze,
 * folio_ref_unfreeze). A count of 0 is free, a tail, or frozen; nobody can take a reference then.
 * Keeps I6, I7 and I8.
 *
 * <p>Handles are trusted: a wrong one ends the JVM. All operations are lock-free; all but {@link #tryGet} and {@link
 * #put} are wait-free.
 */
public final class References {
    /**
     * References from which on no more are taken one by one: 3 * 2^28. What is left up to 2^31 is for those that cannot
     * be refused, of page tables above all, whose number has a limit of its own.
     */
    public static final int MAX = 3 << 28;

    private static final int FROZEN = 0;

    /** Attempts before a waiting reader yields: about as long as it takes to split 2 MiB. */
    private static final int SPINS = 100;

    private References() {}

    /**
     * Takes a reference unless the folio is frozen or free, or has {@link #MAX}.
     *
     * @param folio handle of what the caller believes to be a head
     * @return whether the caller now holds a reference; it must then check that this is still the folio it looked for
     */
    public static boolean tryGet(long folio) {
        int count = PageStruct.refcountOpaque(folio);
        while (count > FROZEN && count < MAX) {
            // Full RMW. Partner: unfreeze; who wins sees the folio as the split left it.
            if (PageStruct.compareAndSetRefcount(folio, count, count + 1)) {
                return true;
            }
            count = PageStruct.refcountOpaque(folio);
        }
        return false;
    }

    /**
     * Tells who could not take a reference, and would try again for ever, that it is not for a freeze that ends.
     *
     * @param folio handle of the head
     * @throws IllegalStateException if there are {@link #MAX}, which only callers that never give theirs back bring
     *     about
     */
    public static void requireRoom(long folio) {
        int count = PageStruct.refcountOpaque(folio);
        if (count >= MAX) {
            throw new IllegalStateException(
                    "too many references: folio=0x" + Long.toHexString(folio) + ", held=" + count + ", max=" + MAX);
        }
    }

    /**
     * Takes references for somebody who holds one already, and who cannot have so many that the count overflows.
     *
     * @param folio handle of the head
     * @param nrReferences how many, 1 or more
     */
    public static void add(long folio, int nrReferences) {
        PageStruct.getAndAddRefcount(folio, nrReferences);
    }

    /**
     * Gives references back.
     *
     * @param folio handle of the head
     * @param nrReferences how many the caller holds and gives back, 1 or more
     * @return true if they were the last: the caller must free the folio
     * @throws IllegalStateException if there are fewer; the count was not touched
     */
    public static boolean put(long folio, int nrReferences) {
        int count;
        do {
            count = PageStruct.refcountOpaque(folio);
            // Before the count changes: subtracted first and added back, it would turn away, or throw at,
            // whoever came between.
            if (count < nrReferences) {
                throw new IllegalStateException("more references given back than held: folio=0x"
                        + Long.toHexString(folio) + ", held=" + count + ", given back=" + nrReferences);
            }
            // Full RMW: releases what this holder did and, for the last one, acquires what all others did.
        } while (!PageStruct.compareAndSetRefcount(folio, count, count - nrReferences));
        return count == nrReferences;
    }

    /**
     * Freezes the folio if it has exactly the expected references: from then on nobody can take one.
     *
     * @param folio handle of the head
     * @param expected all references there should be, 1 or more
     * @return whether it is now frozen
     */
    public static boolean freeze(long folio, int expected) {
        // Full RMW: what every former holder did is visible to the caller (partner: put).
        return PageStruct.compareAndSetRefcount(folio, expected, FROZEN);
    }

    /**
     * Lets references be taken again.
     *
     * @param folio handle of the head of a frozen or new folio
     * @param nrReferences references there are from now on, 1 or more
     */
    public static void unfreeze(long folio, int nrReferences) {
        // Release: whoever takes a reference sees the folio's fields, map and index as they are now (I7;
        // partner: tryGet).
        PageStruct.refcountRelease(folio, nrReferences);
    }

    /**
     * What a reader does before it looks again for a folio that it found frozen. At first it spins; then it gives its
     * processor away, because the thread that froze the folio may be waiting for just that one, and would wait for as
     * long as the reader's time slice lasts, a thousand times longer than a split.
     *
     * @param attempt how often the reader looked in vain before, 0 or more
     */
    public static void pauseWhileFrozen(int attempt) {
        if (attempt < SPINS) {
            Thread.onSpinWait();
        } else {
            Thread.yield();
        }
    }

    /**
     * Refuses a handle through which nothing may be written. Who holds a reference of its own, as the caller must,
     * keeps the folio from being freed and frozen; so a count of 0 is that of a tail, of a free block or of one that
     * was never published.
     *
     * @param folio handle of what the caller says is a head to which it holds a reference
     * @throws IllegalArgumentException if nobody holds a reference; nothing has changed
     */
    public static void requireHeld(long folio) {
        if (count(folio) == FROZEN) {
            throw new IllegalArgumentException("nobody holds a reference: free, frozen, or no head of a folio: folio=0x"
                    + Long.toHexString(folio));
        }
    }

    /**
     * Current number of references.
     *
     * @param folio handle of the head
     * @return a hint, unless the caller excludes changes
     */
    public static int count(long folio) {
        return PageStruct.refcountAcquire(folio);
    }
}
