/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.folio.SplitPolicies;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Drives a {@link ReplayTarget} with the file operations of a trace, and anonymous memory with its memory operations.
 * Each run reads the trace anew, so that policies do not share caches and memory needs do not grow with the trace.
 */
public final class Replay {
    private final TraceSource source;
    private final ReplayTarget.Factory factory;
    private final LongConsumer progress;
    private final FileSizes initialSizes = new FileSizes();
    private final TraceSummary summary;

    /**
     * Reads the trace once, to learn how long its files are.
     *
     * @param source the trace
     * @param factory makes the targets
     * @param progress is told of each number of stored bytes read, now and in each run
     * @throws LabException if the trace cannot be read
     */
    public Replay(TraceSource source, ReplayTarget.Factory factory, LongConsumer progress) {
        this.source = source;
        this.factory = factory;
        this.progress = progress;
        this.summary = read(initialSizes);
    }

    /** {@return what the trace holds and what of it is skipped} */
    public TraceSummary summary() {
        return summary;
    }

    /**
     * Replays the trace.
     *
     * @param settings policy and limits
     * @param nrRepeats runs, at least 1; each with a new target
     * @return counts of one run, latencies of all
     * @throws LabException if the trace cannot be read, if the target fails, be it when it is made, measured or closed,
     *     or if two runs differ in more than latency
     * @throws IllegalArgumentException if there are no runs
     */
    public ReplayResult run(ReplaySettings settings, int nrRepeats) {
        if (nrRepeats < 1) {
            throw new IllegalArgumentException("number of runs out of range: nrRepeats=" + nrRepeats + ", min=1");
        }
        ReplayResult result = runOnce(settings);
        for (int repeat = 1; repeat < nrRepeats; repeat++) {
            result = merge(result, runOnce(settings));
        }
        return result;
    }

    private ReplayResult merge(ReplayResult first, ReplayResult next) {
        boolean sameMemory = first.memory().isPresent() == next.memory().isPresent()
                && first.memory().stream()
                        .allMatch(each -> each.hasSameCounts(next.memory().orElseThrow()));
        if (!sameMemory || !first.measurements().hasSameCounts(next.measurements())) {
            throw new LabException(source.name() + ": " + first.policy() + ": two runs left different memory");
        }
        Measurements merged = first.measurements().withLatenciesOf(next.measurements());
        Optional<MemoryMeasurements> memory =
                first.memory().map(each -> each.withLatenciesOf(next.memory().orElseThrow()));
        return new ReplayResult(first.policy(), first.nrOperations(), merged, memory);
    }

    private ReplayResult runOnce(ReplaySettings settings) {
        try {
            return replayOn(settings);
        } catch (LabException e) {
            throw e;
        } catch (RuntimeException | OutOfMemoryError e) {
            throw new LabException(source.name() + ": " + settings.policy() + ": the replay failed: " + e, e);
        }
    }

    private ReplayResult replayOn(ReplaySettings settings) {
        try (ReplayTarget target = factory.create(settings);
                AnonymousMemoryTarget memory = new AnonymousMemoryTarget(settings)) {
            TargetFiles files = new TargetFiles(target, initialSizes);
            TraceSink both = (lineNumber, operation) -> {
                if (operation instanceof TraceOperation.MemoryOperation onMemory) {
                    memory.accept(onMemory);
                } else {
                    files.accept(lineNumber, operation);
                }
            };
            read((lineNumber, operation) -> apply(both, settings.policy(), lineNumber, operation));
            return new ReplayResult(
                    settings.policy(),
                    files.nrOperations(),
                    target.measure(),
                    memory.nrOperations() == 0 ? Optional.empty() : Optional.of(memory.measure()));
        }
    }

    private void apply(TraceSink sink, SplitPolicies policy, long lineNumber, TraceOperation operation) {
        try {
            sink.accept(lineNumber, operation);
        } catch (RuntimeException | OutOfMemoryError e) {
            throw new LabException(
                    source.name() + ":" + lineNumber + ": " + policy + ": " + operation + " failed: " + e, e);
        }
    }

    private TraceSummary read(TraceSink sink) {
        try (InputStream text = source.open(progress)) {
            return TraceReader.read(source.name(), text, sink);
        } catch (IOException e) {
            throw LabException.unreadable(source.name(), e);
        }
    }
}
