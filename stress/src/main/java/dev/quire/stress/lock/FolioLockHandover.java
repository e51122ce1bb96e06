/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.lock;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.lock.FolioLock;
import dev.quire.engine.lock.LockOrder;
import dev.quire.engine.struct.PageFlag;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.Alarm;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A thread that sleeps for the folio lock is woken when it is released, and sees what the holder did.
 *
 * <p>First number: 1 if somebody had announced that he waits before the holder let go. Second: the word the waiter
 * found (1 is what the holder wrote last), 10 more if it slept on although the lock was free.
 */
public final class FolioLockHandover {
    private static final SharedPages PAGES = new SharedPages();
    private static final FolioLock LOCK = new FolioLock(new LockOrder(false));
    private static final long WAITERS = PageFlag.WAITERS.mask();
    private static final int NR_SPINS = 400;
    private static final int OVERSLEPT = 10;

    private FolioLockHandover() {}

    /** Writes, gives a waiter time to come, and lets go. */
    private static int holdAndUnlock(long page) {
        int nrWaiters = 0;
        for (int spin = (int) (page >>> 6) % NR_SPINS; spin > 0 && nrWaiters == 0; spin--) {
            Thread.onSpinWait();
            nrWaiters = (PageStruct.flagsAcquire(page) & WAITERS) != 0 ? 1 : 0;
        }
        PageStruct.privateWord(page, 1);
        LOCK.unlock(page);
        return nrWaiters;
    }

    /** The holder has the lock from the start. */
    @JCStressTest
    @Outcome(
            id = "0, 1",
            expect = ACCEPTABLE,
            desc = "the waiter came late, or just in time; it saw the holder's write")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "window: the waiter was asleep or about to be, and was woken")
    @Outcome(id = "., 1.", expect = FORBIDDEN, desc = "the waiter slept on although the lock was free")
    @Outcome(expect = FORBIDDEN, desc = "the waiter has the lock and does not see the holder's write")
    @Description("release of a folio lock while somebody goes to sleep for it")
    @State
    public static class Sleeping {
        private static final Alarm ALARM = Alarm.start(LOCK::isLocked);
        private final long page = PAGES.take(PageFlag.LOCKED.mask(), 1);

        /** Lets go. */
        @Actor
        public void holder(II_Result seen) {
            seen.r1 = holdAndUnlock(page);
        }

        /** Takes over. */
        @Actor
        public void waiter(II_Result seen) {
            ALARM.beforeSleep(page);
            LOCK.lock(page);
            seen.r2 = (int) PageStruct.privateWord(page) + (ALARM.afterSleep() ? OVERSLEPT : 0);
            LOCK.unlock(page);
        }

        /** Recycles the slot. */
        @Arbiter
        public void arbiter(II_Result seen) {
            PAGES.giveBack(page);
        }
    }
}
