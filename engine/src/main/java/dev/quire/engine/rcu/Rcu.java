/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One RCU domain: its readers, its grace periods, its queues of retired objects.
 *
 * <p>A grace period covers everything retired before it began. It begins with a barrier against all readers and a
 * snapshot of those in a section, and is over when each of them has left that section (M. Desnoyers, P. McKenney et
 * al., User-Level Implementations of Read-Copy Update, 2012, the memb scheme).
 *
 * <p>Thread-safe. {@link #poll} never waits. {@link #synchronize}, {@link #barrier} and {@link #close} wait for readers
 * and must not be called from inside a read section, nor with a lock held that a reader may wait for inside one: each
 * would wait for the other. Other locks, as those of calls that sleep, may be held.
 */
public final class Rcu implements AutoCloseable {
    private static final RcuReader[] NOBODY = {};

    private static final int RETIRED_PER_POLL = 64;

    private final ReaderRegistry registry;
    private final ReentrantLock driver = new ReentrantLock();
    private volatile RcuQueue[] queues = {};

    private boolean graceRunning;
    private RcuReader[] awaited = NOBODY;
    private long[] awaitedSequences = {};
    private int nrAwaited;

    /**
     * Makes a domain.
     *
     * @param mode who pays for ordering a reader's entry
     * @throws IllegalArgumentException if the mode is {@code MEMBARRIER} and the system does not grant it
     */
    public Rcu(BarrierMode mode) {
        registry = new ReaderRegistry(mode);
    }

    /**
     * Whether writers order readers with membarrier(2).
     *
     * @return false if every read section begins with a full fence
     */
    public boolean usesMembarrier() {
        return registry.usesMembarrier();
    }

    /**
     * Registers a reader, for one thread at a time. Takes a monitor and allocates.
     *
     * @return the reader; close it when its thread is done
     * @throws IllegalStateException if the domain is closed
     */
    public RcuReader register() {
        return registry.register();
    }

    /**
     * Checks at the public edge that a reader is one of this domain: the sections of any other protect nothing here.
     *
     * @param reader a reader
     * @throws IllegalArgumentException if another domain registered it
     */
    public void requireOwn(RcuReader reader) {
        if (!reader.isOf(registry)) {
            throw new IllegalArgumentException("the reader belongs to another engine");
        }
    }

    /**
     * Adds a queue for one kind of object.
     *
     * @param linkOffsetBytes offset of a word in each object that may be overwritten once it is retired
     * @param reclaimer gets each object after its grace period
     * @return the queue
     */
    public RcuQueue newQueue(long linkOffsetBytes, Reclaimer reclaimer) {
        return newQueue(linkOffsetBytes, RETIRED_PER_POLL, reclaimer);
    }

    /**
     * Adds a queue for one kind of object.
     *
     * @param linkOffsetBytes offset of a word in each object that may be overwritten once it is retired
     * @param retiredPerPoll after how many retired objects to try to move grace periods on, at least 1: the more, the
     *     more memory waits, and the less often running readers are interrupted
     * @param reclaimer gets each object after its grace period
     * @return the queue
     * @throws IllegalArgumentException if {@code retiredPerPoll} is less than 1
     */
    public synchronized RcuQueue newQueue(long linkOffsetBytes, int retiredPerPoll, Reclaimer reclaimer) {
        if (retiredPerPoll < 1) {
            throw new IllegalArgumentException(
                    "retiredPerPoll out of range: retiredPerPoll=" + retiredPerPoll + ", min=1");
        }
        RcuQueue queue = new RcuQueue(this, linkOffsetBytes, retiredPerPoll, reclaimer);
        RcuQueue[] extended = Arrays.copyOf(queues, queues.length + 1);
        extended[queues.length] = queue;
        queues = extended;
        return queue;
    }

    /**
     * Reclaims what can be reclaimed now and begins a grace period for the rest, without waiting for readers or for
     * another thread that does the same.
     *
     * @return true if some grace period ended
     */
    public boolean poll() {
        if (driver.isHeldByCurrentThread() || !driver.tryLock()) {
            return false;
        }
        try {
            boolean ended = endGracePeriod();
            if (!graceRunning && beginGracePeriod()) {
                ended |= endGracePeriod();
            }
            return ended;
        } finally {
            driver.unlock();
        }
    }

    /**
     * Waits for a full grace period: every section that was running when this was called has ended; those that begin
     * meanwhile are not waited for. A caller inside a section of its own would wait for itself for ever. Allocates.
     */
    public void synchronize() {
        registry.awaitSections();
    }

    /** Waits until everything retired before this call is reclaimed (rcu_barrier). */
    public void barrier() {
        for (RcuQueue queue : queues) {
            // Objects are counted before they arrive and reclaimed with all that arrived before them, so a count says
            // which are through.
            long nrRetiredBefore = queue.nrRetired();
            for (int attempt = 0; queue.nrReclaimed() < nrRetiredBefore; attempt++) {
                if (!poll()) {
                    ReaderRegistry.pause(attempt);
                }
            }
        }
    }

    /** Refuses new read sections, waits for those that are running, and reclaims everything retired. */
    @Override
    public void close() {
        registry.close();
        barrier();
    }

    private boolean beginGracePeriod() {
        boolean wanted = false;
        for (RcuQueue queue : queues) {
            wanted |= queue.startWaiting();
        }
        if (wanted) {
            registry.orderAgainstReaders();
            snapshotReaders();
            graceRunning = true;
        }
        return wanted;
    }

    private boolean endGracePeriod() {
        if (!graceRunning || !awaitedHaveLeft()) {
            return false;
        }
        for (RcuQueue queue : queues) {
            queue.reclaimWaiting();
        }
        // Last: if a reclaimer throws, the next poll goes on with what still waits.
        graceRunning = false;
        return true;
    }

    private void snapshotReaders() {
        RcuReader[] readers = registry.readers();
        if (awaited.length < readers.length) {
            RcuReader[] largerAwaited = new RcuReader[readers.length * 2];
            awaitedSequences = new long[readers.length * 2];
            // Last: without Java memory for both, neither is in use.
            awaited = largerAwaited;
        }
        nrAwaited = 0;
        for (RcuReader reader : readers) {
            long sequence = reader.sequenceAcquire();
            if (ReaderSequence.isInSection(sequence)) {
                awaited[nrAwaited] = reader;
                awaitedSequences[nrAwaited++] = sequence;
            }
        }
    }

    private boolean awaitedHaveLeft() {
        while (nrAwaited > 0) {
            int last = nrAwaited - 1;
            if (awaited[last].sequenceAcquire() == awaitedSequences[last]) {
                return false;
            }
            nrAwaited = last;
        }
        Arrays.fill(awaited, null);
        return true;
    }
}
