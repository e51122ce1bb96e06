/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.mapping;

import dev.quire.engine.memory.AllocationFailures;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Lets the engines of a test have no memory for a moment, now and then. */
final class Starvation {
    private static final int MOST_SUCCESSES = 20;
    private static final long PLENTY_NANOS = TimeUnit.MILLISECONDS.toNanos(15);

    /** Longer than the page cache is patient, now and then. */
    private static final long STARVED_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

    private final AllocationFailures failures;
    private volatile boolean over;

    private Starvation(AllocationFailures failures) {
        this.failures = failures;
    }

    /** What a test does meanwhile. */
    @FunctionalInterface
    interface Work {
        void run() throws InterruptedException;
    }

    /** Does something while memory runs out now and then. */
    static void beside(AllocationFailures failures, SplittableRandom random, Work work) throws InterruptedException {
        Starvation starvation = new Starvation(failures);
        Thread thread = Thread.ofPlatform().start(() -> starvation.starve(random));
        try {
            work.run();
        } finally {
            starvation.over = true;
            thread.join();
        }
    }

    private void starve(SplittableRandom random) {
        while (!over) {
            failures.failAfter(random.nextInt(MOST_SUCCESSES));
            LockSupport.parkNanos(random.nextLong(STARVED_NANOS));
            failures.stop();
            LockSupport.parkNanos(random.nextLong(PLENTY_NANOS));
        }
    }
}
