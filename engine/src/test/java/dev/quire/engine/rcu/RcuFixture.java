/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.rcu;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.quire.engine.machine.LinuxCalls;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/** Domains of either barrier mode, and objects to retire in them. */
abstract class RcuFixture {
    static final long OBJECT_BYTES = 64;
    static final long LINK_OFFSET_BYTES = 8;
    static final Duration LONG_ENOUGH = Duration.ofSeconds(20);

    /** Where objects come from. */
    final Arena arena = Arena.ofShared();

    /** What was reclaimed, by tests that say so. */
    final List<Long> reclaimed = new ArrayList<>();

    @AfterEach
    final void close() {
        arena.close();
    }

    static Rcu open(BarrierMode mode) {
        assumeTrue(
                mode != BarrierMode.MEMBARRIER || (LinuxCalls.areAvailable() && LinuxCalls.registerMembarrier()),
                "the system does not grant membarrier");
        return new Rcu(mode);
    }

    long newObject() {
        return arena.allocate(OBJECT_BYTES, OBJECT_BYTES).address();
    }

    static void assertStaysAlive(Thread waiter) throws InterruptedException {
        assertFalse(waiter.join(Duration.ofMillis(50)), "did not wait");
    }
}
