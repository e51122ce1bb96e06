/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress.lock;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.quire.engine.lock.OwnedLock;
import dev.quire.engine.struct.PageStruct;
import dev.quire.stress.Rendezvous;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Description;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * No increment of a plain word is lost if every thread makes it under a lock that knows its owner, and the owner finds
 * its hold there until it gives it back. First two numbers: how often each thread found the lock held. Third: the word
 * at the end.
 */
@JCStressTest
@Outcome(id = "0, 0, 8", expect = ACCEPTABLE, desc = "one after the other")
@Outcome(
        id = {"[0-4], [1-4], 8", "[1-4], [0-4], 8"},
        expect = ACCEPTABLE,
        desc = "window: one came while the other was at it")
@Outcome(expect = FORBIDDEN, desc = "an increment was lost, or the lock")
@Description("a lock that knows its owner: two threads wait for it")
@State
public class OwnedLockMutualExclusion extends Rendezvous {
    private static final int NR_ROUNDS = 4;
    private static final SharedPages PAGES = new SharedPages();

    private final long page = PAGES.take(0, 1);
    private final long lock = PageStruct.list(page);

    /** Makes the lock free, whatever the word was used for before. */
    public OwnedLockMutualExclusion() {
        OwnedLock.initialise(lock);
    }

    /** Increments. */
    @Actor
    public void left(III_Result seen) {
        meet();
        seen.r1 = lockAndIncrement();
    }

    /** Increments. */
    @Actor
    public void right(III_Result seen) {
        meet();
        seen.r2 = lockAndIncrement();
    }

    /** Counts and recycles the page. */
    @Arbiter
    public void arbiter(III_Result seen) {
        seen.r3 = (int) PageStruct.privateWord(page);
        OwnedLock.initialise(lock);
        PAGES.giveBack(page);
    }

    private int lockAndIncrement() {
        long threadId = Thread.currentThread().threadId();
        int nrWaits = 0;
        for (int round = 0; round < NR_ROUNDS; round++) {
            nrWaits += OwnedLock.holderId(OwnedLock.hold(lock)) == 0 ? 0 : 1;
            long hold = OwnedLock.lock(lock, threadId);
            GuardedCounter.increment(page);
            if (OwnedLock.hold(lock) != hold) {
                return GuardedCounter.LOST_LOCK;
            }
            OwnedLock.unlock(lock, hold);
        }
        return nrWaits;
    }
}
