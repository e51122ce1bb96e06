/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.guest.GuestSplitPolicy;
import dev.quire.engine.memory.Geometry;
import dev.quire.engine.struct.XaNodeStruct;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quire guest}. */
@Command(
        name = "guest",
        description = {
            "Converts the memory of a confidential guest between private and shared, as a scenario says, under every",
            "policy: what it costs in folios and index nodes, and how long conversions and faults beside them take."
        },
        footer = {"", "Examples:", "  quire guest confidential-boot", "  quire guest --list", "  quire guest my.guest"})
final class GuestCommand implements Callable<Integer> {
    private static final double[] PERCENTILES = {50, 99, 100};

    @Spec
    private CommandSpec spec;

    @Option(names = "--list", description = "List the scenarios that ship with the lab and exit.")
    private boolean list;

    @Parameters(paramLabel = "SCENARIO", arity = "0..1", description = "One of those, or a file.")
    private String scenario = "";

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        if (list) {
            for (String name : GuestScenarioReader.bundledNames()) {
                out.printf("%-20s %s%n", name, GuestScenarioReader.open(name).title());
            }
            return ExitCode.OK;
        }
        if (scenario.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "no scenario: name one, or --list");
        }
        GuestScenario found = GuestScenarioReader.open(scenario);
        List<GuestRun> runs = new ArrayList<>();
        for (GuestSplitPolicy policy : GuestSplitPolicy.values()) {
            runs.add(GuestRun.of(found, policy));
        }
        print(found, runs, out);
        return ExitCode.OK;
    }

    private static void print(GuestScenario scenario, List<GuestRun> runs, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%s: %s in huge pages of %s, %,d conversions%n%s%n%n",
                scenario.name(),
                bytes(scenario.memoryBytes()),
                bytes(Geometry.bytesIn(scenario.hugeOrder())),
                scenario.nrConversions(),
                scenario.title());
        out.printf("%-28s", "");
        for (GuestSplitPolicy policy : GuestSplitPolicy.values()) {
            out.printf(" %14s", policy);
        }
        out.println();
        counts(out, "shared pages", runs, GuestRun::nrSharedPages);
        counts(out, "ranges of attributes", runs, GuestRun::nrRanges);
        counts(out, "folios", runs, GuestRun::nrFolios);
        counts(out, "index nodes", runs, GuestRun::nrNodes);
        counts(out, "index bytes", runs, run -> run.nrNodes() * XaNodeStruct.BYTES);
        counts(out, "most index nodes", runs, GuestRun::mostNodes);
        counts(out, "metadata bytes written", runs, GuestRun::metadataBytesWritten);
        times(out, "conversion", runs, GuestRun::conversionNanos);
        times(out, "fault beside them", runs, GuestRun::faultNanos);
    }

    private static void counts(PrintWriter out, String name, List<GuestRun> runs, ToLongFunction<GuestRun> count) {
        out.printf("%-28s", name);
        for (GuestRun run : runs) {
            out.printf(Locale.ROOT, " %,14d", count.applyAsLong(run));
        }
        out.println();
    }

    private static void times(PrintWriter out, String name, List<GuestRun> runs, Function<GuestRun, Histogram> nanos) {
        for (double percentile : PERCENTILES) {
            ToDoubleFunction<GuestRun> micros = run -> nanos.apply(run).getValueAtPercentile(percentile) / 1000.0;
            String point = percentile == 100 ? "max" : "p" + (int) percentile;
            out.printf("%-28s", name + ", " + point + ", us");
            for (GuestRun run : runs) {
                out.printf(Locale.ROOT, " %,14.2f", micros.applyAsDouble(run));
            }
            out.println();
        }
    }

    private static String bytes(long nrBytes) {
        return nrBytes % (1 << 30) == 0 ? (nrBytes >> 30) + " GiB" : (nrBytes >> 20) + " MiB";
    }
}
