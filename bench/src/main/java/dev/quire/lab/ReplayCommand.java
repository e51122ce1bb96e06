/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quire replay}. */
@Command(
        name = "replay",
        description = {
            "Replays the operations of strace output on files and on anonymous memory, once per split policy, and"
                + " prints what is left in memory. A range of memory is taken to be written to when mmap, mprotect,"
                + " mremap or brk makes it writable, but not by an mmap of more than 1 GiB with MAP_NORESERVE; every"
                + " page written to is verified at the end. Files have no contents unless --verify is given.",
            "FILE is text or text compressed by gzip; any of strace's options will do, -f -y gives the best picture."
        },
        footer = {
            "",
            "Example:",
            "  strace -f -y -o build.strace make",
            "  quire replay --policy UNIFORM --policy RANGE build.strace"
        })
final class ReplayCommand implements Callable<Integer> {
    private static final long MAX_BUDGET_MIB = 1L << 18;

    private final ReplayTarget.Factory factory;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Output of strace.")
    private List<Path> files;

    @Option(
            names = "--max-order",
            paramLabel = "N",
            description = "Largest folio in log2 pages, 0 to 18 (default: ${DEFAULT-VALUE}, which is 2 MiB).")
    private int maxOrder = ReplaySettings.DEFAULT_MAX_ORDER;

    @Option(
            names = "--policy",
            paramLabel = "P",
            description =
                    "How folios are split: ${COMPLETION-CANDIDATES}; may be repeated (default: all, but STAGED only if"
                            + " --max-order is above 9). STAGED splits uniformly by at most 9 orders at a time, and a"
                            + " second time only what is still covered in part; up to order 9, and so for anonymous"
                            + " memory, it is UNIFORM.")
    private Set<SplitPolicies> policies = EnumSet.noneOf(SplitPolicies.class);

    @Option(
            names = "--head-map",
            paramLabel = "MAP",
            description = "How pages find their head: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private HeadMapKind headMap = HeadMapKind.HEAD_BITS;

    @Option(
            names = "--large-folios",
            paramLabel = "RULE",
            description = "Folios of anonymous memory: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private LargeFolioRule largeFolios = LargeFolioRule.ALWAYS_2_MIB;

    @Option(
            names = "--touch",
            paramLabel = "PERCENT",
            description = "How much of anonymous memory is touched, 0 to 100 (default: ${DEFAULT-VALUE}).")
    private int touchPercent = MemorySettings.DEFAULT.touchPercent();

    @Option(
            names = "--memory-budget",
            paramLabel = "MIB",
            description = "Split partly mapped anonymous folios while they take more MiB (default: no limit).")
    private long memoryBudgetMib = MemorySettings.NO_BUDGET;

    @Option(
            names = "--verify",
            description = "Replay file operations on temporary files through a small page cache, and compare each byte"
                    + " read, and all at the end, with plain files.")
    private boolean verify;

    @Option(names = "--csv", description = "Print comma-separated values.")
    private boolean csv;

    @Option(
            names = "--repeat",
            paramLabel = "N",
            description = "Replay N times per policy, for better latencies (default: ${DEFAULT-VALUE}).")
    private int nrRepeats = 1;

    ReplayCommand(ReplayTarget.Factory factory) {
        this.factory = factory;
    }

    @Override
    public Integer call() throws IOException {
        List<ReplaySettings> settings = settings();
        List<TraceSource> sources = new ArrayList<>();
        for (Path file : files) {
            sources.add(source(file));
        }
        try (ProgressBar progress = ProgressBar.onTerminal(bytesToRead(sources, settings.size()))) {
            for (TraceSource source : sources) {
                replay(source, source == sources.getFirst(), settings, progress);
            }
        }
        return ExitCode.OK;
    }

    private List<ReplaySettings> settings() {
        if (nrRepeats < 1) {
            throw new ParameterException(spec.commandLine(), "repeat out of range: --repeat=" + nrRepeats + ", min=1");
        }
        Set<SplitPolicies> chosen =
                policies.isEmpty() ? ReplaySettings.differingPolicies(maxOrder) : EnumSet.copyOf(policies);
        try {
            MemorySettings memory = memorySettings();
            return chosen.stream()
                    .map(policy -> new ReplaySettings(policy, maxOrder, headMap, memory))
                    .toList();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private MemorySettings memorySettings() {
        if (memoryBudgetMib < 0 || memoryBudgetMib > MAX_BUDGET_MIB) {
            throw new ParameterException(
                    spec.commandLine(),
                    "budget out of range: --memory-budget=" + memoryBudgetMib + ", max=" + MAX_BUDGET_MIB);
        }
        return new MemorySettings(largeFolios.orders(), touchPercent, memoryBudgetMib << 20);
    }

    private TraceSource source(Path file) throws IOException {
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw new ParameterException(spec.commandLine(), "not a readable file: " + file);
        }
        return TraceSource.file(file);
    }

    private long bytesToRead(List<TraceSource> sources, int nrPolicies) {
        long readings = 1 + (long) nrPolicies * nrRepeats;
        return sources.stream().mapToLong(TraceSource::sizeBytes).sum() * readings;
    }

    private void replay(TraceSource source, boolean isFirst, List<ReplaySettings> settings, ProgressBar progress) {
        Replay replay = new Replay(source, verify ? VerifiedFilesTarget::new : factory, progress);
        requireTrace(source, replay.summary());
        List<ReplayResult> results = new ArrayList<>();
        for (ReplaySettings each : settings) {
            results.add(replay.run(each, nrRepeats));
        }
        progress.close();
        reportMalformedLines(replay.summary());
        reportEmpty(source, results);
        ReplayTable table = new ReplayTable(source.name(), replay.summary(), results);
        PrintWriter out = spec.commandLine().getOut();
        if (csv) {
            if (isFirst) {
                table.printCsvHeader(out);
            }
            table.printCsv(out);
        } else {
            table.printText(out);
        }
    }

    private static void requireTrace(TraceSource source, TraceSummary summary) {
        if (summary.nrLines() > 0 && summary.nrMalformedLines() == summary.nrLines()) {
            throw new LabException(source.name() + ": no line of this file is strace output");
        }
    }

    private void reportEmpty(TraceSource source, List<ReplayResult> results) {
        ReplayResult first = results.getFirst();
        if (first.nrOperations() == 0 && first.memory().isEmpty()) {
            spec.commandLine().getErr().println("quire: " + source.name() + ": no operations to replay");
        }
    }

    private void reportMalformedLines(TraceSummary summary) {
        PrintWriter errors = spec.commandLine().getErr();
        summary.malformedLines().forEach(line -> errors.println("quire: skipped " + line));
        long unreported = summary.nrMalformedLines() - summary.malformedLines().size();
        if (unreported > 0) {
            errors.println("quire: skipped " + unreported + " more malformed lines");
        }
    }
}
