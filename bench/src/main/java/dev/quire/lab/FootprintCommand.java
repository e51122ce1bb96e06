/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import dev.quire.bench.Footprint;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code quire footprint}. */
@Command(
        name = "footprint",
        description =
                "Measures the memory that an index of ranges takes in an XArray and in what one would otherwise use.",
        footer = {"", "Example:", "  quire footprint --ranges 1000000"})
final class FootprintCommand implements Callable<Integer> {
    private static final int MIN_RANGES = 512;
    private static final int MAX_RANGES = 4_000_000;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--ranges",
            paramLabel = "N",
            description = "Ranges in the index, " + MIN_RANGES + " to " + MAX_RANGES + " (default: ${DEFAULT-VALUE}).")
    private int nrRanges = 1_000_000;

    @Override
    public Integer call() {
        if (nrRanges < MIN_RANGES || nrRanges > MAX_RANGES) {
            throw new ParameterException(
                    spec.commandLine(),
                    "out of range: --ranges=" + nrRanges + ", min=" + MIN_RANGES + ", max=" + MAX_RANGES);
        }
        Footprint.printTable(nrRanges, spec.commandLine().getOut());
        return ExitCode.OK;
    }
}
