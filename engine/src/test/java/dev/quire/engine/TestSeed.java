/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import java.util.SplittableRandom;

/** The seed of all random tests of a run: {@code -Dquire.seed=N}, else a fresh one, printed so that it can be set. */
public final class TestSeed {
    /** Seed of this run. */
    public static final long VALUE = Long.getLong("quire.seed", System.nanoTime());

    private TestSeed() {}

    /**
     * A generator for one test, and a line that says how to get the same again.
     *
     * @param test who asks; tests that share the run's seed get different numbers
     * @return the generator
     */
    public static SplittableRandom random(String test) {
        System.out.println(test + ": " + asOption());
        return new SplittableRandom(VALUE ^ test.hashCode());
    }

    /**
     * How to run with this seed again; for failure messages.
     *
     * @return the option
     */
    public static String asOption() {
        return "-Dquire.seed=" + VALUE;
    }
}
