/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AllocationFailuresTest {
    private final AllocationFailures failures = new AllocationFailures();

    @Test
    void nothingFailsAtFirst() {
        assertEquals(0, failuresOf(1000));
    }

    @Test
    void failsEveryAllocationAfterTheAllowedOnes() {
        failures.failAfter(3);
        assertFalse(failures.shouldFail());
        assertFalse(failures.shouldFail());
        assertFalse(failures.shouldFail());
        assertEquals(100, failuresOf(100));
    }

    @Test
    void failsAtOnce() {
        failures.failAfter(0);
        assertTrue(failures.shouldFail());
    }

    @Test
    void stopEndsFailing() {
        failures.failAfter(0);
        assertTrue(failures.shouldFail());
        failures.stop();
        assertEquals(0, failuresOf(1000));
    }

    @Test
    void theLargestNumberNeverFails() {
        failures.failAfter(Long.MAX_VALUE);
        assertEquals(0, failuresOf(1000));
    }

    @Test
    void aNegativeNumberIsRefusedAndChangesNothing() {
        failures.failAfter(1);
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, () -> failures.failAfter(-1));
        assertEquals("nrSuccesses out of range: nrSuccesses=-1, min=0", refused.getMessage());
        assertFalse(failures.shouldFail());
        assertTrue(failures.shouldFail());
    }

    @Test
    void threadsTogetherGetExactlyTheAllowedNumber() {
        failures.failAfter(10_000);
        long nrFailed = IntStream.range(0, 4)
                .parallel()
                .mapToLong(thread -> failuresOf(5_000))
                .sum();
        assertEquals(10_000, nrFailed);
    }

    private long failuresOf(int nrAllocations) {
        return IntStream.range(0, nrAllocations)
                .filter(i -> failures.shouldFail())
                .count();
    }
}
