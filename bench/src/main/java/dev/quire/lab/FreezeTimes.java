/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.folio.SplitObserver;
import dev.quire.engine.memory.Errno;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import org.openjdk.jmh.util.SampleBuffer;

/**
 * How long folios were frozen, as the thread that split them saw it: by the clock, and how much of that it ran. A
 * thread that loses its processor within a freeze keeps readers waiting by no fault of the engine's; the running time
 * leaves that out.
 *
 * <p>All splits are those of one thread. The results may be read once it has ended.
 */
final class FreezeTimes implements SplitObserver {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final SampleBuffer frozenNanos = new SampleBuffer();
    private final SampleBuffer ranNanos = new SampleBuffer();
    private volatile boolean started;
    private long cpuNanosBefore;

    /** Begins to keep what is observed. */
    void start() {
        started = true;
    }

    /** To be called by the splitting thread before each split; between the stages of one it need not be. */
    void beforeSplit() {
        cpuNanosBefore = THREADS.getCurrentThreadCpuTime();
    }

    @Override
    public void split(int order, long nrPieces, int result, long nanos, long frozen) {
        long cpuNanos = THREADS.getCurrentThreadCpuTime();
        if (started && result == Errno.OK) {
            frozenNanos.add(frozen);
            // The thread ran before and after the freeze, too: this is an upper bound.
            ranNanos.add(Math.min(frozen, cpuNanos - cpuNanosBefore));
        }
        cpuNanosBefore = cpuNanos;
    }

    /** {@return time of each freeze by the clock, in ns} */
    SampleBuffer frozenNanos() {
        return frozenNanos;
    }

    /** {@return how much of each freeze the thread ran at the most, in ns} */
    SampleBuffer ranNanos() {
        return ranNanos;
    }
}
