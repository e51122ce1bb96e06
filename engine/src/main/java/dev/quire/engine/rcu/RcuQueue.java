/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import dev.quire.engine.machine.NativeMemory;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Objects of one kind on their way back: retired ones wait for a grace period, then the reclaimer gets them
 * (call_rcu). The queue is chained through a word inside the objects, so retiring allocates nothing.
 */
public final class RcuQueue {
    private static final long EMPTY = 0;

    private final Rcu rcu;
    private final long linkOffsetBytes;
    private final Reclaimer reclaimer;
    private final int retiredPerPoll;
    private final AtomicLong arriving = new AtomicLong(EMPTY);
    private final AtomicLong nrRetired = new AtomicLong();
    private final AtomicLong nrReclaimed = new AtomicLong();

    /** Head of the chain whose grace period is running; guarded by the domain's driver lock. */
    private long waiting = EMPTY;

    RcuQueue(Rcu rcu, long linkOffsetBytes, int retiredPerPoll, Reclaimer reclaimer) {
        this.rcu = rcu;
        this.linkOffsetBytes = linkOffsetBytes;
        this.retiredPerPoll = retiredPerPoll;
        this.reclaimer = reclaimer;
    }

    /**
     * Retires an object that new readers can no longer reach. Lock-free; every so many objects it tries to move grace
     * periods on.
     *
     * @param object address of the object; its link word is overwritten, all else stays readable
     */
    public void retire(long object) {
        retireChain(object, object, 1);
    }

    /**
     * Retires several objects at the cost of one: the caller has chained them through their link words. Lock-free.
     *
     * @param first address of the first object
     * @param last address of the last object; its link word is overwritten
     * @param nrObjects length of the chain
     */
    public void retireChain(long first, long last, long nrObjects) {
        long firstBefore;
        // Counted before they arrive: a barrier that reads the count takes no later object for one of these (I4).
        long nrBefore = nrRetired.getAndAdd(nrObjects);
        do {
            firstBefore = arriving.get();
            NativeMemory.setLong(last + linkOffsetBytes, firstBefore);
            // RMW: the links, and what was unlinked before, are visible to whoever takes the chain (I1).
        } while (!arriving.compareAndSet(firstBefore, first));
        if (nrBefore / retiredPerPoll != (nrBefore + nrObjects) / retiredPerPoll) {
            rcu.poll();
        }
    }

    /**
     * Objects retired and not yet reclaimed; exact while nobody retires or reclaims.
     *
     * @return number of objects
     */
    public long nrPending() {
        long reclaimed = nrReclaimed.get();
        return nrRetired.get() - reclaimed;
    }

    long nrRetired() {
        return nrRetired.get();
    }

    long nrReclaimed() {
        return nrReclaimed.get();
    }

    /**
     * Moves the arrived objects under the grace period about to start. The last one's objects are reclaimed already;
     * but those of one that could not be started still wait, and then the arrived ones wait for the next.
     *
     * @return whether any object waits for it
     */
    boolean startWaiting() {
        if (waiting == EMPTY && arriving.get() != EMPTY) {
            waiting = arriving.getAndSet(EMPTY);
        }
        return waiting != EMPTY;
    }

    /** Reclaims what waits. If the reclaimer throws, its object counts as reclaimed and the rest goes on waiting. */
    void reclaimWaiting() {
        long next = waiting;
        long nrObjects = 0;
        try {
            while (next != EMPTY) {
                long object = next;
                next = NativeMemory.getLong(object + linkOffsetBytes);
                nrObjects++;
                reclaimer.reclaim(object);
            }
        } finally {
            waiting = next;
            if (nrObjects > 0) {
                reclaimer.endOfBatch();
            }
            nrReclaimed.addAndGet(nrObjects);
        }
    }
}
