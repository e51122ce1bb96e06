/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.guest.GuestMemory;
import dev.quire.engine.guest.GuestSplitPolicy;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;

/**
 * Performs a scenario again and again for some time, each time on memory that is private and not populated: first as
 * long to warm up, then to measure. Without time it is performed once.
 */
final class GuestRounds {
    private static final int DIGITS = 3;

    private final GuestScenario scenario;
    private final GuestSplitPolicy policy;
    private final long nanos;
    private final Histogram conversionNanos = new Histogram(DIGITS);
    private final Histogram freezeNanos = new Histogram(DIGITS);
    private final Histogram freezeBesideNanos = new Histogram(DIGITS);

    /**
     * Makes the rounds of a scenario under a policy.
     *
     * @param nanos how long to measure, in ns; 0 for one round
     */
    GuestRounds(GuestScenario scenario, GuestSplitPolicy policy, long nanos) {
        this.scenario = scenario;
        this.policy = policy;
        this.nanos = nanos;
    }

    /** Measures conversions beside which nothing runs. */
    GuestConversions conversions() {
        try (Quire engine = scenario.newEngine()) {
            if (nanos > 0) {
                try (GuestMemory memory = scenario.newMemory(engine, policy)) {
                    perform(memory, isMeasured -> {});
                }
            }
            conversionNanos.reset();
            freezeNanos.reset();
            freezeBesideNanos.reset();
            try (GuestMemory memory = scenario.newMemory(engine, policy)) {
                perform(memory, isMeasured -> {});
                return new GuestConversions(
                        new Latencies(conversionNanos), new Latencies(freezeNanos), new Latencies(freezeBesideNanos));
            }
        }
    }

    /**
     * Measures the faults of a thread beside the steps that follow the first allocations.
     *
     * @param pages those that the thread uses
     * @return time of each fault; none if there are no pages
     * @throws InterruptedException if the thread is interrupted
     * @throws LabException if memory is out, or the thread that faults has died
     */
    Latencies faultsOn(PageRanges pages) throws InterruptedException {
        if (pages.nrPages() == 0) {
            return new Latencies(new Histogram(DIGITS));
        }
        try (Quire engine = scenario.newEngine()) {
            if (nanos > 0) {
                faultsOn(pages, engine);
            }
            return faultsOn(pages, engine);
        }
    }

    private Latencies faultsOn(PageRanges pages, Quire engine) throws InterruptedException {
        try (GuestMemory memory = scenario.newMemory(engine, policy)) {
            GuestFaultLoop loop = new GuestFaultLoop(engine, memory, pages);
            FutureTask<Latencies> faults = new FutureTask<>(loop);
            Thread thread = new Thread(faults, "guest");
            thread.start();
            try {
                loop.awaitStart();
                perform(memory, loop::timed);
            } finally {
                loop.stop();
                thread.join();
            }
            return latenciesOf(faults);
        }
    }

    private static Latencies latenciesOf(FutureTask<Latencies> faults) throws InterruptedException {
        try {
            return faults.get();
        } catch (ExecutionException e) {
            throw new LabException("the thread that faults has died: " + e.getCause(), e);
        }
    }

    private void perform(GuestMemory memory, Consumer<Boolean> whileMeasured) {
        long start = System.nanoTime();
        performOnce(memory, whileMeasured);
        while (System.nanoTime() - start < nanos) {
            scenario.all(GuestOperation.Kind.PRIVATE).perform(memory);
            scenario.all(GuestOperation.Kind.HOLE).perform(memory);
            performOnce(memory, whileMeasured);
        }
    }

    private void performOnce(GuestMemory memory, Consumer<Boolean> whileMeasured) {
        boolean populated = false;
        for (GuestOperation operation : scenario.operations()) {
            if (!populated && operation.kind() != GuestOperation.Kind.ALLOCATE) {
                populated = true;
                whileMeasured.accept(true);
            }
            if (operation.kind().isConversion()) {
                convert(memory, operation);
            } else {
                operation.perform(memory);
            }
        }
        whileMeasured.accept(false);
    }

    private void convert(GuestMemory memory, GuestOperation conversion) {
        long sequence = memory.invalidateSequence();
        long before = System.nanoTime();
        conversion.perform(memory);
        conversionNanos.recordValue(System.nanoTime() - before);
        if (memory.invalidateSequence() == sequence) {
            // The range was in that state already: the last freezes are an earlier conversion's.
            return;
        }
        freezeNanos.recordValue(memory.lastFreezeNanos());
        freezeBesideNanos.recordValue(memory.lastFreezeBesideNanos());
    }
}
