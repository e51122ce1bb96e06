/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a reading of a trace met, and what of it was skipped. Not thread-safe. */
public final class TraceSummary {
    /** Malformed lines that are kept with their reasons; more are only counted. */
    public static final int MAX_MALFORMED_LINES_KEPT = 20;

    private final Map<Class<? extends TraceOperation>, Long> operations = new HashMap<>();
    private final SortedMap<String, Long> unknownCalls = new TreeMap<>();
    private final List<MalformedLine> malformedLines = new ArrayList<>();
    private long nrLines;
    private long nrMemoryCalls;
    private long nrFailedCalls;
    private long nrUnreturnedCalls;
    private long nrNonFileCalls;
    private long nrMalformedLines;

    TraceSummary() {}

    /**
     * Number of operations of one kind.
     *
     * @param kind one of the records of {@link TraceOperation}
     * @return how many the trace holds
     */
    public long count(Class<? extends TraceOperation> kind) {
        return operations.getOrDefault(kind, 0L);
    }

    /** {@return lines read} */
    public long nrLines() {
        return nrLines;
    }

    /** {@return calls on memory maps} */
    public long nrMemoryCalls() {
        return nrMemoryCalls;
    }

    /** {@return calls that returned an error} */
    public long nrFailedCalls() {
        return nrFailedCalls;
    }

    /** {@return calls that never returned, among them the exits} */
    public long nrUnreturnedCalls() {
        return nrUnreturnedCalls;
    }

    /** {@return reads, writes and the like on sockets, pipes, terminals, devices and directories} */
    public long nrNonFileCalls() {
        return nrNonFileCalls;
    }

    /** {@return how often each call came that the lab does not know, by name} */
    public SortedMap<String, Long> unknownCalls() {
        return Collections.unmodifiableSortedMap(unknownCalls);
    }

    /** {@return lines that could not be understood} */
    public long nrMalformedLines() {
        return nrMalformedLines;
    }

    /** {@return the first {@value #MAX_MALFORMED_LINES_KEPT} of them} */
    public List<MalformedLine> malformedLines() {
        return Collections.unmodifiableList(malformedLines);
    }

    void addLine() {
        nrLines++;
    }

    void addOperation(TraceOperation operation) {
        operations.merge(operation.getClass(), 1L, Long::sum);
        if (operation instanceof TraceOperation.MemoryOperation) {
            nrMemoryCalls++;
        }
    }

    void addFailedCall() {
        nrFailedCalls++;
    }

    void addUnreturnedCalls(long count) {
        nrUnreturnedCalls += count;
    }

    void addNonFileCall() {
        nrNonFileCalls++;
    }

    void addUnknownCall(String name) {
        unknownCalls.merge(name, 1L, Long::sum);
    }

    void addMalformedLine(MalformedLine line) {
        nrMalformedLines++;
        if (malformedLines.size() < MAX_MALFORMED_LINES_KEPT) {
            malformedLines.add(line);
        }
    }
}
