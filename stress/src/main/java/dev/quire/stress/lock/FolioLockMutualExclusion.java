/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.lock;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** No increment of a plain word is lost if every thread makes it under the folio lock. */
public final class FolioLockMutualExclusion {
    private static final int NR_ROUNDS = 4;
    private static final SharedPages PAGES = new SharedPages();
    private static final FolioLock LOCK = new FolioLock(new LockOrder(false));

    private FolioLockMutualExclusion() {}

    /** Locks and increments as often as there are rounds; tells how often the lock was held when the thread came. */
    private static int lockAndIncrement(long page) {
        int nrWaits = 0;
        for (int round = 0; round < NR_ROUNDS; round++) {
            nrWaits += LOCK.isLocked(page) ? 1 : 0;
            LOCK.lock(page);
            GuardedCounter.increment(page);
            if (!unlock(page)) {
                return GuardedCounter.LOST_LOCK;
            }
        }
        return nrWaits;
    }

    private static int tryLockAndIncrement(long page) {
        if (!LOCK.tryLock(page)) {
            return GuardedCounter.GAVE_UP;
        }
        int found = GuardedCounter.increment(page);
        return unlock(page) ? found : GuardedCounter.LOST_LOCK;
    }

    /** Unlocks; false if that is refused because the lock is not held. */
    private static boolean unlock(long page) {
        try {
            LOCK.unlock(page);
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    /**
     * Both threads wait for the lock, four times each. First two numbers: how often each found it held. Third: the word
     * at the end.
     */
    @JCStressTest
    @Outcome(id = "0, 0, 8", expect = ACCEPTABLE, desc = "one after the other")
    @Outcome(
            id = {"[0-4], [1-4], 8", "[1-4], [0-4], 8"},
            expect = ACCEPTABLE,
            desc = "window: one came while the other was at it")
    @Outcome(expect = FORBIDDEN, desc = "an increment was lost, or the lock")
    @Description("the folio lock: two threads wait for it")
    @State
    public static class Waiting extends Rendezvous {
        private final long page = PAGES.take(0, 1);

        /** Increments. */
        @Actor
        public void left(III_Result seen) {
            meet();
            seen.r1 = lockAndIncrement(page);
        }

        /** Increments. */
        @Actor
        public void right(III_Result seen) {
            meet();
            seen.r2 = lockAndIncrement(page);
        }

        /** Counts and recycles the slot. */
        @Arbiter
        public void arbiter(III_Result seen) {
            seen.r3 = (int) PageStruct.privateWord(page);
            PAGES.giveBack(page);
        }
    }

    /**
     * Both threads give up at once if they cannot have the lock. Each number: the word as the thread found it, or -1.
     */
    @JCStressTest
    @Outcome(
            id = {"0, 1", "1, 0"},
            expect = ACCEPTABLE,
            desc = "one after the other, who saw the first one's increment")
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
