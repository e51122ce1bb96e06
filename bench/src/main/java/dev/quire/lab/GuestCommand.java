/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.engine.guest.GuestSplitPolicy;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
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
            "Converts the memory of a confidential guest between private and shared, as a scenario says, under every"
                    + " policy: what it costs in folios and index nodes, how long conversions take, and how long"
                    + " faults beside them.",
            "Needs two processors."
        },
        footer = {
            "",
            "Examples:",
            "  quire guest one-page --seconds 5",
            "  quire guest --list",
            "  quire guest my.guest"
        })
final class GuestCommand implements Callable<Integer> {
    private static final double MAX_SECONDS = 3600;

    @Spec
    private CommandSpec spec;

    @Option(names = "--list", description = "List the scenarios that ship with the lab and exit.")
    private boolean list;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description =
                    "Seconds for each of the three measurements of each policy, 0 to 3600, and as long to warm up;"
                            + " with 0 the scenario is performed once each (default: ${DEFAULT-VALUE}).")
    private double seconds = 2;

    @Parameters(paramLabel = "SCENARIO", arity = "0..1", description = "One of those, or a file.")
    private String scenario = "";

    @Override
    public Integer call() throws InterruptedException {
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
        if (!(seconds >= 0 && seconds <= MAX_SECONDS)) {
            throw new ParameterException(
                    spec.commandLine(), "out of range: --seconds=" + seconds + ", min=0, max=3600");
        }
        GuestScenario found = GuestScenarioReader.open(scenario);
        List<GuestRun> runs = new ArrayList<>();
        for (GuestSplitPolicy policy : GuestSplitPolicy.values()) {
            runs.add(GuestRun.of(found, policy, TimeUnit.MILLISECONDS.toNanos(Math.round(seconds * 1000))));
        }
        GuestTable.print(found, runs, out);
        return ExitCode.OK;
    }
}
