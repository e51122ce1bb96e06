/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.lock;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;

import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.lock.LockOrder;

import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Of two threads that increment a plain word under the folio lock, one sees the other's increment.
 *
 * <p>Each number: the word as that thread found it; 10 more if the lock was held when it came; -1 if it gave up.
 */
public final class FolioLockMutualExclusion {
    private static final SharedPages PAGES = new SharedPages();
    private static final FolioLock LOCK = new FolioLock(new LockOrder(false));

    private FolioLockMutualExclusion() {}

    private static int lockAndIncrement(long page) {
        int waited = LOCK.isLocked(page) ? GuardedCounter.WAITED : 0;
        LOCK.lock(page);
        int found = GuardedCounter.increment(page);
        LOCK.unlock(page);
        return waited + found;
    }

    private static int tryLockAndIncrement(long page) {
        if (!LOCK.tryLock(page)) {
            return GuardedCounter.GAVE_UP;
        }
        int found = GuardedCounter.increment(page);
        LOCK.unlock(page);
        return found;
    }

    /** Both threads wait for the lock. */
    @JCStressTest
    @Outcome(
            id = {"0, 1", "1, 0"},
            expect = ACCEPTABLE,
            desc = "one after the other")
    @Outcome(
            id = {"0, 11", "11, 0"},
            expect = ACCEPTABLE,
            desc = "window: one waited for the other and saw its increment")
    @Outcome(
            id = {"10, 1", "1, 10"},
            expect = ACCEPTABLE,
            desc = "one saw the lock held, and yet got it first")
    @Outcome(expect = FORBIDDEN, desc = "an increment was lost or seen too early")
    @Description("the folio lock: two threads wait for it")
    @State
    public static class Waiting {
        private final long page = PAGES.take(0, 1);

        /** Increments. */
        @Actor
        public void left(II_Result seen) {
            seen.r1 = lockAndIncrement(page);
        }

        /** Increments. */
        @Actor
        public void right(II_Result seen) {
            seen.r2 = lockAndIncrement(page);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            PAGES.giveBack(page);
        }
    }

    /** Both threads give up at once if they cannot have the lock. */
    @JCStressTest
    @Outcome(
            id = {"0, 1", "1, 0"},
            expect = ACCEPTABLE,
            desc = "one after the other")
    @Outcome(
            id = {"0, -1", "-1, 0"},
            expect = ACCEPTABLE,
            desc = "window: one found the other at it and gave up")
    @Outcome(expect = FORBIDDEN, desc = "an increment was lost, or neither thread got the lock")
    @Description("the folio lock: two threads try for it once")
    @State
    public static class Trying {
        private final long page = PAGES.take(0, 1);

        /** Tries to increment. */
        @Actor
        public void left(II_Result seen) {
            seen.r1 = tryLockAndIncrement(page);
        }

        /** Tries to increment. */
        @Actor
        public void right(II_Result seen) {
            seen.r2 = tryLockAndIncrement(page);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            PAGES.giveBack(page);
        }
    }
}
