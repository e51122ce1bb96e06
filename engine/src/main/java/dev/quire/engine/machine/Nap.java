/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.machine;

import java.util.concurrent.locks.LockSupport;

/** How a thread waits for what nobody will tell it of. */
public final class Nap {
    private Nap() {}

    /**
     * Sleeps. An interrupt neither ends that nor is lost: it brings nothing of what is waited for, and a thread that
     * parks with one pending does not sleep, but takes the processor from those it waits for.
     *
     * @param nanos how long, in nanoseconds; nothing happens below 1
     */
    public static void sleep(long nanos) {
        long start = System.nanoTime();
        boolean interrupted = Thread.interrupted();
        for (long left = nanos; left > 0; left = nanos - (System.nanoTime() - start)) {
            LockSupport.parkNanos(left);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
