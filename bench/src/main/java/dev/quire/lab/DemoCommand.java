/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.folio.HeadMapKind;
import dev.quire.engine.folio.SplitPolicies;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.xarray.SplitPlan;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code quire demo}. */
@Command(
        name = "demo",
        description =
                "Replays a bundled trace (a program that punches 843 holes into a 93 MB disk image) under every split"
                        + " policy, then splits one folio of 1 GiB at one page, under both head maps.",
        footer = {"", "Example:", "  quire demo"})
final class DemoCommand implements Callable<Integer> {
    private static final String TRACE = "dig-holes.strace.gz";
    private static final long PAGE = 175_053;

    private final ReplayTarget.Factory factory;

    @Spec
    private CommandSpec spec;

    DemoCommand(ReplayTarget.Factory factory) {
        this.factory = factory;
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        replay(out);
        out.println();
        split(out);
        return ExitCode.OK;
    }

    private void replay(PrintWriter out) throws IOException {
        TraceSource source = TraceSource.bundled(TRACE);
        Set<SplitPolicies> policies = ReplaySettings.differingPolicies(ReplaySettings.DEFAULT_MAX_ORDER);
        List<ReplayResult> results = new ArrayList<>();
        TraceSummary summary;
        try (ProgressBar progress = ProgressBar.onTerminal(source.sizeBytes() * (1 + policies.size()))) {
            Replay replay = new Replay(source, factory, progress);
            summary = replay.summary();
            for (SplitPolicies policy : policies) {
                results.add(replay.run(
                        new ReplaySettings(policy, ReplaySettings.DEFAULT_MAX_ORDER, HeadMapKind.HEAD_BITS), 1));
            }
        }
        new ReplayTable(source.name(), summary, results).printText(out);
    }

    private static void split(PrintWriter out) {
        out.printf(Locale.ROOT, "One folio of 1 GiB, split at page %d%n%nbefore%n", PAGE);
        PlanDrawing.print(SplitPlan.uniform(Geometry.PUD_ORDER, Geometry.PUD_ORDER), PAGE, PAGE + 1, out);
        for (SplitPolicies policy : List.of(SplitPolicies.UNIFORM, SplitPolicies.NON_UNIFORM)) {
            out.printf(Locale.ROOT, "%nafter %s%n", policy);
            for (HeadMapKind headMap : HeadMapKind.values()) {
                MeasuredSplit split = MeasuredSplit.run(
                        headMap, policy, Geometry.PUD_ORDER, PAGE, PAGE + 1, 0, SplitPolicies.ALL_ORDERS);
                if (headMap == HeadMapKind.HEAD_BITS) {
                    PlanDrawing.print(split.plan(), PAGE, PAGE + 1, out);
                }
                out.printf(
                        Locale.ROOT,
                        "  %-10s  %,d folios, %,d index nodes, %,d bytes of metadata written, %,.1f us%n",
                        headMap,
                        split.plan().nrPieces(),
                        split.nrNodes(),
                        split.metadataBytes(),
                        split.nanos() / 1000.0);
            }
        }
    }
}
