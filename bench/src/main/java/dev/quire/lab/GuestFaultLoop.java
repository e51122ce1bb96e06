/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.guest.GuestAccess;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.rcu.RcuReader;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.HdrHistogram.Histogram;

/** Faults random pages in, in the state that they are in, until it is stopped. */
final class GuestFaultLoop implements Runnable {
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

    /** Time of each fault, once the thread has ended. */
    Latencies latencies() {
        return new Latencies(nanos);
    }

    @Override
    public void run() {
        SplittableRandom random = new SplittableRandom(SEED);
        try (RcuReader reader = engine.newReader()) {
            GuestAccess access = memory.newAccess(reader);
            started.countDown();
            while (!stopped) {
                long index = pages.indexOf(random.nextLong(pages.nrPages()));
                boolean asPrivate = !memory.isShared(index);
                boolean isTimed = timed;
                long before = System.nanoTime();
                long folio = access.guestFault(index, asPrivate);
                if (isTimed) {
                    nanos.recordValue(System.nanoTime() - before);
                }
                // Negative if the page was converted in between: that took as long.
                if (folio > 0) {
                    engine.folios().unpin(folio);
                }
            }
        }
    }
}
