/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.Quire;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.pagetable.Advice;
import dev.quire.engine.pagetable.PageTableEntry;
import dev.quire.engine.pagetable.PageTables;
import dev.quire.engine.pagetable.Protection;
import dev.quire.engine.rcu.RcuReader;
import java.util.HashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * The anonymous memory of all processes of a trace, in an engine of its own. While it is over the memory budget after a
 * call, partly mapped folios are split, until there are none (as over memory.high of a cgroup).
 *
 * <p>A trace does not show faults, so first touches are assumed: when a range becomes writable, its first pages, as
 * many as {@link MemorySettings#touchPercent} says, are written to at once, in order of their address. An {@code mmap}
 * of more than 1 GiB with {@code MAP_NORESERVE} touches nothing: programs map so what they use little of, terabytes of
 * it; but what {@code mprotect} makes writable of that, or {@code mremap} adds to it, is taken to be used. What was
 * given up with {@code MADV_DONTNEED} or {@code MADV_FREE} is not touched again. Mappings of files and shared memory are counted
 * and not replayed; after a {@code fork} the child begins with nothing; the memory of a process that ends stays.
 */
final class AnonymousMemoryTarget implements AutoCloseable {
    private static final long CAPACITY_BYTES = 1L << 38;

    /** Allocators such as jemalloc map all of their memory without reserve, but never so much of it at once. */
    private static final long MAX_UNRESERVED_BYTES = 1L << 30;

    private static final int SIGNIFICANT_DIGITS = 3;

    private final ReplaySettings settings;
    private final Histogram faultNanos = new Histogram(SIGNIFICANT_DIGITS);
    private final MeasuredEngine measured;
    private final Quire engine;
    private final RcuReader reader;
    private final Map<Integer, TracedProcess> processes = new HashMap<>();

    /** All there ever were, and what those held that have ended. */
    private int nrProcesses;

    private long nrPagesVerified;
    private long nrOperations;
    private long nrFileMappings;
    private long peakResidentBytes;
    private long nrFaults;
    private long nrHugeFaults;
    private long nrCallsRefused;
    private long nrPagesFreed;

    AnonymousMemoryTarget(ReplaySettings settings) {
        this.settings = settings;
        measured = new MeasuredEngine(settings, CAPACITY_BYTES);
        engine = measured.engine();
        reader = engine.newReader();
    }

    /** Operations that changed anonymous memory, or might have. */
    long nrOperations() {
        return nrOperations;
    }

    void accept(TraceOperation.MemoryOperation operation) {
        int pid = operation.pid();
        switch (operation) {
            case TraceOperation.Map map -> map(map);
            case TraceOperation.Unmap unmap -> process(pid).unmap(unmap.address(), unmap.lengthBytes());
            case TraceOperation.Remap move ->
                process(pid).remap(move.oldAddress(), move.oldLengthBytes(), move.newAddress(), move.newLengthBytes());
            case TraceOperation.Protect protect ->
                process(pid).protect(protect.address(), protect.lengthBytes(), protection(protect.protection()));
            case TraceOperation.Advise advise -> advise(advise);
            case TraceOperation.Break heap -> process(pid).setBreak(heap.address());
            case TraceOperation.Execute execute -> end(pid);
        }
        nrOperations += operation instanceof TraceOperation.Execute ? 0 : 1;
        shrinkToBudget();
        peakResidentBytes = Math.max(peakResidentBytes, residentBytes());
    }

    private void shrinkToBudget() {
        long budgetBytes = settings.memory().budgetBytes();
        boolean over = budgetBytes != MemorySettings.NO_BUDGET && residentBytes() > budgetBytes;
        for (TracedProcess process : processes.values()) {
            while (over && process.memory().shrink() > 0) {
                over = residentBytes() > budgetBytes;
            }
        }
    }

    private void map(TraceOperation.Map map) {
        TracedProcess process = process(map.pid());
        if (map.flags().contains("MAP_ANONYMOUS") && map.flags().contains("MAP_PRIVATE")) {
            process.map(
                    map.address(),
                    map.lengthBytes(),
                    protection(map.protection()),
                    map.lengthBytes() <= MAX_UNRESERVED_BYTES || !map.flags().contains("MAP_NORESERVE"));
        } else {
            nrFileMappings++;
            process.unmap(map.address(), map.lengthBytes());
        }
    }

    private void advise(TraceOperation.Advise advise) {
        TracedProcess process = process(advise.pid());
        switch (advise.advice()) {
            case "MADV_DONTNEED" -> process.advise(advise.address(), advise.lengthBytes(), Advice.DONT_NEED);
            case "MADV_FREE" -> process.advise(advise.address(), advise.lengthBytes(), Advice.FREE);
            case "MADV_HUGEPAGE" -> process.advise(advise.address(), advise.lengthBytes(), Advice.HUGE_PAGE);
            case "MADV_NOHUGEPAGE" -> process.advise(advise.address(), advise.lengthBytes(), Advice.NO_HUGE_PAGE);
            default -> {}
        }
    }

    private static Protection protection(String printed) {
        if (printed.contains("PROT_WRITE")) {
            return Protection.READ_WRITE;
        }
        return printed.contains("PROT_NONE") ? Protection.NONE : Protection.READ;
    }

    private TracedProcess process(int pid) {
        return processes.computeIfAbsent(
                pid,
                _ -> new TracedProcess(
                        engine,
                        engine.newAnonymousMemory(
                                settings.policy(), settings.memory().largeFolios()),
                        reader,
                        settings.memory().touchPercent(),
                        faultNanos,
                        ++nrProcesses));
    }

    /** Takes over the counts of a process whose memory goes, after a last look at it. */
    private void end(int pid) {
        TracedProcess process = processes.remove(pid);
        if (process != null) {
            nrPagesVerified += process.verify();
            addCounts(process);
            process.close();
        }
    }

    private void addCounts(TracedProcess process) {
        for (int order = 0; order <= Geometry.PMD_ORDER; order++) {
            nrFaults += process.memory().nrFaults(order);
        }
        nrHugeFaults += process.memory().nrFaults(Geometry.PMD_ORDER);
        nrCallsRefused += process.nrCallsRefused();
        nrPagesFreed += process.memory().nrPagesFreedByShrinker();
    }

    private long residentBytes() {
        long bytes = 0;
        for (int order = 0; order < Geometry.NR_ORDERS; order++) {
            bytes += engine.accounting().counters().nrAnonymous(order) * Geometry.bytesIn(order);
        }
        return bytes;
    }

    /** Looks at everything; to be called once, at the end. */
    MemoryMeasurements measure() {
        long nrVerified = nrPagesVerified;
        long nrTables = 0;
        long[] mappedBytes = new long[Geometry.NR_ORDERS];
        for (TracedProcess process : processes.values()) {
            nrVerified += process.verify();
            nrTables += process.memory().tables().nrTables();
            addCounts(process);
            addMapped(process, mappedBytes);
        }
        long mapped = 0;
        for (long bytes : mappedBytes) {
            mapped += bytes;
        }
        return new MemoryMeasurements(
                folios(nrTables),
                new Latencies(faultNanos),
                nrFaults,
                nrCallsRefused,
                nrHugeFaults,
                mapped,
                mappedBytes[Geometry.PMD_ORDER],
                peakResidentBytes,
                engine.accounting().counters().nrDeferredSplits(),
                engine.accounting().deferredSplits().nrFolios(),
                nrPagesFreed,
                nrFileMappings,
                nrVerified);
    }

    private Measurements folios(long nrTables) {
        long[] foliosByOrder = new long[Geometry.NR_ORDERS];
        for (int order = 0; order < Geometry.NR_ORDERS; order++) {
            foliosByOrder[order] = engine.accounting().counters().nrAnonymous(order);
        }
        return new Measurements(
                engine.splitStatistics().nrSplits(),
                foliosByOrder,
                nrTables,
                nrTables * Geometry.PAGE_BYTES,
                engine.splitStatistics().metadataBytesWritten(),
                measured.splitLatencies());
    }

    /** Adds up mapped bytes by the order of the folio that they lie in. */
    private void addMapped(TracedProcess process, long[] mappedBytes) {
        process.memory()
                .tables()
                .newWalker(reader)
                .forEachLeaf(0, PageTables.ADDRESS_END, (address, leafOrder, entry) -> {
                    long page = engine.arena().pageAt(PageTableEntry.pfn(entry));
                    int order = engine.folios().order(engine.folios().headOf(page));
                    mappedBytes[order] += Geometry.bytesIn(leafOrder);
                });
    }

    @Override
    public void close() {
        processes.values().forEach(TracedProcess::close);
        reader.close();
        measured.close();
    }
}
