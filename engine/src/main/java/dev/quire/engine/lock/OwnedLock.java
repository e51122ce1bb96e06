/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import dev.quire.engine.machine.NativeMemory;

/**
 * A {@link SpinLock} of 8 bytes that tells who holds it: in the upper 40 bits of the word the id of the holder's thread,
 * 0 if it is free, in the lower 24 how often it was taken. Together they are the <i>hold</i>, a number that tells an
 * acquisition from the 2^24 before it. Keeps I9.
 *
 * <p>One word for both, so that taking the lock is one RMW and no store beside it, and giving it back is one store.
 *
 * <p>Not reentrant, not fair. Waiters block as those of a spin lock do; a try and giving it back are wait-free.
 *
 * <p>Addresses are trusted: a wrong one ends the JVM.
 */
public final class OwnedLock {
    /** What {@link #tryLock} returns instead of a hold. */
    public static final long NOT_TAKEN = 0;

    /** No thread has this id; no program starts more threads than the upper bits of the word count. */
    private static final long NOBODY = 0;

    private static final int COUNT_BITS = 24;
    private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;

    private OwnedLock() {}

    /**
     * Makes a lock, free.
     *
     * @param word address of the lock word
     */
    public static void initialise(long word) {
        // Opaque: published with whatever the lock is part of.
        NativeMemory.setLongOpaque(word, NOBODY);
    }

    /**
     * Takes the lock, waiting as long as it takes.
     *
     * @param word address of the lock word
     * @param threadId the caller's thread
     * @return the hold
     */
    public static long lock(long word, long threadId) {
        for (int attempt = 0; ; attempt++) {
            long hold = tryLock(word, threadId);
            if (hold != NOT_TAKEN) {
                return hold;
            }
            SpinLock.awaitAttempt(attempt);
        }
    }

    /**
     * Takes the lock if it is free.
     *
     * @param word address of the lock word
     * @param threadId the caller's thread
     * @return the hold, or {@link #NOT_TAKEN}
     */
    public static long tryLock(long word, long threadId) {
        long free = hold(word);
        if (holderId(free) != NOBODY) {
            return NOT_TAKEN;
        }
        long hold = threadId << COUNT_BITS | (free + 1 & COUNT_MASK);
        // Full RMW: acquires what the last holder released in unlock.
        return NativeMemory.compareAndSetLong(word, free, hold) ? hold : NOT_TAKEN;
    }

    /**
     * Releases the lock.
     *
     * @param word address of the lock word
     * @param hold the caller's
     */
    public static void unlock(long word, long hold) {
        // Release: everything done under the lock is visible to whoever takes it next.
        NativeMemory.setLongRelease(word, hold & COUNT_MASK);
    }

    /**
     * The word: for the holder its hold.
     *
     * @param word address of the lock word
     * @return what is there
     */
    public static long hold(long word) {
        // Opaque: a thread looks for its own id, which only it stores and takes away; to others this is a hint.
        return NativeMemory.getLongOpaque(word);
    }

    /**
     * The thread that has a hold.
     *
     * @param hold what {@link #hold} returned
     * @return its id, 0 if it is nobody's
     */
    public static long holderId(long hold) {
        return hold >>> COUNT_BITS;
    }
}
