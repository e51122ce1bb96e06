/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.guest.GuestSplitPolicy;

/**
 * A guest scenario under one policy: what the memory then consists of, and what conversions and faults cost.
 *
 * @param counts what it consists of
 * @param conversions how long conversions take
 * @param faultsConverted time of the faults of a thread that uses pages which the scenario converts, beside it
 * @param faultsElsewhere time of the faults of one that uses the other pages
 */
record GuestRun(
        GuestCounts counts, GuestConversions conversions, Latencies faultsConverted, Latencies faultsElsewhere) {
    /**
     * Runs a scenario: once to count, then for each of the three other results.
     *
     * @param nanos how long to measure each, in ns, with as long to warm up; 0 to perform it once each
     * @throws InterruptedException if the thread is interrupted
     * @throws LabException if memory is out
     */
    static GuestRun of(GuestScenario scenario, GuestSplitPolicy policy, long nanos) throws InterruptedException {
        GuestRounds rounds = new GuestRounds(scenario, policy, nanos);
        PageRanges converted = PageRanges.convertedBy(scenario);
        return new GuestRun(
                GuestCounts.of(scenario, policy),
                rounds.conversions(),
                rounds.faultsOn(converted),
                rounds.faultsOn(converted.complement(scenario.nrPages())));
    }
}
