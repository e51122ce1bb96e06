/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import java.time.Duration;

/** How long a fork runs a test: iterations, and the length of each. */
enum Effort {
    SHORT(2, Duration.ofMillis(100)),
    MEDIUM(5, Duration.ofMillis(300)),
    LONG(10, Duration.ofSeconds(1)),
    LONGEST(30, Duration.ofSeconds(1));

    private final int nrIterations;
    private final Duration iteration;

    Effort(int nrIterations, Duration iteration) {
        this.nrIterations = nrIterations;
        this.iteration = iteration;
    }

    int nrIterations() {
        return nrIterations;
    }

    Duration iteration() {
        return iteration;
    }
}
