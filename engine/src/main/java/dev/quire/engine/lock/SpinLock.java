/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.lock;

import dev.quire.engine.machine.Nap;
import dev.quire.engine.machine.NativeMemory;

/**
 * A lock in an off-heap word of 4 bytes: 0 free, 1 held. For sections of well under a microsecond up to the length of
 * one split; not reentrant, not fair. Keeps I9.
 *
 * <p>Blocking: a waiter spins, then yields, then sleeps in short naps, so that a holder that lost its CPU gets it back.
 *
 * <p>Addresses are trusted: a wrong one ends the JVM.
 */
public final class SpinLock {
    private static final int FREE = 0;
    private static final int HELD = 1;
    private static final int SPINS = 100;
    private static final int YIELDS = 100;
    private static final long NAP_NANOS = 20_000;

    private SpinLock() {}

    /**
     * Takes the lock, waiting as long as it takes.
     *
     * @param word address of the lock word
     */
    public static void lock(long word) {
        // Full RMW: acquires what the last holder released in unlock.
        if (!NativeMemory.compareAndSetInt(word, FREE, HELD)) {
            lockSlowly(word);
        }
    }

    /**
     * Takes the lock if it is free.
     *
     * @param word address of the lock word
     * @return whether the caller now holds it
     */
    public static boolean tryLock(long word) {
        return NativeMemory.compareAndSetInt(word, FREE, HELD);
    }

    /**
     * Releases the lock.
     *
     * @param word address of the lock word
     */
    public static void unlock(long word) {
        // Release: everything done under the lock is visible to whoever takes it next.
        NativeMemory.setIntRelease(word, FREE);
    }

    /**
     * Whether somebody holds the lock: a hint, unless it is the caller.
     *
     * @param word address of the lock word
     * @return true if the word says held
     */
    public static boolean isLocked(long word) {
        return NativeMemory.getIntOpaque(word) != FREE;
    }

    private static void lockSlowly(long word) {
        for (int attempt = 0; ; attempt++) {
            if (NativeMemory.getIntOpaque(word) == FREE && NativeMemory.compareAndSetInt(word, FREE, HELD)) {
                return;
            }
            awaitAttempt(attempt);
        }
    }

    /** What a waiter does between one look at a lock and the next. */
    static void awaitAttempt(int attempt) {
        if (attempt < SPINS) {
            Thread.onSpinWait();
        } else if (attempt < SPINS + YIELDS) {
            Thread.yield();
        } else {
            Nap.sleep(NAP_NANOS);
        }
    }
}
