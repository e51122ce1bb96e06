/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.guest.GuestAccess;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.memory.Errno;
import dev.quire.engine.rcu.RcuReader;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.HdrHistogram.Histogram;

/** Faults random pages in, in the state that they are in, until it is stopped; the result is the time of each fault. */
final class GuestFaultLoop implements Callable<Latencies> {
    private static final long SEED = 0x9_e57;
    private static final int DIGITS = 3;

    private final Quire engine;
    private final GuestMemory memory;
    private final PageRanges pages;
    private final CountDownLatch started = new CountDownLatch(1);
    private final Histogram nanos = new Histogram(DIGITS);
    private volatile boolean timed;
    private volatile boolean stopped;

    /**
     * Makes a loop.
     *
     * @param pages those it uses, at least one
     */
    GuestFaultLoop(Quire engine, GuestMemory memory, PageRanges pages) {
        this.engine = engine;
        this.memory = memory;
        this.pages = pages;
    }

    void awaitStart() throws InterruptedException {
        started.await();
    }

    /** Takes the time of faults that begin from now on, or does not. */
    void timed(boolean isTimed) {
        timed = isTimed;
    }

    void stop() {
        stopped = true;
    }

    /**
     * Faults.
     *
     * @throws LabException if a fault gives neither the page nor the answer that it was converted meanwhile
     */
    @Override
    public Latencies call() {
        SplittableRandom random = new SplittableRandom(SEED);
        try (RcuReader reader = engine.newReader()) {
            GuestAccess access = memory.newAccess(reader);
            started.countDown();
            // Once at least: else a loop that is stopped at once would tell nothing of a fault that fails.
            do {
                fault(access, pages.indexOf(random.nextLong(pages.nrPages())));
            } while (!stopped);
        } finally {
            // Nobody waits for a loop that could not begin.
            started.countDown();
        }
        return new Latencies(nanos);
    }

    private void fault(GuestAccess access, long index) {
        boolean asPrivate = !memory.isShared(index);
        boolean isTimed = timed;
        long before = System.nanoTime();
        long folio = access.guestFault(index, asPrivate);
        if (isTimed) {
            nanos.recordValue(System.nanoTime() - before);
        }
        if (folio > 0) {
            engine.folios().unpin(folio);
        } else if (folio != Errno.EACCES) {
            throw new LabException("fault at page " + index + " failed: " + Errno.name((int) folio));
        }
        // Else it was converted between the look at its state and the fault: that took as long.
    }
}
