/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import org.HdrHistogram.Histogram;

/** How long something took, each time that it was done. Immutable; the histogram is copied. */
public final class Latencies {
    private final Histogram nanos;

    /**
     * Takes what was measured.
     *
     * @param nanos how long it took each time, in ns
     */
    public Latencies(Histogram nanos) {
        this.nanos = nanos.copy();
    }

    /**
     * How long it took at most, in a share of all cases.
     *
     * @param percentile 0 to 100; 100 for the slowest
     * @return ns; 0 if it was never done
     */
    public long nanosAt(double percentile) {
        return nanos.getTotalCount() == 0 ? 0 : nanos.getValueAtPercentile(percentile);
    }

    /** {@return how often it was done} */
    public long count() {
        return nanos.getTotalCount();
    }

    /**
     * Puts two sets of measurements together.
     *
     * @param other how long the same took at other times
     * @return both
     */
    public Latencies plus(Latencies other) {
        Histogram both = nanos.copy();
        both.add(other.nanos);
        return new Latencies(both);
    }
}
